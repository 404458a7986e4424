//! When the clients won in one quarter have paid back, together, what winning them cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::client::{Account, payback};
use super::query::{Month, month_of};
use crate::clock::Timestamp;
use crate::money::Money;

/// A quarter's clients whose cost of winning is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// The quarter in which they were won: 2026-Q1.
    pub quarter: String,
    /// Clients.
    pub clients: i64,
    /// What winning them cost.
    pub acquisition_cost: Money,
    /// Their profit since then, before that cost.
    pub profit: Money,
    /// Months after which the profits of all reach the cost of all, in proportion within the month; none when they have not yet,
    /// looking at the months that every client of the cohort has behind or in front of it now.
    pub payback_months: Option<f64>,
    /// Clients who have paid back their own.
    pub repaid: i64,
}

/// Sums over clients by quarter.
#[derive(Debug, Clone, Default)]
pub struct CohortSums(BTreeMap<i64, Sums>);

#[derive(Debug, Clone, Default)]
struct Sums {
    clients: i64,
    repaid: i64,
    cost: Money,
    /// Profit by months since each client was won.
    profits: Vec<Money>,
}

impl CohortSums {
    /// Adds a client whose cost of winning is known.
    pub fn add(&mut self, account: &Account) {
        let (Some(since), Some(own)) = (account.since, account.payback()) else { return };
        let sums = self.0.entry(month_of(since).div_euclid(3)).or_default();
        sums.clients += 1;
        sums.repaid += i64::from(own.months.is_some());
        sums.cost = sums.cost + account.acquisition_cost;
        add_all(&mut sums.profits, &account.since_won());
    }

    /// Adds the sums of other clients.
    pub fn merge(&mut self, other: CohortSums) {
        for (quarter, more) in other.0 {
            let sums = self.0.entry(quarter).or_default();
            sums.clients += more.clients;
            sums.repaid += more.repaid;
            sums.cost = sums.cost + more.cost;
            add_all(&mut sums.profits, &more.profits);
        }
    }

    /// The cohorts, oldest first.
    pub fn cohorts(&self, as_of: Timestamp) -> Vec<Cohort> {
        let of = |(&quarter, sums): (&i64, &Sums)| {
            let last: Month = quarter * 3 + 2;
            // Later months are not yet known of those who were won last.
            let known = usize::try_from(month_of(as_of) - last + 1).unwrap_or(0).min(sums.profits.len());
            Cohort {
                quarter: format!("{:04}-Q{}", quarter.div_euclid(4), quarter.rem_euclid(4) + 1),
                clients: sums.clients,
                acquisition_cost: sums.cost,
                profit: sums.profits.iter().copied().sum(),
                payback_months: payback(sums.cost, &sums.profits[..known]).months,
                repaid: sums.repaid,
            }
        };
        self.0.iter().map(of).collect()
    }
}

fn add_all(sums: &mut Vec<Money>, more: &[Money]) {
    sums.resize(sums.len().max(more.len()), Money::ZERO);
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = *sum + *more);
}
