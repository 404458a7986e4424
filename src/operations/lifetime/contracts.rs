//! Contracts of customers, as of an instant.

use std::collections::HashSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::models::lifetime::ContractSeen;
use crate::operations::{Workspace, train};

/// Length of a period where none is said: a month.
const MONTH_DAYS: i64 = 30;

/// A change of a contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    customer: i64,
    contract: String,
    at: i64,
    status: String,
    price: Option<i64>,
    period_days: Option<i64>,
}

/// All changes of all contracts, by customer and contract in the order of time.
#[derive(Debug, Default)]
pub struct Contracts(Vec<Change>);

const SQL: &str = "SELECT customer_id, subscription_key, occurred_at, status, price, period_days FROM subscription";

impl Contracts {
    /// Reads those of customers who may be profiled.
    ///
    /// # Errors
    /// Unavailable, when history does not answer.
    pub fn read(ws: &Workspace, as_of: Timestamp, objecting: &HashSet<CustomerId>) -> Result<Contracts> {
        let mut changes = Vec::new();
        ws.history().snapshot_before(as_of)?.stream(SQL, |batch| {
            let customers = batch.column(0).as_primitive::<Int64Type>();
            let [keys, statuses] = [1, 3].map(|column| train::texts(batch.column(column)));
            let times = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            let [prices, periods] = [4, 5].map(|column| batch.column(column).as_primitive::<Int64Type>());
            for row in (0..batch.num_rows()).filter(|&row| !objecting.contains(&CustomerId(customers.value(row)))) {
                changes.push(Change {
                    customer: customers.value(row),
                    contract: keys[row].clone().unwrap_or_default(),
                    at: times.value(row),
                    status: statuses[row].clone().unwrap_or_default(),
                    price: prices.is_valid(row).then(|| prices.value(row)),
                    period_days: periods.is_valid(row).then(|| periods.value(row)),
                });
            }
            Ok(())
        })?;
        changes.sort_unstable();
        Ok(Contracts(changes))
    }

    /// The first change and the last.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.0.iter().map(|change| change.at).min()?;
        let last = self.0.iter().map(|change| change.at).max()?;
        Some((Timestamp(first), Timestamp(last)))
    }

    /// Every contract that had begun before an instant, as it stood then, in the order of customers; and whether it still ran at `later`.
    pub fn seen(&self, as_of: Timestamp, later: Timestamp, minor_units: f64) -> Vec<(CustomerId, ContractSeen, bool)> {
        let of_contracts = self.0.chunk_by(|a, b| (a.customer, &a.contract) == (b.customer, &b.contract));
        let seen = of_contracts.filter_map(|changes| {
            let known = &changes[..changes.partition_point(|change| change.at < as_of.0)];
            let (first, last) = (known.first()?, known.last()?);
            let ended = last.status == ENDED;
            let until = if ended { last.at } else { as_of.0 };
            let price = known.iter().rev().find_map(|change| change.price).unwrap_or(0);
            let period = known.iter().rev().find_map(|change| change.period_days).filter(|&days| days > 0);
            let seen = ContractSeen {
                period_days: u32::try_from(period.unwrap_or(MONTH_DAYS)).unwrap_or(u32::MAX),
                price: price as f64 / minor_units,
                age_days: (until - first.at) as f64 / DAY as f64,
                ended,
            };
            let then = &changes[..changes.partition_point(|change| change.at < later.0)];
            let runs = then.last().is_some_and(|change| change.status != ENDED);
            Some((CustomerId(first.customer), seen, runs))
        });
        seen.collect()
    }
}

impl Contracts {
    /// Begin and end, of those that ended, of every contract in days since 1970, in the order of customers.
    pub fn periods(&self) -> Vec<(CustomerId, f64, Option<f64>)> {
        let day = |at: i64| at as f64 / DAY as f64;
        let of_contracts = self.0.chunk_by(|a, b| (a.customer, &a.contract) == (b.customer, &b.contract));
        let periods = of_contracts.filter_map(|changes| {
            let (first, last) = (changes.first()?, changes.last()?);
            Some((CustomerId(first.customer), day(first.at), (last.status == ENDED).then(|| day(last.at))))
        });
        periods.collect()
    }
}

const ENDED: &str = "ended";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_seen_as_it_stood() {
        let change = |days: i64, status: &str, price: Option<i64>| Change {
            customer: 1,
            contract: "K".into(),
            at: days * DAY,
            status: status.into(),
            price,
            period_days: price.map(|_| 30),
        };
        let contracts = Contracts(vec![
            change(0, "started", Some(900)),
            change(60, "changed", Some(1_200)),
            change(100, "ended", None),
        ]);
        let seen = |as_of: i64, later: i64| contracts.seen(Timestamp(as_of * DAY), Timestamp(later * DAY), 100.0);
        let expected = ContractSeen { period_days: 30, price: 9.0, age_days: 45.0, ended: false };
        assert_eq!(seen(45, 90), [(CustomerId(1), expected, true)]);
        assert!(!seen(45, 101)[0].2);
        assert_eq!(seen(200, 300)[0].1, ContractSeen { period_days: 30, price: 12.0, age_days: 100.0, ended: true });
        assert!(seen(0, 10).is_empty(), "what begins at the instant has not begun before it");
    }
}
