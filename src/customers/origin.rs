//! Where customers come from, and what tells who is alike: what reports on profit need of a profile.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::storage::Connection;
use crate::storage::schema::{customer, customer_state};

/// How a customer was won, and what the company holds them for.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct Origin {
    /// Who.
    pub id: CustomerId,
    /// `prospect`, `client` or `employee`.
    pub kind: String,
    /// Country.
    pub country: Option<String>,
    /// Objects to profiling: is alike nobody.
    pub profiling_objection: bool,
    /// When the company won them.
    pub acquired_at: Option<Timestamp>,
    /// What that cost.
    pub acquisition_cost: Option<Money>,
    /// Further attributes, a JSON object.
    pub attributes: String,
    /// The segment of the last scoring.
    pub segment: Option<String>,
}

impl Origin {
    /// Nothing but who.
    pub fn of(id: CustomerId) -> Origin {
        Origin {
            id,
            kind: "client".into(),
            country: None,
            profiling_objection: false,
            acquired_at: None,
            acquisition_cost: None,
            attributes: "{}".into(),
            segment: None,
        }
    }

    /// One attribute as text, whatever its type.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&self.attributes).ok()?;
        all.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }
}

/// Those of customers with ids in `[from, until]`, in the order of ids.
pub fn between(conn: &mut Connection, from: CustomerId, until: CustomerId) -> Result<Vec<Origin>> {
    let rows = customer::table
        .left_join(customer_state::table.on(customer_state::customer_id.eq(customer::id)))
        .filter(customer::id.between(from, until))
        .order(customer::id)
        .select((
            customer::id,
            customer::kind,
            customer::country,
            customer::profiling_objection,
            customer::acquired_at,
            customer::acquisition_cost,
            customer::attributes,
            customer_state::segment.nullable(),
        ));
    Ok(rows.load(conn)?)
}
