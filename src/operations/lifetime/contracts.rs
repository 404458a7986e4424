//! Contracts of customers, as of an instant.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::{DAY, Timestamp};
use crate::customers::store as customers;
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
    status: Status,
    price: Option<i64>,
    period_days: Option<i64>,
}

/// What became of a contract, in the order in which changes of one instant happened: what began and ended at once is over, what
/// ended and was renewed at once goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Started,
    Changed,
    Ended,
    Renewed,
}

impl Status {
    fn of(word: Option<&str>) -> Status {
        match word {
            Some("started") => Status::Started,
            Some("ended") => Status::Ended,
            Some("renewed") => Status::Renewed,
            _ => Status::Changed,
        }
    }
}

/// All changes of all contracts, by customer and contract in the order of time.
#[derive(Debug, Default)]
pub struct Contracts(Vec<Change>);

const SQL: &str = "SELECT customer_id, subscription_key, occurred_at, status, price, period_days FROM subscription";

impl Contracts {
    /// Reads those of customers who do not object to profiling.
    ///
    /// # Errors
    /// Unavailable, when store or history do not answer.
    pub fn read_of_consenting(ws: &Workspace, as_of: Timestamp) -> Result<Contracts> {
        let objecting: HashSet<CustomerId> = ws.store().read(customers::objecting)?.into_iter().collect();
        Contracts::read(ws, as_of, &objecting)
    }

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
                    status: Status::of(statuses[row].as_deref()),
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
        let seen = self.each().filter_map(|changes| {
            let known = &changes[..changes.partition_point(|change| change.at < as_of.0)];
            let (first, last) = (known.first()?, known.last()?);
            let ended = last.status == Status::Ended;
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
            let runs = then.last().is_some_and(|change| change.status != Status::Ended);
            Some((CustomerId(first.customer), seen, runs))
        });
        seen.collect()
    }

    /// The contracts, each as its changes in the order of time, in the order of customers.
    fn each(&self) -> impl Iterator<Item = &[Change]> {
        self.0.chunk_by(|a, b| (a.customer, &a.contract) == (b.customer, &b.contract))
    }

    /// Begin and end, of those that ended, of every contract in days since 1970, in the order of customers.
    pub fn periods(&self) -> Vec<(CustomerId, f64, Option<f64>)> {
        let day = |at: i64| at as f64 / DAY as f64;
        let periods = self.each().filter_map(|changes| {
            let (first, last) = (changes.first()?, changes.last()?);
            Some((CustomerId(first.customer), day(first.at), (last.status == Status::Ended).then(|| day(last.at))))
        });
        periods.collect()
    }

    /// The customers with a contract that runs at `as_of`, and whether one of those ends in `[as_of, until)`, be it taken up again
    /// after. A contract runs when it had begun before the instant and its last change before it was no end.
    pub fn ending(&self, as_of: Timestamp, until: Timestamp) -> BTreeMap<CustomerId, bool> {
        let mut customers = BTreeMap::new();
        for changes in self.each() {
            let (known, later) = changes.split_at(changes.partition_point(|change| change.at < as_of.0));
            if known.last().is_some_and(|last| last.status != Status::Ended) {
                let within = &later[..later.partition_point(|change| change.at < until.0)];
                let ends = within.iter().any(|change| change.status == Status::Ended);
                *customers.entry(CustomerId(known[0].customer)).or_insert(false) |= ends;
            }
        }
        customers
    }

    /// The customers with a contract that runs at an instant, rising.
    pub fn running(&self, as_of: Timestamp) -> Vec<CustomerId> {
        self.ending(as_of, as_of).into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_seen_as_it_stood() {
        let change = |days: i64, status: &str, price: Option<i64>| Change {
            customer: 1,
            contract: "K".into(),
            at: days * DAY,
            status: Status::of(Some(status)),
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

    /// Labels of contractual churn as of day 100 with a horizon of 30 days.
    #[test]
    fn labels_are_right_at_the_edges() {
        let mut changes = Vec::new();
        let mut contract = |customer: i64, contract: &str, steps: &[(i64, &str)]| {
            changes.extend(steps.iter().map(|&(at, status)| Change {
                customer,
                contract: contract.into(),
                at,
                status: Status::of(Some(status)),
                price: None,
                period_days: None,
            }));
        };
        let (cut, until) = (100 * DAY, 130 * DAY);
        contract(1, "open-ended", &[(0, "started")]);
        contract(2, "ends exactly at the cut", &[(0, "started"), (cut, "ended")]);
        contract(3, "ended just before it", &[(0, "started"), (cut - 1, "ended")]);
        contract(4, "ends in the last moment", &[(0, "started"), (until - 1, "ended")]);
        contract(5, "ends when the horizon does", &[(0, "started"), (until, "ended")]);
        contract(6, "begins exactly at the cut, and ends", &[(cut, "started"), (cut + 1, "ended")]);
        contract(7, "began just before it", &[(cut - 1, "started")]);
        contract(8, "is renewed", &[(0, "started"), (90 * DAY, "renewed"), (120 * DAY, "renewed")]);
        contract(9, "was renewed, then ends", &[(0, "started"), (90 * DAY, "renewed"), (120 * DAY, "ended")]);
        contract(10, "was taken up again", &[(0, "started"), (50 * DAY, "ended"), (60 * DAY, "renewed")]);
        contract(11, "ends, and is taken up again", &[(0, "started"), (110 * DAY, "ended"), (111 * DAY, "renewed")]);
        contract(12, "ended and renewed in one instant", &[(0, "started"), (50 * DAY, "ended"), (50 * DAY, "renewed")]);
        contract(15, "began and ended at once", &[(50 * DAY, "ended"), (50 * DAY, "started")]);
        contract(13, "the first stays", &[(0, "started")]);
        contract(13, "the second ends", &[(10, "started"), (120 * DAY, "ended")]);
        contract(14, "the first has ended", &[(0, "started"), (50 * DAY, "ended")]);
        contract(14, "the second stays", &[(40 * DAY, "started")]);
        changes.sort_unstable();
        let contracts = Contracts(changes);
        let found: Vec<(i64, bool)> = contracts
            .ending(Timestamp(cut), Timestamp(until))
            .into_iter()
            .map(|(customer, ends)| (customer.0, ends))
            .collect();
        let expected = [
            (1, false),
            (2, true),
            (4, true),
            (5, false),
            (7, false),
            (8, false),
            (9, true),
            (10, false),
            (11, true),
            (12, false),
            (13, true),
            (14, false),
        ];
        assert_eq!(found, expected);
        assert_eq!(contracts.running(Timestamp(cut)).len(), expected.len());
        assert!(contracts.running(Timestamp(0)).is_empty(), "what begins at the instant has not begun before it");
    }
}
