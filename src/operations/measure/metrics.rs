//! What else may have changed: twenty numbers per customer from all facts, within the window and in the same number of days as
//! the covariate before it, summed by arm. Each fact type is read once.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::PRE_DAYS;
use super::purchases::{TICKS, instant, margin_of_line, within};
use super::tally::Tally;
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::operations::Workspace;

/// A number per customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `count`, `pieces`, `minor_units` or `seconds`.
    pub unit: &'static str,
    /// What the sums are divided by to be in that unit.
    pub scale: f64,
    /// What a line counts, in SQL over its table; `{margin}` stands for the margin of a line.
    line: &'static str,
}

const fn metric(name: &'static str, unit: &'static str, line: &'static str) -> Metric {
    Metric { name, unit, scale: 1.0, line }
}

/// Tables with the metrics that are made of their lines.
const TABLES: [(&str, &[Metric]); 6] = [
    (
        "order_item",
        &[
            metric("order_lines", "count", "1"),
            metric("pieces", "pieces", "quantity"),
            metric("revenue", "minor_units", "amount"),
            Metric { name: "margin", unit: "minor_units", scale: TICKS, line: "{margin}" },
            metric("discount", "minor_units", "COALESCE(discount, 0)"),
            metric("lines_at_a_discount", "count", "CASE WHEN discount > 0 THEN 1 ELSE 0 END"),
        ],
    ),
    ("return_item", &[metric("returned_lines", "count", "1"), metric("returned", "minor_units", "amount")]),
    (
        "interaction",
        &[
            metric("inbound", "count", "CASE WHEN direction = 'in' THEN 1 ELSE 0 END"),
            metric("complaints", "count", "CASE WHEN reason = 'complaint' THEN 1 ELSE 0 END"),
            metric("calls", "count", "CASE WHEN channel = 'call' AND direction = 'in' THEN 1 ELSE 0 END"),
            metric(
                "time_of_staff",
                "seconds",
                "CASE WHEN direction = 'in' THEN CAST(COALESCE(duration_s, 0) AS BIGINT) ELSE 0 END",
            ),
            metric("cost_of_service", "minor_units", "CASE WHEN direction = 'in' THEN COALESCE(cost, 0) ELSE 0 END"),
        ],
    ),
    ("event", &[metric("events", "count", "1"), metric("value_of_events", "minor_units", "COALESCE(value, 0)")]),
    (
        "claim",
        &[
            metric("claims", "count", "CASE WHEN status = 'opened' THEN 1 ELSE 0 END"),
            metric("claims_paid", "minor_units", "CASE WHEN status = 'paid' THEN COALESCE(amount, 0) ELSE 0 END"),
        ],
    ),
    (
        "subscription",
        &[
            metric("contracts_begun", "count", "CASE WHEN status = 'started' THEN 1 ELSE 0 END"),
            metric("contracts_renewed", "count", "CASE WHEN status = 'renewed' THEN 1 ELSE 0 END"),
            metric("contracts_ended", "count", "CASE WHEN status = 'ended' THEN 1 ELSE 0 END"),
        ],
    ),
];

/// The sums of a metric by arm.
#[derive(Debug, Clone)]
pub struct Summed {
    /// The metric.
    pub metric: Metric,
    /// Sums by arm, in the order of the arms' numbers.
    pub arms: Vec<Tally>,
}

/// Sums every metric over `[from, until)` by arm. `arm_of` names the arm (below `arms`) of everybody who was assigned: who is not
/// in a table had nothing of it and counts all the same.
///
/// # Errors
/// Unavailable, when history does not answer.
pub fn sum(
    ws: &Workspace,
    arm_of: &HashMap<CustomerId, u8>,
    arms: usize,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<Summed>> {
    let mut units = vec![Tally::default(); arms];
    arm_of.values().for_each(|&arm| units[usize::from(arm)].n += 1);
    let margin = margin_of_line(ws.settings().margin);
    let snapshot = ws.history().snapshot()?;
    let mut all = Vec::new();
    for (table, metrics) in TABLES {
        let columns = metrics.iter().map(|metric| {
            let line = metric.line.replace("{margin}", &margin);
            let inside = instant(from);
            format!(
                "sum(CASE WHEN occurred_at >= {inside} THEN {line} ELSE 0 END), \
                 sum(CASE WHEN occurred_at < {inside} THEN {line} ELSE 0 END)"
            )
        });
        let columns: Vec<String> = columns.collect();
        let sql = format!(
            "SELECT customer_id, {} FROM {table} WHERE {} GROUP BY customer_id",
            columns.join(", "),
            within(from.plus(-PRE_DAYS * DAY), until)
        );
        let mut summed: Vec<Summed> =
            metrics.iter().map(|metric| Summed { metric: *metric, arms: units.clone() }).collect();
        snapshot.stream(&sql, |batch| {
            let customers = batch.column(0).as_primitive::<Int64Type>();
            let places: Vec<Option<u8>> =
                customers.values().iter().map(|&customer| arm_of.get(&CustomerId(customer)).copied()).collect();
            for (at, summed) in summed.iter_mut().enumerate() {
                let post = batch.column(1 + 2 * at).as_primitive::<Int64Type>().values();
                let pre = batch.column(2 + 2 * at).as_primitive::<Int64Type>().values();
                for (row, arm) in places.iter().enumerate() {
                    if let Some(arm) = arm {
                        summed.arms[usize::from(*arm)].add_value(post[row], pre[row]);
                    }
                }
            }
            Ok(())
        })?;
        all.append(&mut summed);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_under_names_of_their_own() {
        let mut names: Vec<&str> = TABLES.iter().flat_map(|(_, metrics)| metrics.iter().map(|m| m.name)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 20);
    }
}
