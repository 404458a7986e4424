//! Who is an active client at an instant.
//!
//! Without a contract leaving is silent: whoever ordered within the last 365 days is active. Who ever had a contract is judged by
//! contracts alone: active while one runs, that is until its last step says that it ended or what was paid for has run out.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::operations::train::texts;

/// Days that an order keeps a client active.
pub const ACTIVE_DAYS: i64 = 365;

/// One step of a contract.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    contract: String,
    at: Timestamp,
    ended: bool,
    paid_until: Option<Timestamp>,
}

/// When a client ordered, and the steps of its contracts; both in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Life {
    orders: Vec<Timestamp>,
    steps: Vec<Step>,
}

impl Life {
    /// The life of a client without contracts.
    pub fn of_orders(orders: impl IntoIterator<Item = Timestamp>) -> Life {
        let mut orders: Vec<Timestamp> = orders.into_iter().collect();
        orders.sort_unstable();
        Life { orders, steps: Vec::new() }
    }

    /// Since when there is a client: the first order or step.
    pub fn begin(&self) -> Option<Timestamp> {
        self.orders.first().copied().into_iter().chain(self.steps.first().map(|step| step.at)).min()
    }

    /// Whether the client is active at an instant: by what happened before it.
    pub fn is_active(&self, at: Timestamp) -> bool {
        let known = &self.steps[..self.steps.partition_point(|step| step.at < at)];
        if known.is_empty() {
            let before = self.orders.partition_point(|order| *order < at);
            return before > 0 && self.orders[before - 1] >= at.plus(-ACTIVE_DAYS * DAY);
        }
        let mut last: BTreeMap<&str, &Step> = BTreeMap::new();
        for step in known {
            last.insert(&step.contract, step);
        }
        last.values().any(|step| !step.ended && step.paid_until.is_none_or(|until| until >= at))
    }
}

/// The lives of the customers of a snapshot.
pub fn lives(snapshot: &Snapshot) -> Result<BTreeMap<CustomerId, Life>> {
    const ORDERS: &str = "SELECT customer_id, min(occurred_at) FROM order_item GROUP BY customer_id, order_key";
    const STEPS: &str = "SELECT customer_id, occurred_at, subscription_key, status, paid_until FROM subscription";
    let mut lives: BTreeMap<CustomerId, Life> = BTreeMap::new();
    snapshot.stream(ORDERS, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            lives.entry(CustomerId(customers.value(row))).or_default().orders.push(Timestamp(times.value(row)));
        }
        Ok(())
    })?;
    snapshot.stream(STEPS, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        let [times, paid] = [1, 4].map(|c| batch.column(c).as_primitive::<TimestampMicrosecondType>());
        let [contracts, statuses] = [2, 3].map(|c| texts(batch.column(c)));
        for row in 0..batch.num_rows() {
            lives.entry(CustomerId(customers.value(row))).or_default().steps.push(Step {
                contract: contracts[row].clone().unwrap_or_default(),
                at: Timestamp(times.value(row)),
                ended: statuses[row].as_deref() == Some("ended"),
                paid_until: paid.is_valid(row).then(|| Timestamp(paid.value(row))),
            });
        }
        Ok(())
    })?;
    for life in lives.values_mut() {
        life.orders.sort_unstable();
        // Of steps at one instant the end is the last word.
        life.steps.sort_by(|a, b| (a.at, a.ended, &a.contract).cmp(&(b.at, b.ended, &b.contract)));
    }
    Ok(lives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_keeps_a_client_for_a_year_and_a_contract_while_it_runs() {
        let day = |day: i64| Timestamp(day * DAY);
        let mut life = Life { orders: vec![day(10), day(100)], steps: Vec::new() };
        assert_eq!(life.begin(), Some(day(10)));
        let active = |life: &Life, days: &[i64]| days.iter().map(|d| life.is_active(day(*d))).collect::<Vec<_>>();
        assert_eq!(active(&life, &[10, 11, 465, 466]), [false, true, true, false]);
        let step = |at: i64, ended: bool, paid_until: Option<i64>| Step {
            contract: "A".into(),
            at: day(at),
            ended,
            paid_until: paid_until.map(day),
        };
        life.steps = vec![step(200, false, None), step(900, true, None)];
        // A contract counts in place of orders from its first step on.
        assert_eq!(active(&life, &[150, 201, 800, 901]), [true, true, true, false]);
        life.steps = vec![step(200, false, Some(230)), step(229, false, Some(260))];
        assert_eq!(active(&life, &[230, 260, 261]), [true, true, false]);
    }
}
