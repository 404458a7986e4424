//! What customers bought within a window, by day, as whole numbers, so that sums are the same in any order.

use std::collections::{HashMap, HashSet};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::operations::Workspace;

/// Hundredths of a minor unit: what margins are summed in.
pub const TICKS: f64 = 100.0;

/// What one customer bought within a window, returns taken off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purchase {
    /// Orders.
    pub orders: i64,
    /// Revenue, in minor units.
    pub revenue: i64,
    /// Margin, in hundredths of a minor unit.
    pub margin: i64,
}

/// Of one customer: the window as a whole, and its days from 0, each with the margin in hundredths of a minor unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bought {
    /// The window as a whole.
    pub whole: Purchase,
    /// The days on which something was bought or brought back.
    pub days: Vec<(u16, i64)>,
}

/// An instant as the history's SQL knows it.
pub fn instant(at: Timestamp) -> String {
    format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.0)
}

/// The condition that a fact happened in `[from, until)`.
pub fn within(from: Timestamp, until: Timestamp) -> String {
    format!("occurred_at >= {} AND occurred_at < {}", instant(from), instant(until))
}

/// The margin of a line in hundredths of a minor unit; `margin` is the rate where the line does not tell its cost.
pub fn margin_of_line(margin: f64) -> String {
    format!(
        "CASE WHEN cost IS NULL THEN CAST(round(amount * {:?}) AS BIGINT) ELSE (amount - cost) * {TICKS:.0} END",
        margin * TICKS
    )
}

/// What each customer bought in `[from, until)`, by day.
pub(super) fn bought(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<HashMap<CustomerId, Bought>> {
    let day = format!("(CAST(occurred_at AS BIGINT) - {}) / {DAY}", from.0);
    let (inside, worth) = (within(from, until), margin_of_line(ws.settings().margin));
    let sql = format!(
        "SELECT customer_id, day, sum(bought), sum(amount), sum(margin) FROM (\
         SELECT customer_id, day, order_key, max(bought) AS bought, sum(amount) AS amount, sum(margin) AS margin FROM (\
         SELECT customer_id, {day} AS day, order_key, 1 AS bought, amount, {worth} AS margin \
         FROM order_item WHERE {inside} UNION ALL \
         SELECT customer_id, {day}, NULL, 0, -amount, -({worth}) FROM return_item WHERE {inside}) \
         GROUP BY customer_id, day, order_key) GROUP BY customer_id, day"
    );
    let mut all: HashMap<CustomerId, Bought> = HashMap::new();
    ws.history().snapshot()?.stream(&sql, |batch| {
        let [customers, days, orders, revenue, margin] =
            [0, 1, 2, 3, 4].map(|column| batch.column(column).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let of = all.entry(CustomerId(customers.value(row))).or_default();
            of.whole.orders += orders.value(row);
            of.whole.revenue += revenue.value(row);
            of.whole.margin += margin.value(row);
            of.days.push((u16::try_from(days.value(row)).unwrap_or(u16::MAX), margin.value(row)));
        }
        Ok(())
    })?;
    Ok(all)
}

/// The margin of each customer in `[from, until)`, in hundredths of a minor unit.
pub(super) fn margins(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<HashMap<CustomerId, i64>> {
    let (inside, worth) = (within(from, until), margin_of_line(ws.settings().margin));
    let sql = format!(
        "SELECT customer_id, sum(margin) FROM (SELECT customer_id, {worth} AS margin FROM order_item WHERE {inside} \
         UNION ALL SELECT customer_id, -({worth}) FROM return_item WHERE {inside}) GROUP BY customer_id"
    );
    let mut all = HashMap::new();
    ws.history().snapshot()?.stream(&sql, |batch| {
        let [customers, margin] = [0, 1].map(|column| batch.column(column).as_primitive::<Int64Type>());
        all.extend((0..batch.num_rows()).map(|row| (CustomerId(customers.value(row)), margin.value(row))));
        Ok(())
    })?;
    Ok(all)
}

/// Who ordered anything in `[from, until)`.
pub(super) fn buyers(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<HashSet<CustomerId>> {
    let sql = format!("SELECT DISTINCT customer_id FROM order_item WHERE {}", within(from, until));
    let mut all = HashSet::new();
    ws.history().snapshot()?.stream(&sql, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        all.extend((0..batch.num_rows()).map(|row| CustomerId(customers.value(row))));
        Ok(())
    })?;
    Ok(all)
}
