//! What the lifetime model says of each customer, kept with version and horizons.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde::Serialize;

use super::lifetime::{LifetimeModel, Worth};
use super::registry::ModelVersion;
use super::scoring::Score;
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::ids::{CustomerId, ModelVersionId};
use crate::insert_rows;
use crate::money::{Currency, Money};
use crate::storage::Connection;
use crate::storage::schema::lifetime_score as table;

/// The name under which the value is kept among the scores.
pub const LIFETIME_VALUE: &str = "lifetime_value";

/// What a customer has brought and is expected to bring.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = table, treat_none_as_default_value = false)]
pub struct LifetimeScore {
    /// The customer.
    pub customer_id: CustomerId,
    /// Which fit says so.
    pub model_version_id: ModelVersionId,
    /// As of when.
    pub computed_at: Timestamp,
    /// Days of the orders, and of the next one.
    pub horizon_days: i32,
    /// Days of the value.
    pub value_days: i32,
    /// Share that the intervals are to hold.
    pub interval_share: f64,
    /// Profit so far: margin less cost to serve.
    pub historic: Money,
    /// Present value of what is to come.
    pub predicted: Money,
    /// Lower end of its interval.
    pub predicted_low: Money,
    /// Upper end.
    pub predicted_high: Money,
    /// Part of the predicted that contracts bring.
    pub of_contracts: Money,
    /// Expected purchases within the horizon.
    pub expected_orders: f64,
    /// Lower end of their interval.
    pub orders_low: i32,
    /// Upper end.
    pub orders_high: i32,
    /// Chance that the customer is still there; not for ranking.
    pub p_alive: Option<f64>,
    /// Expected amount of an order, the next one's too.
    pub order_value: Option<Money>,
    /// Chance of an order within the horizon.
    pub order_chance: Option<f64>,
    /// Days until the next order, given that it comes within the horizon: median.
    pub next_order_days: Option<f64>,
    /// Lower end of its interval.
    pub next_order_days_low: Option<f64>,
    /// Upper end.
    pub next_order_days_high: Option<f64>,
}

impl LifetimeScore {
    /// What the version says; `historic` is the profit so far.
    pub fn of(
        customer_id: CustomerId,
        worth: &Worth,
        historic: Money,
        version: &ModelVersion,
        model: &LifetimeModel,
        currency: Currency,
        now: Timestamp,
    ) -> LifetimeScore {
        let money = |units: f64| Money::from_units(units, currency);
        let whole = |number: f64| number as i32;
        let days_of = |days: u32| i32::try_from(days).unwrap_or(i32::MAX);
        let next = worth.next.as_ref();
        LifetimeScore {
            customer_id,
            model_version_id: version.id,
            computed_at: now,
            horizon_days: days_of(model.horizon_days),
            value_days: days_of(model.value_days),
            interval_share: model.interval,
            historic,
            predicted: money(worth.value.expected),
            predicted_low: money(worth.value.low),
            predicted_high: money(worth.value.high),
            of_contracts: money(worth.of_contracts),
            expected_orders: worth.orders.expected,
            orders_low: whole(worth.orders.low),
            orders_high: whole(worth.orders.high),
            p_alive: worth.alive,
            order_value: next.map(|next| money(next.amount)),
            order_chance: next.map(|next| next.chance),
            next_order_days: next.map(|next| next.days.expected),
            next_order_days_low: next.map(|next| next.days.low),
            next_order_days_high: next.map(|next| next.days.high),
        }
    }

    /// What has come and what is to come.
    pub fn total(&self) -> Money {
        self.historic + self.predicted
    }

    /// The value to come as a row of the table of scores.
    pub fn score(&self, currency: Currency) -> Score {
        Score {
            customer_id: self.customer_id,
            model: LIFETIME_VALUE.into(),
            value: self.predicted.to_units(currency),
            model_version_id: self.model_version_id,
            horizon_days: Some(self.value_days),
            computed_at: self.computed_at,
        }
    }

