//! The serving row: what real-time requests and claim time read instead of history.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::storage::schema::customer_state;

/// What is known of a customer at once.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customer_state, treat_none_as_null = true)]
pub struct CustomerState {
    /// Whose.
    pub customer_id: CustomerId,
    /// The segment of the last scoring.
    pub segment: Option<String>,
    /// Features of the last scoring: a JSON object of numbers.
    pub features: String,
    /// Scores of the last scoring: a JSON object of numbers by model.
    pub scores: String,
    /// The last purchase.
    pub last_order_at: Option<Timestamp>,
    /// Complaints not yet closed.
    pub open_complaints: i64,
    /// Orders so far.
    pub orders: i64,
    /// Revenue so far.
    pub revenue: Money,
    /// Cost of serving so far, by activity rates.
    pub cost_to_serve: Money,
    /// Margin less cost to serve so far.
    pub profit: Money,
    /// When models last scored the customer.
    pub scored_at: Option<Timestamp>,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

impl CustomerState {
    /// Nothing known.
    pub fn empty(customer_id: CustomerId, now: Timestamp) -> CustomerState {
        CustomerState {
            customer_id,
            segment: None,
            features: "{}".into(),
            scores: "{}".into(),
            last_order_at: None,
            open_complaints: 0,
            orders: 0,
            revenue: Money::ZERO,
            cost_to_serve: Money::ZERO,
            profit: Money::ZERO,
            scored_at: None,
            updated_at: now,
        }
    }

    /// The features by name.
    pub fn feature_map(&self) -> BTreeMap<String, f64> {
        serde_json::from_str(&self.features).unwrap_or_default()
    }

    /// The scores by model.
    pub fn score_map(&self) -> BTreeMap<String, f64> {
        serde_json::from_str(&self.scores).unwrap_or_default()
    }
}
