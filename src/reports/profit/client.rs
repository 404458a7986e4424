//! One client's statement: month by month, in whole, and when the cost of winning it was paid back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::credibility::{ClaimBasis, years};
use super::lines::Lines;
use super::query::{Month, begin_of, month_of};
use crate::clock::Timestamp;
use crate::customers::Origin;
use crate::money::Money;

/// A client's lines, with expected claims in every month.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    /// By month, each with something in it.
    pub months: BTreeMap<Month, Lines>,
    /// Their sum.
    pub whole: Lines,
    /// Since when the client is one: when it was won, or else its first order.
    pub since: Option<Timestamp>,
    /// What winning it cost.
    pub acquisition_cost: Money,
}

/// When the cost of winning was paid back.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Payback {
    /// Months from the begin of the month in which the client was won to the instant at which profits since then first reach the
    /// cost, the last one in proportion; none when they have not yet.
    pub months: Option<f64>,
    /// What is still missing.
    pub missing: Money,
}

impl Account {
    /// The account of a client as of an instant from its lines by month.
    pub fn new(
        mut months: BTreeMap<Month, Lines>,
        origin: Option<&Origin>,
        basis: &ClaimBasis,
        as_of: Timestamp,
    ) -> Account {
        let first = months.values().filter_map(|lines| lines.first_order_at).min();
        let won = origin.and_then(|origin| origin.acquired_at);
        let since = won.or(first).filter(|since| *since < as_of);
        if let Some(from) = since.into_iter().chain(first).min() {
            charge_claims(&mut months, basis, from, as_of);
        }
        let mut whole = Lines::default();
        months.values().for_each(|lines| whole.add(lines));
        let acquisition_cost = origin.and_then(|origin| origin.acquisition_cost).unwrap_or(Money::ZERO);
        Account { months, whole, since, acquisition_cost }
    }

    /// Profit less the cost of winning the client.
    pub fn net(&self) -> Money {
        self.whole.profit() - self.acquisition_cost
    }

    /// Profit by months since the one in which the client was won; what came earlier counts in the first.
    pub fn since_won(&self) -> Vec<Money> {
        let Some(first) = self.since.map(month_of) else { return Vec::new() };
        let mut profits = Vec::new();
        for (month, lines) in &self.months {
            let at = usize::try_from(month - first).unwrap_or(0);
            if profits.len() <= at {
                profits.resize(at + 1, Money::ZERO);
            }
            profits[at] = profits[at] + lines.profit();
        }
        profits
    }

    /// When the cost of winning was paid back; none where nothing is known of it.
    pub fn payback(&self) -> Option<Payback> {
        (self.acquisition_cost > Money::ZERO && self.since.is_some())
            .then(|| payback(self.acquisition_cost, &self.since_won()))
    }
}

/// When the sum of monthly profits first reaches a cost. Within the month in which it does, profit is taken to come evenly.
pub fn payback(cost: Money, profits: &[Money]) -> Payback {
    let mut sum = Money::ZERO;
    for (month, &profit) in profits.iter().enumerate() {
        if sum + profit >= cost {
            let part = if profit > Money::ZERO { (cost - sum).0 as f64 / profit.0 as f64 } else { 0.0 };
            return Payback { months: Some(month as f64 + part.max(0.0)), missing: Money::ZERO };
        }
        sum = sum + profit;
    }
    Payback { months: None, missing: cost - sum }
}

/// Spreads the expected cost of claims evenly over the time from `from` to `until`, to the last minor unit.
fn charge_claims(months: &mut BTreeMap<Month, Lines>, basis: &ClaimBasis, from: Timestamp, until: Timestamp) {
    let claims = months.values().map(|lines| lines.claims).sum();
    let expected = basis.expected(years(from, until), claims);
    if expected == Money::ZERO || until <= from {
        return;
    }
    let whole = (until.0 - from.0) as f64;
    let mut charged = 0;
    let last = month_of(until);
    for month in month_of(from)..=last {
        let end = if month == last { until } else { begin_of(month + 1) };
        let due = if month == last {
            expected.0
        } else {
            (expected.0 as f64 * ((end.0 - from.0) as f64 / whole)).round() as i64
        };
        months.entry(month).or_default().claims_expected = Money(due - charged);
        charged = due;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn month(orders: i64, revenue: i64, first: &str) -> Lines {
        Lines { orders, revenue: Money(revenue), first_order_at: Some(at(first)), ..Lines::default() }
    }

    fn account(cost: i64, months: &[(&str, i64)], basis: &ClaimBasis) -> Account {
        let months = months.iter().map(|(day, revenue)| (month_of(at(day)), month(1, *revenue, day))).collect();
        let origin = Origin {
            acquired_at: Some(at("2025-01-10")),
            acquisition_cost: Some(Money(cost)),
            ..Origin::of(crate::ids::CustomerId(1))
        };
        Account::new(months, Some(&origin), basis, at("2025-12-31"))
    }

    #[test]
    fn payback_is_reached_within_a_month_in_proportion() {
        let none = ClaimBasis::default();
        let months = [("2025-01-15", 4_000), ("2025-03-02", 8_000)];
        // 40 of 100 in the first month, nothing in the second, 60 of the 80 of the third.
        let paid = account(10_000, &months, &none).payback().unwrap();
        assert_eq!(paid, Payback { months: Some(2.75), missing: Money::ZERO });
        let open = account(20_000, &months, &none).payback().unwrap();
        assert_eq!(open, Payback { months: None, missing: Money(8_000) });
        assert_eq!(account(0, &months, &none).payback(), None);
    }

    #[test]
    fn expected_claims_of_the_months_are_those_of_the_whole() {
        let basis = ClaimBasis { frequency: 0.37, severity: 12_345.0, credible_years: Some(3.0) };
        let account = account(0, &[("2025-02-15", 4_000), ("2025-11-02", 8_000)], &basis);
        let whole = basis.expected(years(at("2025-01-10"), at("2025-12-31")), 0);
        assert_eq!(account.whole.claims_expected, whole);
        assert_eq!(account.months.values().map(|l| l.claims_expected).sum::<Money>(), whole);
        assert_eq!(account.months.len(), 12);
        let (february, december) =
            (&account.months[&month_of(at("2025-02-01"))], &account.months[&month_of(at("2025-12-01"))]);
        assert!(december.claims_expected > february.claims_expected && february.claims_expected > Money::ZERO);
    }

    #[test]
    fn months_are_numbered_through() {
        assert_eq!(super::super::query::month_name(month_of(at("2024-12-31T23:59:59Z"))), "2024-12");
        assert_eq!(begin_of(month_of(at("2025-01-31"))), at("2025-01-01"));
        assert_eq!(month_of(at("2025-01-01")) - month_of(at("2024-12-31")), 1);
    }
}