    /// The dates of the next order: lower end, median, upper end.
    pub fn next_order_at(&self) -> Option<[Timestamp; 3]> {
        let days = [self.next_order_days_low?, self.next_order_days?, self.next_order_days_high?];
        Some(days.map(|days| self.computed_at.plus((days * DAY as f64) as i64)))
    }

    /// What rules, campaigns and pages see: scores by name, amounts in units of the currency.
    pub fn serving(&self, currency: Currency) -> [(&'static str, Option<f64>); 6] {
        let short = |number: f64| (number * 1e4).round() / 1e4;
        [
            (LIFETIME_VALUE, Some(self.predicted.to_units(currency))),
            ("expected_orders", Some(short(self.expected_orders))),
            ("p_alive", self.p_alive.map(short)),
            ("order_chance", self.order_chance.map(short)),
            ("next_order_days", self.next_order_days.map(|days| (days * 10.0).round() / 10.0)),
            ("next_order_amount", self.order_value.map(|value| value.to_units(currency))),
        ]
    }
}

/// Names of the scores that [`LifetimeScore::serving`] gives.
pub const SERVING: [&str; 6] =
    [LIFETIME_VALUE, "expected_orders", "p_alive", "order_chance", "next_order_days", "next_order_amount"];

/// Keeps scores; each takes the place of the customer's former one.
pub fn keep(conn: &mut Connection, scores: &[LifetimeScore]) -> Result<()> {
    insert_rows!(conn, scores, values => diesel::insert_into(table::table)
    .values(values)
    .on_conflict(table::customer_id)
    .do_update()
    .set((
        table::model_version_id.eq(excluded(table::model_version_id)),
        table::computed_at.eq(excluded(table::computed_at)),
        table::horizon_days.eq(excluded(table::horizon_days)),
        table::value_days.eq(excluded(table::value_days)),
        table::interval_share.eq(excluded(table::interval_share)),
        table::historic.eq(excluded(table::historic)),
        table::predicted.eq(excluded(table::predicted)),
        table::predicted_low.eq(excluded(table::predicted_low)),
        table::predicted_high.eq(excluded(table::predicted_high)),
        table::of_contracts.eq(excluded(table::of_contracts)),
        table::expected_orders.eq(excluded(table::expected_orders)),
        table::orders_low.eq(excluded(table::orders_low)),
        table::orders_high.eq(excluded(table::orders_high)),
        table::p_alive.eq(excluded(table::p_alive)),
        table::order_value.eq(excluded(table::order_value)),
        table::order_chance.eq(excluded(table::order_chance)),
        table::next_order_days.eq(excluded(table::next_order_days)),
        table::next_order_days_low.eq(excluded(table::next_order_days_low)),
        table::next_order_days_high.eq(excluded(table::next_order_days_high)),
    )))?;
    Ok(())
}

/// Forgets what was not computed as of `now`: who is not scored any more has no value.
pub fn forget_other_than(conn: &mut Connection, now: Timestamp) -> Result<usize> {
    Ok(diesel::delete(table::table.filter(table::computed_at.ne(now))).execute(conn)?)
}

/// What is expected of one customer.
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Option<LifetimeScore>> {
    let found = table::table.filter(table::customer_id.eq(customer));
    Ok(found.select(LifetimeScore::as_select()).first(conn).optional()?)
}

/// The chance that each customer is still there, where the model says it.
pub fn alive(conn: &mut Connection) -> Result<HashMap<CustomerId, f64>> {
    let rows: Vec<(CustomerId, Option<f64>)> = table::table.select((table::customer_id, table::p_alive)).load(conn)?;
    Ok(rows.into_iter().filter_map(|(customer, alive)| Some((customer, alive?))).collect())
}

/// Forgets some customers.
pub fn forget(conn: &mut Connection, customers: &[CustomerId]) -> Result<usize> {
    Ok(diesel::delete(table::table.filter(table::customer_id.eq_any(customers))).execute(conn)?)
}
