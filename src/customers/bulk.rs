//! A few columns of very many customers: what grouping and judging them needs, and no more.

use std::collections::HashMap;

use diesel::prelude::*;

use super::consent::MARKETING;
use super::{Consent, Customer};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::storage::Connection;
use crate::storage::schema::{consent, customer};

/// Customers asked for in one statement.
const CHUNK: usize = 500;

/// What a customer is grouped by, beside what they do.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct Traits {
    /// Who.
    pub customer: CustomerId,
    /// `prospect`, `client` or `employee`.
    pub kind: String,
    /// Country, as the company writes it.
    pub country: Option<String>,
    /// BCP 47 language tag.
    pub locale: Option<String>,
    /// IANA zone.
    pub zone: Option<String>,
    attributes: String,
}

impl Traits {
    /// The further attributes as JSON.
    pub fn attributes(&self) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(&self.attributes).unwrap_or_default()
    }
}

/// The traits of everybody who may be profiled, in the order of their ids.
pub fn traits(conn: &mut Connection) -> Result<Vec<Traits>> {
    let columns =
        (customer::id, customer::kind, customer::country, customer::locale, customer::zone, customer::attributes);
    let rows = customer::table.filter(customer::profiling_objection.eq(false)).order(customer::id);
    Ok(rows.select(columns).load(conn)?)
}

/// What it cost to win each customer, where that is known.
pub fn acquisition_costs(conn: &mut Connection) -> Result<HashMap<CustomerId, Money>> {
    let known = customer::table.filter(customer::acquisition_cost.is_not_null());
    let rows: Vec<(CustomerId, Option<Money>)> = known.select((customer::id, customer::acquisition_cost)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(customer, cost)| Some((customer, cost?))).collect())
}

/// These customers with the channels by which they agreed to marketing.
pub fn with_marketing_consent(conn: &mut Connection, ids: &[CustomerId]) -> Result<Vec<(Customer, Vec<String>)>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let agreed = consent::table
            .filter(consent::customer_id.eq_any(chunk))
            .filter(consent::purpose.eq(MARKETING))
            .filter(consent::granted.eq(true));
        let mut channels: HashMap<CustomerId, Vec<String>> = HashMap::new();
        for consent in agreed.order((consent::customer_id, consent::channel)).select(Consent::as_select()).load(conn)? {
            channels.entry(consent.customer_id).or_default().push(consent.channel);
        }
        let customers = customer::table.filter(customer::id.eq_any(chunk)).order(customer::id);
        for customer in customers.select(Customer::as_select()).load(conn)? {
            let channels = channels.remove(&customer.id).unwrap_or_default();
            found.push((customer, channels));
        }
    }
    Ok(found)
}
