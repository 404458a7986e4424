//! What facts say of each customer as a whole: the book-keeping part of a serving row, which `record` keeps current and `score`
//! rebuilds by these queries. A test holds the two against each other.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::Timestamp;
use crate::customers::Totals;
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::record::cost;
use crate::settings::Settings;

/// Totals by customer.
pub type ByCustomer = HashMap<CustomerId, Totals>;

/// Margin of a line as `cost::margin` has it: whole minor units, so that sums agree whatever the order of lines.
fn margin(settings: &Settings) -> String {
    let share = settings.margin;
    format!("sum(CASE WHEN cost IS NULL THEN CAST(round(amount * {share:?}) AS BIGINT) ELSE amount - cost END)")
}

/// An interaction that opens a complaint or closes one, in the order in which they happened.
const COMPLAINTS: &str = "SELECT customer_id, sum(change) AS changed, min(so_far) AS lowest FROM (\
    SELECT customer_id, change, sum(change) OVER (PARTITION BY customer_id ORDER BY occurred_at, change \
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far FROM (\
    SELECT customer_id, occurred_at, CASE WHEN outcome IS NULL OR outcome = 'open' THEN 1 \
    WHEN outcome IN ('solved', 'closed') THEN -1 ELSE 0 END AS change FROM interaction WHERE reason = 'complaint')) \
    GROUP BY customer_id";

/// Totals of everybody with a fact in the snapshot.
///
/// # Errors
/// Unavailable, when history does not answer.
pub fn totals(snapshot: &Snapshot, settings: &Settings) -> Result<ByCustomer> {
    let mut totals = ByCustomer::new();
    orders(snapshot, settings, &mut totals)?;
    returns(snapshot, settings, &mut totals)?;
    interactions(snapshot, settings, &mut totals)?;
    snapshot.stream(COMPLAINTS, |batch| {
        let [customers, changed, lowest] = [0, 1, 2].map(|c| batch.column(c).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            // A running count that never falls below zero: closing what was never opened changes nothing.
            let open = changed.value(row) - lowest.value(row).min(0);
            totals.entry(CustomerId(customers.value(row))).or_default().open_complaints = open;
        }
        Ok(())
    })?;
    Ok(totals)
}

fn orders(snapshot: &Snapshot, settings: &Settings, totals: &mut ByCustomer) -> Result<()> {
    // Orders first: a set of order numbers for each customer would take kilobytes a customer.
    let sql = format!(
        "SELECT customer_id, count(*), sum(amount), sum(margin), max(last) FROM (\
         SELECT customer_id, sum(amount) AS amount, {} AS margin, max(occurred_at) AS last \
         FROM order_item GROUP BY customer_id, order_key) GROUP BY customer_id",
        margin(settings)
    );
    snapshot.stream(&sql, |batch| {
        let [customers, orders, revenue, margin] = [0, 1, 2, 3].map(|c| batch.column(c).as_primitive::<Int64Type>());
        let last = batch.column(4).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let total = totals.entry(CustomerId(customers.value(row))).or_default();
            (total.orders, total.revenue) = (orders.value(row), Money(revenue.value(row)));
            total.profit = total.profit + Money(margin.value(row));
            total.last_order_at = last.is_valid(row).then(|| Timestamp(last.value(row)));
        }
        Ok(())
    })
}

fn returns(snapshot: &Snapshot, settings: &Settings, totals: &mut ByCustomer) -> Result<()> {
    let sql = format!(
        "SELECT customer_id, count(*), sum(margin) FROM (\
         SELECT customer_id, {} AS margin FROM return_item GROUP BY customer_id, order_key) GROUP BY customer_id",
        margin(settings)
    );
    snapshot.stream(&sql, |batch| {
        let [customers, returns, margin] = [0, 1, 2].map(|c| batch.column(c).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let total = totals.entry(CustomerId(customers.value(row))).or_default();
            let cost = Money(cost::of_return(settings).0 * returns.value(row));
            total.cost_to_serve = total.cost_to_serve + cost;
            total.profit = total.profit - Money(margin.value(row)) - cost;
        }
        Ok(())
    })
}

fn interactions(snapshot: &Snapshot, settings: &Settings, totals: &mut ByCustomer) -> Result<()> {
    const SQL: &str = "SELECT customer_id, coalesce(sum(cost), 0), \
        sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END), reason, channel \
        FROM interaction GROUP BY customer_id, reason, channel";
    snapshot.stream(SQL, |batch| {
        let [customers, measured, unmeasured] = [0, 1, 2].map(|c| batch.column(c).as_primitive::<Int64Type>());
        let [reasons, channels] = [3, 4].map(|c| batch.column(c).as_string::<i32>());
        for row in 0..batch.num_rows() {
            let total = totals.entry(CustomerId(customers.value(row))).or_default();
            let rate = cost::interaction(settings, reasons.value(row), channels.value(row), None);
            let cost = Money(measured.value(row) + rate.0 * unmeasured.value(row));
            total.cost_to_serve = total.cost_to_serve + cost;
            total.profit = total.profit - cost;
        }
        Ok(())
    })
}
