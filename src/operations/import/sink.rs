//! What an import has for the store: customers, consents, suppressions, offers, codes.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::customers::consent::MARKETING;
use crate::customers::merge_request::{self, MergeRequest};
use crate::customers::suppression::{Suppression, address_hash, suppress};
use crate::customers::{Aliases, Consent, Customer, Kind, store as customers};
use crate::error::{Error, Result};
use crate::history::event_types::store::{self as event_store, Personal};
use crate::history::import::{Sink, StoreRow, Target};
use crate::ids::{self, CustomerId, IdKey};
use crate::money::Money;
use crate::offers::{Benefit, OfferSpec, codes, store as offers};
use crate::operations::codes::add_codes;
use crate::operations::objection;
use crate::storage::{Connection, Store};

/// Rows that are written with one statement.
const CHUNK: usize = 500;
const MAY_NOT_MERGE: &str = "`merge_into`: merging is for good and needs a key with `customers:manage`; leave it empty";

/// Writes imported rows to the store, in one transaction an import.
pub struct StoreSink {
    store: Store,
    id_key: IdKey,
    now: Timestamp,
    merges: bool,
}

impl StoreSink {
    /// A sink into this store.
    pub fn new(store: &Store, id_key: &IdKey, now: Timestamp) -> StoreSink {
        StoreSink { store: store.clone(), id_key: *id_key, now, merges: true }
    }

    /// One that rejects lines by which customers would be merged.
    #[must_use]
    pub fn without_merges(self) -> StoreSink {
        StoreSink { merges: false, ..self }
    }
}

impl Sink for StoreSink {
    fn fault(&self, target: &Target, row: &StoreRow) -> Option<String> {
        match target.name {
            "customers" => {
                let (id, external_id) = row.customer.as_ref()?;
                if let Some(kind) = row.text("kind")
                    && let Err(error) = Kind::parse(kind)
                {
                    return Some(format!("`kind`: {}", error.message()));
                }
                if let Some(into) = row.text("merge_into") {
                    if !self.merges {
                        return Some(MAY_NOT_MERGE.to_owned());
                    }
                    if let Some(fault) = fault_of_merge(external_id, into) {
                        return Some(fault);
                    }
                }
                let customer = filled(Customer::unknown(*id, external_id, self.now), row);
                customer.faults().first().map(|fault| format!("`{}` {}", fault.key, fault.message))
            }
            "codes" => codes::fault(row.text("code").unwrap_or_default()).map(|fault| format!("`code` {fault}")),
            "offers" => {
                let faults = offer(row).and_then(OfferSpec::check).err()?;
                Some(faults.fault_list().first().map_or_else(|| faults.message().to_owned(), ToString::to_string))
            }
            _ => None,
        }
    }

