//! Satisfaction by team: answers to surveys and complaints of the customers whom each team looks after.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Timestamp};
use crate::customers::service as store;
use crate::error::{Error, Fault, Result};
use crate::ids::CustomerId;
use crate::operations::Workspace;

/// The team of customers whom nobody looks after.
const NOBODY: &str = "none";

/// The mark that an answer to a survey gives, in SQL: 0 to 10; nothing where it is another answer.
pub fn mark() -> String {
    let cases: String = (0..=10).map(|mark| format!(" WHEN 'answer_{mark}' THEN {mark}")).collect();
    format!("CAST(CASE outcome{cases} END AS BIGINT)")
}

/// One team.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// Its name; `none` for customers whom nobody looks after.
    pub team: String,
    /// Customers it looks after.
    pub customers: i64,
    /// Answers to surveys.
    pub answers: i64,
    /// Their mean, from 0 to 10.
    pub mean: Option<f64>,
    /// Share of answers of 9 and 10 less that of 0 to 6 (Reichheld, "The one number you need to grow", 2003).
    pub promoters_less_detractors: Option<f64>,
    /// Complaints.
    pub complaints: i64,
    /// Orders.
    pub orders: i64,
    /// Complaints for each order.
    pub complaints_per_order: Option<f64>,
}

/// Sums of one customer: answers, their sum, promoters, detractors, complaints, orders.
type Sums = [i64; 6];

/// Reads the last so many days, by the team that looks after each customer now.
///
/// # Errors
/// Invalid for days outside 1..3660; unavailable, when store or history do not answer.
pub fn teams(ws: &Workspace, days: i64) -> Result<Vec<Team>> {
    if !(1..=3_660).contains(&days) {
        return Err(Error::faults("the days cannot be looked at", vec![Fault::at("days", "must lie within 1..3660")]));
    }
    let now = ws.now();
    let teams = ws.store().read(store::teams)?;
    let mut all: BTreeMap<String, (i64, Sums)> = BTreeMap::new();
    for team in teams.values() {
        all.entry(team.clone()).or_default().0 += 1;
    }
    let (from, mark) = (instant(now.plus(-days * DAY)), mark());
    let sql = format!(
        "SELECT customer_id, sum(answers), sum(mark), sum(happy), sum(unhappy), sum(complaints), sum(orders) FROM (\
         SELECT customer_id, 1 AS answers, mark, CASE WHEN mark >= 9 THEN 1 ELSE 0 END AS happy, \
         CASE WHEN mark <= 6 THEN 1 ELSE 0 END AS unhappy, 0 AS complaints, 0 AS orders FROM (\
         SELECT customer_id, {mark} AS mark FROM interaction WHERE reason = 'survey' AND direction = 'in' \
         AND occurred_at >= {from}) WHERE mark IS NOT NULL \
         UNION ALL SELECT customer_id, 0, 0, 0, 0, 1, 0 FROM interaction WHERE reason = 'complaint' AND direction = 'in' \
         AND occurred_at >= {from} \
         UNION ALL SELECT customer_id, 0, 0, 0, 0, 0, count(DISTINCT order_key) FROM order_item WHERE occurred_at >= {from} \
         GROUP BY customer_id) GROUP BY customer_id"
    );
    ws.history().snapshot_before(now)?.stream(&sql, |batch| {
        let column = |at: usize| batch.column(at).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let team = teams.get(&CustomerId(column(0).value(row))).map_or(NOBODY, String::as_str);
            let (_, sums) = all.entry(team.to_owned()).or_default();
            sums.iter_mut().enumerate().for_each(|(at, sum)| *sum += column(at + 1).value(row));
        }
        Ok(())
    })?;
    Ok(all.into_iter().map(team).collect())
}

fn team((team, (customers, [answers, marks, happy, unhappy, complaints, orders])): (String, (i64, Sums))) -> Team {
    let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
    Team {
        team,
        customers,
        answers,
        mean: share(marks, answers),
        promoters_less_detractors: share(happy - unhappy, answers),
        complaints,
        orders,
        complaints_per_order: share(complaints, orders),
    }
}

fn instant(at: Timestamp) -> String {
    format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.0)
}
