//! Leads: who showed interest, where they came from, what that cost, and who of them became clients. All their SQL.

use std::collections::HashMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::storage::schema::{customer, lead};
use crate::storage::{Connection, on_each};

/// Interest that somebody showed.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = lead, treat_none_as_default_value = false)]
pub struct Lead {
    /// Its id: a hash of who, source and when, so that one that is reported again is the same.
    pub id: i64,
    /// Who.
    pub customer_id: CustomerId,
    /// Where they came from.
    pub source: String,
    /// What it cost.
    pub cost: Money,
    /// When.
    pub at: Timestamp,
    /// The campaign that brought it.
    pub campaign: Option<String>,
    /// When they became a client.
    pub converted_at: Option<Timestamp>,
}

/// Adds a lead; whether it was new.
pub fn add(conn: &mut Connection, row: &Lead) -> Result<bool> {
    let added = on_each!(conn, c => diesel::insert_into(lead::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// A page of leads by id, of one source or all.
pub fn page(conn: &mut Connection, source: Option<&str>, after: Option<i64>, limit: i64) -> Result<Vec<Lead>> {
    let mut query = lead::table.filter(lead::id.gt(after.unwrap_or(i64::MIN))).into_boxed();
    if let Some(source) = source {
        query = query.filter(lead::source.eq(source.to_owned()));
    }
    Ok(query.order(lead::id).limit(limit).select(Lead::as_select()).load(conn)?)
}

/// All leads, in the order of time.
pub fn all(conn: &mut Connection) -> Result<Vec<Lead>> {
    Ok(lead::table.order((lead::at, lead::id)).select(Lead::as_select()).load(conn)?)
}

/// The leads of one customer, oldest first.
pub fn of_customer(conn: &mut Connection, id: CustomerId) -> Result<Vec<Lead>> {
    let of = lead::table.filter(lead::customer_id.eq(id));
    Ok(of.order((lead::at, lead::id)).select(Lead::as_select()).load(conn)?)
}

/// One lead.
///
/// # Errors
/// Not found.
pub fn by_id(conn: &mut Connection, id: i64) -> Result<Lead> {
    let found = lead::table.find(id).select(Lead::as_select()).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found(format!("there is no lead {id}")))
}

/// When each customer showed interest, and what it cost.
pub fn costs(conn: &mut Connection) -> Result<HashMap<CustomerId, Vec<(Timestamp, Money)>>> {
    let rows: Vec<(CustomerId, Timestamp, Money)> =
        lead::table.order((lead::at, lead::id)).select((lead::customer_id, lead::at, lead::cost)).load(conn)?;
    let mut costs: HashMap<CustomerId, Vec<(Timestamp, Money)>> = HashMap::new();
    for (id, at, cost) in rows {
        costs.entry(id).or_default().push((at, cost));
    }
    Ok(costs)
}

/// Customers with a lead that has not become a client's.
pub fn open(conn: &mut Connection) -> Result<Vec<CustomerId>> {
    let of = lead::table.filter(lead::converted_at.is_null());
    Ok(of.select(lead::customer_id).distinct().order(lead::customer_id).load(conn)?)
}

/// Notes that a customer became a client: on every lead until then, and in the profile, where cost and time of winning are filled in unless
/// somebody knows them already.
pub fn convert(conn: &mut Connection, id: CustomerId, at: Timestamp, now: Timestamp) -> Result<()> {
    let rows = of_customer(conn, id)?;
    diesel::update(lead::table.filter(lead::customer_id.eq(id)).filter(lead::converted_at.is_null()))
        .set(lead::converted_at.eq(Some(at)))
        .execute(conn)?;
    let cost: Money = rows.iter().map(|row| row.cost).sum();
    diesel::update(customer::table.find(id))
        .set((customer::kind.eq("client"), customer::updated_at.eq(now), customer::version.eq(customer::version + 1)))
        .execute(conn)?;
    diesel::update(customer::table.filter(customer::id.eq(id)).filter(customer::acquired_at.is_null()))
        .set(customer::acquired_at.eq(Some(at)))
        .execute(conn)?;
    diesel::update(customer::table.filter(customer::id.eq(id)).filter(customer::acquisition_cost.is_null()))
        .set(customer::acquisition_cost.eq(Some(cost)))
        .execute(conn)?;
    Ok(())
}

/// Makes leads of `from` leads of `to`.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<usize> {
    Ok(diesel::update(lead::table.filter(lead::customer_id.eq(from))).set(lead::customer_id.eq(to)).execute(conn)?)
}

/// Leaves of a customer's leads source, time and cost, as those of `nobody`.
pub fn anonymise(conn: &mut Connection, id: CustomerId, nobody: CustomerId) -> Result<usize> {
    reassign(conn, id, nobody)
}
