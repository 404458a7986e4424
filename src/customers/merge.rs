//! Two customers become one: the rules of what survives, and the SQL of the tables of customers.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{Consent, Customer, CustomerState, identity, store};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::storage::Connection;
use crate::storage::schema::{consent, contact_ledger, customer, customer_state};

impl Customer {
    /// This customer with the gaps filled from one who turned out to be the same. Where the two say different things about
    /// what is allowed, the stricter word holds.
    #[must_use]
    pub fn absorb(self, other: &Customer, now: Timestamp) -> Customer {
        let gap = |own: Option<String>, others: &Option<String>| own.or_else(|| others.clone());
        let mut attributes = other.attribute_map();
        attributes.extend(self.attribute_map());
        Customer {
            first_name: gap(self.first_name, &other.first_name),
            last_name: gap(self.last_name, &other.last_name),
            email: gap(self.email, &other.email),
            phone: gap(self.phone, &other.phone),
            address: gap(self.address, &other.address),
            country: gap(self.country, &other.country),
            locale: gap(self.locale, &other.locale),
            zone: gap(self.zone, &other.zone),
            household: gap(self.household, &other.household),
            profiling_objection: self.profiling_objection || other.profiling_objection,
            tracking: self.tracking && other.tracking,
            acquired_at: [self.acquired_at, other.acquired_at].into_iter().flatten().min(),
            // The company paid for both.
            acquisition_cost: [self.acquisition_cost, other.acquisition_cost]
                .into_iter()
                .flatten()
                .reduce(|a, b| a + b),
            attributes: serde_json::Value::Object(attributes).to_string(),
            created_at: self.created_at.min(other.created_at),
            updated_at: now,
            version: self.version + 1,
            ..self
        }
    }
}

impl CustomerState {
    /// The totals of both; features and scores stay the survivor's until the next scoring.
    #[must_use]
    pub fn absorb(self, other: &CustomerState, now: Timestamp) -> CustomerState {
        CustomerState {
            last_order_at: self.last_order_at.max(other.last_order_at),
            open_complaints: self.open_complaints + other.open_complaints,
            orders: self.orders + other.orders,
            revenue: self.revenue + other.revenue,
            cost_to_serve: self.cost_to_serve + other.cost_to_serve,
            profit: self.profit + other.profit,
            updated_at: now,
            ..self
        }
    }
}

/// The stricter of two consents for the same use: a withdrawal holds against a grant, whichever came later; of two alike the
/// later is the proof.
fn stricter(one: Consent, other: Consent) -> Consent {
    match (one.granted, other.granted) {
        (true, false) => other,
        (false, true) => one,
        _ if other.recorded_at > one.recorded_at => other,
        _ => one,
    }
}

/// Makes `survivor` of `alias`: profile, consents, serving row and contacts. The alias's row is gone afterwards, and its key
/// leads to the survivor.
pub fn merge(conn: &mut Connection, alias: &Customer, survivor: Customer, now: Timestamp) -> Result<()> {
    let (from, to) = (alias.id, survivor.id);
    diesel::delete(customer::table.find(from)).execute(conn)?;
    diesel::update(customer::table.find(to)).set(&survivor.absorb(alias, now)).execute(conn)?;
    merge_consents(conn, from, to)?;
    if let Some(other) = store::state_of(conn, from)? {
        let own = store::state_of(conn, to)?.unwrap_or_else(|| CustomerState::empty(to, now));
        store::put_states(conn, &[own.absorb(&other, now)])?;
        diesel::delete(customer_state::table.find(from)).execute(conn)?;
    }
    let contacts = contact_ledger::table.filter(contact_ledger::customer_id.eq(from));
    diesel::update(contacts).set(contact_ledger::customer_id.eq(to)).execute(conn)?;
    identity::add(conn, alias, to, now)
}

fn merge_consents(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<()> {
    let mut merged: BTreeMap<(String, String), Consent> = BTreeMap::new();
    for customer_id in [to, from] {
        for one in store::consents_of(conn, customer_id)? {
            let key = (one.channel.clone(), one.purpose.clone());
            let one = Consent { customer_id: to, ..one };
            let kept = match merged.remove(&key) {
                Some(own) => stricter(own, one),
                None => one,
            };
            merged.insert(key, kept);
        }
    }
    diesel::delete(consent::table.filter(consent::customer_id.eq_any([from, to]))).execute(conn)?;
    store::record_consents(conn, &merged.into_values().collect::<Vec<_>>()).map(drop)
}

/// Removes everything that these tables hold of a customer. Suppressions stay: they are hashes of addresses, and keep us from
/// writing to the person again.
pub fn erase(conn: &mut Connection, id: CustomerId) -> Result<()> {
    diesel::delete(customer::table.find(id)).execute(conn)?;
    diesel::delete(consent::table.filter(consent::customer_id.eq(id))).execute(conn)?;
    diesel::delete(customer_state::table.find(id)).execute(conn)?;
    diesel::delete(contact_ledger::table.filter(contact_ledger::customer_id.eq(id))).execute(conn)?;
    identity::forget(conn, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;

    #[test]
    fn gaps_are_filled_and_the_stricter_word_holds() {
        let mut own = Customer::unknown(CustomerId(1), "A", Timestamp(10));
        (own.first_name, own.tracking, own.attributes) = (Some("Ann".into()), true, r#"{"size":"M"}"#.into());
        let mut other = Customer::unknown(CustomerId(2), "B", Timestamp(5));
        (other.first_name, other.email) = (Some("Anna".into()), Some("a@example.com".into()));
        (other.profiling_objection, other.attributes) = (true, r#"{"size":"L","vip":true}"#.into());
        (own.acquisition_cost, other.acquisition_cost) = (Some(Money(3)), Some(Money(4)));
        let merged = own.absorb(&other, Timestamp(20));
        assert_eq!((merged.id, merged.external_id.as_str(), merged.version), (CustomerId(1), "A", 2));
        assert_eq!((merged.first_name.as_deref(), merged.email.as_deref()), (Some("Ann"), Some("a@example.com")));
        assert!(merged.profiling_objection && !merged.tracking);
        assert_eq!(merged.attribute_map(), serde_json::from_str(r#"{"size":"M","vip":true}"#).unwrap());
        assert_eq!((merged.acquisition_cost, merged.created_at), (Some(Money(7)), Timestamp(5)));
    }

    #[test]
    fn a_withdrawal_holds_against_a_later_grant() {
        let consent = |granted, at| Consent {
            customer_id: CustomerId(1),
            channel: "email".into(),
            purpose: "marketing".into(),
            granted,
            legal_basis: "consent".into(),
            source: String::new(),
            recorded_at: Timestamp(at),
        };
        for (one, other, granted, at) in [
            (consent(false, 1), consent(true, 9), false, 1),
            (consent(true, 9), consent(false, 1), false, 1),
            (consent(true, 1), consent(true, 9), true, 9),
            (consent(false, 9), consent(false, 1), false, 9),
        ] {
            let kept = stricter(one, other);
            assert_eq!((kept.granted, kept.recorded_at), (granted, Timestamp(at)));
        }
    }
}
