//! The ledger of contacts: reserved when decided, made when sent, released when suppressed. Caps and cool-downs read it.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::insert_rows;
use crate::storage::schema::contact_ledger;
use crate::storage::{Connection, Prepared, on_each, update_row};

/// A contact is planned.
pub const RESERVED: &str = "reserved";
/// A contact was made.
pub const MADE: &str = "made";
/// A contact did not take place; it no longer counts.
pub const RELEASED: &str = "released";

/// One contact with one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = contact_ledger, treat_none_as_default_value = false)]
pub struct Contact {
    /// Its id.
    pub id: i64,
    /// With whom.
    pub customer_id: CustomerId,
    /// The household that shares caps.
    pub household: Option<String>,
    /// By which channel.
    pub channel: String,
    /// `marketing`, `service` or `transactional`.
    pub message_class: String,
    /// In which run.
    pub campaign_run_id: Option<CampaignRunId>,
    /// By which delivery.
    pub delivery_id: Option<DeliveryId>,
    /// When it takes, or took, place.
    pub at: Timestamp,
    /// `reserved`, `made` or `released`.
    pub state: String,
}

/// Writes contacts down.
pub fn insert(conn: &mut Connection, contacts: &[Contact]) -> Result<()> {
    insert_rows!(conn, contacts, values => diesel::insert_into(contact_ledger::table)
            .values(values)
            .on_conflict_do_nothing())?;
    Ok(())
}

/// Sets the state of the contacts of deliveries, and when they took place.
pub fn settle(conn: &mut Connection, deliveries: &[DeliveryId], state: &str, at: Timestamp) -> Result<()> {
    struct Here;
    match conn {
        Connection::Sqlite(c) => {
            let settled = (contact_ledger::state.eq(state), contact_ledger::at.eq(at));
            for delivery in deliveries {
                let of_delivery = contact_ledger::delivery_id.eq(delivery);
                update_row::<Here, _, _, _>(c, contact_ledger::table, of_delivery, settled)?;
            }
        }
        Connection::Postgres(c) => {
            Prepared::<Here>::new("UPDATE contact_ledger SET state = ?, at = ? WHERE delivery_id = ANY(?)")
                .bind::<Text, _>(state)
                .bind::<BigInt, _>(at)
                .bind::<Array<BigInt>, _>(deliveries)
                .execute(c)?;
        }
    }
    Ok(())
}

/// Contacts that count since an instant: those that were not released.
#[diesel::dsl::auto_type]
fn counting(since: Timestamp) -> _ {
    let released: &'static str = RELEASED;
    contact_ledger::table.filter(contact_ledger::at.ge(since)).filter(contact_ledger::state.ne(released))
}

/// The contacts of one customer since an instant, released ones left out.
pub fn of_customer(conn: &mut Connection, customer: CustomerId, since: Timestamp) -> Result<Vec<Contact>> {
    let theirs = counting(since).filter(contact_ledger::customer_id.eq(customer));
    Ok(theirs.order((contact_ledger::at, contact_ledger::id)).select(Contact::as_select()).load(conn)?)
}

/// The same of some customers.
pub fn of_customers(conn: &mut Connection, customers: &[CustomerId], since: Timestamp) -> Result<Vec<Contact>> {
    let theirs = counting(since).filter(contact_ledger::customer_id.eq_any(customers));
    let theirs = theirs.order((contact_ledger::at, contact_ledger::id));
    Ok(on_each!(conn, c => theirs.select(Contact::as_select()).load(c))?)
}

/// The contacts of a household since an instant, released ones left out.
pub fn of_household(conn: &mut Connection, household: &str, since: Timestamp) -> Result<Vec<Contact>> {
    let theirs = counting(since).filter(contact_ledger::household.eq(household));
    Ok(theirs.order((contact_ledger::at, contact_ledger::id)).select(Contact::as_select()).load(conn)?)
}

/// The same of some households.
pub fn of_households(conn: &mut Connection, households: &[&str], since: Timestamp) -> Result<Vec<Contact>> {
    let theirs = counting(since).filter(contact_ledger::household.eq_any(households));
    let theirs = theirs.order((contact_ledger::at, contact_ledger::id));
    Ok(on_each!(conn, c => theirs.select(Contact::as_select()).load(c))?)
}

/// How many contacts one customer, and the others in the household, have had since an instant, released ones left out.
pub fn count(conn: &mut Connection, customer: CustomerId, household: Option<&str>, since: Timestamp) -> Result<i64> {
    let counted = counting(since).count();
    let own: i64 = counted.filter(contact_ledger::customer_id.eq(customer)).get_result(conn)?;
    let Some(household) = household else { return Ok(own) };
    let others = counted.filter(contact_ledger::household.eq(household));
    let others: i64 = others.filter(contact_ledger::customer_id.ne(customer)).get_result(conn)?;
    Ok(own + others)
}

/// Contacts in `[from, until)` by run, released ones left out.
pub fn by_run(conn: &mut Connection, from: Timestamp, until: Timestamp) -> Result<Vec<(Option<CampaignRunId>, i64)>> {
    let rows = contact_ledger::table
        .filter(contact_ledger::at.ge(from).and(contact_ledger::at.lt(until)))
        .filter(contact_ledger::state.ne(RELEASED))
        .group_by(contact_ledger::campaign_run_id)
        .select((contact_ledger::campaign_run_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(rows)
}

/// The numbers of contacts in `[from, until)` of those customers who had any, released ones left out.
pub fn of_each(conn: &mut Connection, from: Timestamp, until: Timestamp) -> Result<Vec<i64>> {
    let rows: Vec<(CustomerId, i64)> = contact_ledger::table
        .filter(contact_ledger::at.ge(from).and(contact_ledger::at.lt(until)))
        .filter(contact_ledger::state.ne(RELEASED))
        .group_by(contact_ledger::customer_id)
        .select((contact_ledger::customer_id, diesel::dsl::count_star()))
        .load(conn)?;
    Ok(rows.into_iter().map(|(_, count)| count).collect())
}

/// All contacts since an instant, released ones left out, by customer; a batch run reads them at once.
pub fn since(conn: &mut Connection, since: Timestamp) -> Result<Vec<Contact>> {
    let rows = contact_ledger::table
        .filter(contact_ledger::at.ge(since))
        .filter(contact_ledger::state.ne(RELEASED))
        .order((contact_ledger::customer_id, contact_ledger::at, contact_ledger::id))
        .select(Contact::as_select())
        .load(conn)?;
    Ok(rows)
}