    fn take(
        &mut self,
        rows: &mut dyn Iterator<Item = Result<(&'static Target, StoreRow)>>,
        mentioned: &mut dyn Iterator<Item = Result<(CustomerId, String)>>,
    ) -> Result<u64> {
        let (now, id_key) = (self.now, self.id_key);
        self.store.write(|conn| {
            let mut pending: BTreeMap<&'static str, Vec<StoreRow>> = BTreeMap::new();
            for row in rows {
                let (target, row) = row?;
                let waiting = pending.entry(target.name).or_default();
                waiting.push(row);
                if waiting.len() >= CHUNK {
                    put(conn, target.name, &std::mem::take(waiting), &id_key, now)?;
                }
            }
            for (target, rows) in pending {
                put(conn, target, &rows, &id_key, now)?;
            }
            let mut added = 0;
            let mut unknown = Vec::with_capacity(CHUNK);
            for mention in mentioned {
                let (id, external_id) = mention?;
                unknown.push(Customer::unknown(id, &external_id, now));
                if unknown.len() >= CHUNK {
                    added += customers::insert_unknown(conn, &unknown)?;
                    unknown.clear();
                }
            }
            added += customers::insert_unknown(conn, &unknown)?;
            Ok(added as u64)
        })
    }
}

fn put(conn: &mut Connection, target: &str, rows: &[StoreRow], id_key: &IdKey, now: Timestamp) -> Result<()> {
    match target {
        "customers" => {
            put_customers(conn, rows, now)?;
            ask_for_merges(conn, rows, id_key, now)
        }
        "consents" => put_consents(conn, rows, now),
        "suppressions" => {
            let rows: Vec<Suppression> = rows.iter().filter_map(|row| suppression(row, now)).collect();
            suppress(conn, &rows).map(drop)
        }
        "personal" => event_store::keep_personal(conn, &rows.iter().filter_map(personal).collect::<Vec<_>>()),
        "offers" => rows.iter().try_for_each(|row| offers::put(conn, &offer(row)?.check()?, now).map(drop)),
        "codes" => put_codes(conn, rows, now),
        other => Err(Error::internal(format!("the store takes no {other}"))),
    }
}

/// Brings customers up to date one after another, so that a field the file does not have stays as it is.
fn put_customers(conn: &mut Connection, rows: &[StoreRow], now: Timestamp) -> Result<()> {
    let mut merged: BTreeMap<CustomerId, Customer> = BTreeMap::new();
    for row in rows {
        let Some((id, external_id)) = &row.customer else { continue };
        let known = match merged.remove(id) {
            Some(earlier) => earlier,
            None => customers::by_id(conn, *id)?.unwrap_or_else(|| Customer::unknown(*id, external_id, now)),
        };
        merged.insert(*id, Customer { updated_at: now, ..filled(known, row) });
    }
    let rows: Vec<Customer> = merged.into_values().collect();
    customers::upsert(conn, &rows)?;
    let objecting: Vec<CustomerId> = rows.iter().filter(|row| row.profiling_objection).map(|row| row.id).collect();
    objection::honour(conn, &objecting)
}

/// What is wrong with the key that a customer is to become one with, if anything.
fn fault_of_merge(external_id: &str, into: &str) -> Option<String> {
    let message = if into == external_id {
        "is the customer's own key; leave it empty"
    } else if into.len() > 200 || into.trim().is_empty() || into.chars().any(char::is_control) {
        "must be 1 to 200 characters without control characters"
    } else {
        return None;
    };
    Some(format!("`merge_into`: {message}"))
}

/// Writes down which of the rows name another key of the same person; the customer of that key is added where unknown.
fn ask_for_merges(conn: &mut Connection, rows: &[StoreRow], id_key: &IdKey, now: Timestamp) -> Result<()> {
    let (mut survivors, mut requests) = (Vec::new(), Vec::new());
    for row in rows {
        let (Some((_, external_id)), Some(into)) = (&row.customer, row.text("merge_into")) else { continue };
        survivors.push(Customer::unknown(id_key.customer(into), into, now));
        requests.push(MergeRequest {
            id: ids::fresh(now),
            external_id: external_id.clone(),
            into_external_id: into.to_owned(),
            requested_at: now,
        });
    }
    // A key that is an alias by now leads to whom it became.
    let aliases = Aliases::of(conn, &survivors.iter().map(|customer| customer.id).collect::<Vec<_>>())?;
    survivors.retain(|customer| aliases.canonical(customer.id) == customer.id);
    customers::insert_unknown(conn, &survivors)?;
    merge_request::add(conn, &requests)
}

/// The customer with what the row says of them.
fn filled(mut customer: Customer, row: &StoreRow) -> Customer {
    let texts = [
        ("first_name", &mut customer.first_name),
        ("last_name", &mut customer.last_name),
        ("email", &mut customer.email),
        ("phone", &mut customer.phone),
        ("address", &mut customer.address),
        ("country", &mut customer.country),
        ("locale", &mut customer.locale),
        ("zone", &mut customer.zone),
        ("household", &mut customer.household),
    ];
    for (name, field) in texts {
        if let Some(text) = row.text(name) {
            *field = Some(text.to_owned());
        }
    }
    if let Some(kind) = row.text("kind") {
        customer.kind = kind.to_owned();
    }
    customer.profiling_objection = row.int("profiling_objection").map_or(customer.profiling_objection, |yes| yes != 0);
    customer.tracking = row.int("tracking").map_or(customer.tracking, |yes| yes != 0);
    customer.acquired_at = row.int("acquired_at").map(Timestamp).or(customer.acquired_at);
    customer.acquisition_cost = row.int("acquisition_cost").map(Money).or(customer.acquisition_cost);
    if !row.free.is_empty() {
        let mut attributes = customer.attribute_map();
        attributes.extend(row.free.clone());
        customer.attributes = serde_json::Value::Object(attributes).to_string();
    }
    customer
}

fn put_consents(conn: &mut Connection, rows: &[StoreRow], now: Timestamp) -> Result<()> {
    let mut unknown = Vec::new();
    let mut consents = Vec::new();
    for row in rows {
        let Some((id, external_id)) = &row.customer else { continue };
        unknown.push(Customer::unknown(*id, external_id, now));
        let text = |name: &str, default: &str| row.text(name).unwrap_or(default).to_owned();
        consents.push(Consent {
            customer_id: *id,
            channel: text("channel", ""),
            purpose: text("purpose", MARKETING),
            granted: row.int("granted") == Some(1),
            legal_basis: text("legal_basis", "consent"),
            source: text("source", "import"),
            recorded_at: row.int("recorded_at").map_or(now, Timestamp),
        });
    }
    customers::insert_unknown(conn, &unknown)?;
    customers::record_consents(conn, &consents).map(drop)
}

/// Adds single-use codes to the lists of their offers.
fn put_codes(conn: &mut Connection, rows: &[StoreRow], now: Timestamp) -> Result<()> {
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (Some(offer), Some(code)) = (row.text("offer"), row.text("code")) else { continue };
        lists.entry(offer).or_default().push(code.to_owned());
    }
    for (offer, list) in lists {
        add_codes(conn, offer, &list, now)?;
    }
    Ok(())
}

