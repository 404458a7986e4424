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
#[diesel(table_name = customer_state, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    /// The stage of the last scoring: prospect, new, active, loyal, at_risk, lapsed, won_back.
    pub stage: Option<String>,
    /// The level of service that the customer's needs ask for, as of the last scoring.
    pub service_level: Option<String>,
    /// When in their own week they are active, as of the last scoring: the text of a `models::timing::Profile`.
    pub active_hours: String,
}

/// The part of a serving row that is book-keeping: read from facts as they are, whatever the models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = customer_state)]
pub struct Totals {
    /// Orders so far.
    pub orders: i64,
    /// Revenue so far.
    pub revenue: Money,
    /// Cost of serving so far, by activity rates.
    pub cost_to_serve: Money,
    /// Margin less that of what came back, less cost to serve.
    pub profit: Money,
    /// Complaints not yet closed.
    pub open_complaints: i64,
    /// The last purchase.
    pub last_order_at: Option<Timestamp>,
}

impl Totals {
    /// These totals, and what has come on top between `before` and `after`.
    #[must_use]
    pub fn with_change(self, before: Totals, after: Totals) -> Totals {
        if before == after {
            return self;
        }
        Totals {
            orders: self.orders + after.orders - before.orders,
            revenue: self.revenue + after.revenue - before.revenue,
            cost_to_serve: self.cost_to_serve + after.cost_to_serve - before.cost_to_serve,
            profit: self.profit + after.profit - before.profit,
            open_complaints: (self.open_complaints + after.open_complaints - before.open_complaints).max(0),
            last_order_at: if before.last_order_at == after.last_order_at {
                self.last_order_at
            } else {
                self.last_order_at.max(after.last_order_at)
            },
        }
    }
}

impl CustomerState {
    /// The totals of this row.
    pub fn totals(&self) -> Totals {
        Totals {
            orders: self.orders,
            revenue: self.revenue,
            cost_to_serve: self.cost_to_serve,
            profit: self.profit,
            open_complaints: self.open_complaints,
            last_order_at: self.last_order_at,
        }
    }

    /// Takes these totals.
    pub fn set_totals(&mut self, totals: Totals) {
        (self.orders, self.revenue, self.profit) = (totals.orders, totals.revenue, totals.profit);
        (self.cost_to_serve, self.open_complaints) = (totals.cost_to_serve, totals.open_complaints);
        self.last_order_at = totals.last_order_at;
    }

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
            stage: None,
            service_level: None,
            active_hours: String::new(),
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
