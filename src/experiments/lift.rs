//! Incremental profit: what the contacted arm earned beyond what the holdout shows it would have earned anyway.

use serde::{Deserialize, Serialize};

use super::degenerate::Degenerate;
use super::effect::{Difference, Effect, Estimate, Level, Sides, estimate};
use super::frequentist;
use super::power;
use super::statistic::{ProportionSums, Statistic};

/// The chance with which [`Lift::detectable_per_customer`] would have been found.
pub const PLANNED_POWER: f64 = 0.8;

/// One arm within the conversion window. Every customer who was assigned counts, whether the message arrived or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ArmTotals {
    /// Profit per customer in minor units: mean sums, or CUPED sums in both arms.
    pub profit: Statistic,
    /// Customers who converted.
    pub conversions: f64,
}

/// Treated and holdout of one population.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arms {
    /// Those who might be contacted.
    pub treated: ArmTotals,
    /// Those who were held out.
    pub holdout: ArmTotals,
}

/// What the treatment was worth in one population.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lift {
    /// Customers in the treated arm.
    pub treated: f64,
    /// Customers in the holdout.
    pub holdout: f64,
    /// Incremental profit per treated customer in minor units, with interval and two-sided p-value.
    pub per_customer: Effect,
    /// The same over all treated customers, in minor units.
    pub total: f64,
    /// Lower bound of the total.
    pub total_lower: f64,
    /// Upper bound of the total.
    pub total_upper: f64,
    /// Additional conversions per treated customer; absent where an arm has none at all, or only conversions.
    pub conversion: Option<Effect>,
    /// The smallest true profit per customer that these arms find in four of five cases.
    pub detectable_per_customer: f64,
}

impl Lift {
    /// The result in a sentence; `money` shows minor units as an amount.
    pub fn in_words(&self, money: impl Fn(f64) -> String) -> String {
        let Effect { ci_lower, ci_upper, .. } = self.per_customer;
        let range = format!("between {} and {}", money(self.total_lower), money(self.total_upper));
        if ci_lower > 0.0 {
            format!("It earned {} more than without ({range}).", money(self.total))
        } else if ci_upper < 0.0 {
            format!("It cost {} against doing nothing ({range}).", money(-self.total))
        } else {
            format!(
                "No effect is proven: {} in all, {range}; these arms can only show {} per customer or more.",
                money(self.total),
                money(self.detectable_per_customer)
            )
        }
    }
}

/// The lift of one population: Welch's absolute difference of profit per customer, times the treated customers.
///
/// # Errors
/// [`Degenerate`] when an arm is too small, or nobody in it bought anything.
pub fn lift(arms: &Arms, level: Level) -> Result<Lift, Degenerate> {
    let made: Estimate = estimate(&arms.holdout.profit, &arms.treated.profit, Difference::Absolute)?;
    let per_customer = frequentist::infer(&made, level, Sides::Two)?;
    let treated = arms.treated.profit.n();
    Ok(Lift {
        treated,
        holdout: arms.holdout.profit.n(),
        per_customer,
        total: per_customer.point_estimate * treated,
        total_lower: per_customer.ci_lower * treated,
        total_upper: per_customer.ci_upper * treated,
        conversion: conversion(arms, level)?,
        detectable_per_customer: power::detectable(per_customer.stderr, level, PLANNED_POWER)?,
    })
}

fn conversion(arms: &Arms, level: Level) -> Result<Option<Effect>, Degenerate> {
    let share = |arm: &ArmTotals| Statistic::Proportion(ProportionSums { n: arm.profit.n(), sum: arm.conversions });
    let (a, b) = (share(&arms.holdout), share(&arms.treated));
    match frequentist::welch(&a, &b, Difference::Absolute, level, Sides::Two) {
        Ok(effect) => Ok(Some(effect)),
        Err(Degenerate::ZeroVariance) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Lift of a campaign, for both populations that matter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiftReport {
    /// All who were assigned (intention to treat): what the campaign as a whole earned.
    pub assigned: Result<Lift, Degenerate>,
    /// Those whom the decision would contact, in both arms (the holdout's decisions are made in shadow): what a contact
    /// earned. Sharper, since nobody in it was left alone in both arms.
    pub would_be_contacted: Result<Lift, Degenerate>,
}

/// Both lifts. Either may be refused while the other stands.
pub fn report(assigned: &Arms, would_be_contacted: &Arms, level: Level) -> LiftReport {
    LiftReport { assigned: lift(assigned, level), would_be_contacted: lift(would_be_contacted, level) }
}

#[cfg(test)]
mod tests {
    use super::super::statistic::MeanSums;
    use super::*;

    fn arm(n: f64, sum: f64, sum_squares: f64, conversions: f64) -> ArmTotals {
        ArmTotals { profit: Statistic::Mean(MeanSums { n, sum, sum_squares, shift: 0.0 }), conversions }
    }

    #[test]
    fn a_hand_computed_lift() {
        // Means 120 and 100, unit variances 2,500 and 1,600 on 10,000 and 1,000 customers: se = sqrt(0.25 + 1.6).
        let treated = arm(1e4, 1.2e6, 2_500.0 * 9_999.0 + 1.44e8, 800.0);
        let holdout = arm(1e3, 1e5, 1_600.0 * 999.0 + 1e7, 60.0);
        let made = lift(&Arms { treated, holdout }, Level::FIVE_PERCENT).unwrap();
        assert!((made.per_customer.point_estimate - 20.0).abs() < 1e-9);
        assert!((made.per_customer.stderr - 1.85f64.sqrt()).abs() < 1e-9);
        assert!((made.total - 200_000.0).abs() < 1e-6);
        assert!((made.detectable_per_customer - 2.801_585 * 1.85f64.sqrt()).abs() < 1e-4);
        assert!((made.conversion.unwrap().point_estimate - 0.02).abs() < 1e-12);
        assert!(made.in_words(|m| format!("{m:.0}")).starts_with("It earned 200000 more"));
    }

    #[test]
    fn a_holdout_without_a_purchase_is_refused_and_the_other_population_still_stands() {
        let treated = arm(100.0, 500.0, 9_000.0, 10.0);
        let empty = arm(50.0, 0.0, 0.0, 0.0);
        let good = arm(50.0, 200.0, 4_000.0, 0.0);
        let made = report(&Arms { treated, holdout: empty }, &Arms { treated, holdout: good }, Level::FIVE_PERCENT);
        assert_eq!(made.assigned, Err(Degenerate::ZeroVariance));
        let other = made.would_be_contacted.unwrap();
        assert_eq!(other.conversion, None);
        assert!(other.in_words(|m| format!("{m:.2}")).starts_with("No effect is proven"));
    }
}