fn personal(row: &StoreRow) -> Option<Personal> {
    let text = |name: &str| row.text(name).map(str::to_owned);
    let customer_id = row.customer.as_ref()?.0;
    Some(Personal {
        source: text("source")?,
        fact_key: text("fact_key")?,
        customer_id,
        properties: text("properties")?,
    })
}

fn suppression(row: &StoreRow, now: Timestamp) -> Option<Suppression> {
    let (channel, address) = (row.text("channel")?, row.text("address")?);
    Some(Suppression {
        channel: channel.to_owned(),
        address_hash: address_hash(channel, address),
        reason: row.text("reason").unwrap_or("import").to_owned(),
        created_at: row.int("created_at").map_or(now, Timestamp),
    })
}

/// The offer of a row; what it does not say has the definition's own defaults.
fn offer(row: &StoreRow) -> Result<OfferSpec> {
    let money = |name: &str| row.int(name).map(Money);
    let benefits = [
        row.float("percent").map(Benefit::Percent),
        money("amount").map(Benefit::Amount),
        money("gift").map(Benefit::Gift),
    ];
    let mut benefits = benefits.into_iter().flatten();
    let benefit = benefits.next().unwrap_or(Benefit::Information);
    if benefits.next().is_some() {
        return Err(Error::invalid("an offer has one of percent, amount and gift"));
    }
    let name = row.text("name").unwrap_or_default();
    let benefit = serde_json::to_value(&benefit)?;
    let mut spec: OfferSpec = serde_json::from_value(serde_json::json!({ "name": name, "benefit": benefit }))?;
    if let Some(title) = row.text("title") {
        spec.title.insert("en".into(), title.to_owned());
    }
    spec.least_basket = money("least_basket").unwrap_or_default();
    spec.cost = money("cost").unwrap_or_default();
    spec.stock = row.int("stock");
    spec.valid_from = row.int("valid_from").map(Timestamp);
    spec.valid_until = row.int("valid_until").map(Timestamp);
    spec.base_rate = row.float("base_rate").unwrap_or(spec.base_rate);
    spec.code = row.text("code").map(str::to_owned);
    Ok(spec)
}
