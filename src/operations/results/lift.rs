//! Incremental profit against the holdout: of everybody who was assigned and of those who would be contacted, by day, by segment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::recompute::Cases;
use crate::decisions::Arm;
use crate::experiments::cuped::{self, CupedHealth};
use crate::experiments::lift::{self, ArmTotals, Arms, Lift, LiftReport};
use crate::experiments::{Degenerate, Difference, Effect, Level, Sides, Statistic, frequentist, multiplicity, power};
use crate::operations::measure::purchases::TICKS;
use crate::operations::measure::tally::Tally;
use crate::operations::measure::{Measured, RunMeasure};

/// The most segments that are shown, the largest first.
const MOST_SEGMENTS: usize = 50;

/// Profit of one customer within the window, in hundredths of a minor unit, and the margin before.
pub fn profit_of(person: &Measured) -> (i64, i64) {
    (person.bought.whole.margin - person.contact_cost * TICKS as i64, person.before_ticks)
}

/// Profit per customer with the margin before as covariate, and conversions.
fn totals<'a>(people: impl Iterator<Item = &'a Measured>) -> ArmTotals {
    let (mut tally, mut conversions) = (Tally::default(), 0.0);
    for person in people {
        let (post, pre) = profit_of(person);
        tally.add(post, pre);
        conversions += f64::from(u8::from(person.orders() > 0));
    }
    ArmTotals { profit: tally.cuped(TICKS), conversions }
}

/// Both populations of a run.
pub fn populations(measured: &RunMeasure) -> [(&'static str, Arms); 2] {
    let people = &measured.people;
    let assigned = Arms {
        treated: totals(people.iter().filter(|person| !person.arm.is_holdout())),
        holdout: totals(people.iter().filter(|person| person.arm.is_holdout())),
    };
    // Explorers were drawn, not chosen: the holdout has nobody like them.
    let chosen = |person: &&Measured| person.would_be_contacted();
    let would_be_contacted = Arms {
        treated: totals(people.iter().filter(|person| person.arm == Arm::Treated).filter(chosen)),
        holdout: totals(people.iter().filter(|person| person.arm.is_holdout()).filter(chosen)),
    };
    [("assigned", assigned), ("would_be_contacted", would_be_contacted)]
}

/// The lift of both populations.
pub fn lift_of(measured: &RunMeasure, cases: &mut Cases) -> LiftReport {
    let [assigned, contacted] = populations(measured);
    for (name, arms) in [&assigned, &contacted] {
        cases.compare(&format!("lift.{name}"), &arms.holdout.profit, &arms.treated.profit, Difference::Absolute);
    }
    lift::report(&assigned.1, &contacted.1, Level::FIVE_PERCENT)
}

/// Whether the margin before can be trusted as a covariate.
pub fn cuped_health(measured: &RunMeasure) -> Result<CupedHealth, Degenerate> {
    let [(_, assigned), _] = populations(measured);
    match (&assigned.holdout.profit, &assigned.treated.profit) {
        (Statistic::Cuped(holdout), Statistic::Cuped(treated)) => cuped::health(holdout, treated),
        _ => Err(Degenerate::MixedKinds),
    }
}

/// Margin of a day, treated less held out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayResults {
    /// The day after the decision, from 0.
    pub day: u16,
    /// Margin of that day per treated customer, in minor units.
    pub treated: f64,
    /// Margin of that day per customer held out.
    pub holdout: f64,
    /// The difference, in minor units per customer. Contacts are not in it.
    pub effect: Result<Effect, Degenerate>,
}

/// The days of the window that have passed.
pub fn by_day(measured: &RunMeasure, days: i64, cases: &mut Cases) -> Vec<DayResults> {
    let days = usize::try_from(days).unwrap_or_default().min(366);
    let mut sums = vec![[Tally::default(); 2]; days];
    let mut units = [0i64; 2];
    for person in &measured.people {
        let side = usize::from(person.arm.is_holdout());
        units[side] += 1;
        for (day, ticks) in &person.bought.days {
            if let Some(of_day) = sums.get_mut(usize::from(*day)) {
                of_day[side].add_value(*ticks, 0);
            }
        }
    }
    let each = sums.into_iter().enumerate().map(|(day, sums)| {
        let [treated, holdout] = [0, 1].map(|side| sums[side].over(units[side]));
        let (a, b) = (holdout.mean(TICKS), treated.mean(TICKS));
        cases.compare(&format!("by_day.{day}"), &a, &b, Difference::Absolute);
        DayResults {
            day: day as u16,
            treated: treated.average(TICKS),
            holdout: holdout.average(TICKS),
            effect: frequentist::welch(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Two),
        }
    });
    each.collect()
}

/// Whether what a run adds wears off from day to day, or from run to run: a line through effects, each weighted by the inverse of
/// its variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slope {
    /// Change per step.
    pub per_step: f64,
    /// Its standard error.
    pub stderr: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// The line through (step, effect, standard error): slope = S(w (x - mx)(y - my)) / S(w (x - mx)^2), w = 1 / se^2, with variance
/// 1 / S(w (x - mx)^2). None with fewer than three points.
pub fn slope(points: &[(f64, f64, f64)]) -> Option<Slope> {
    let points: Vec<_> = points.iter().filter(|(_, _, stderr)| *stderr > 0.0).collect();
    if points.len() < 3 {
        return None;
    }
    let weight = |stderr: f64| 1.0 / (stderr * stderr);
    let sum = |f: &dyn Fn(f64, f64) -> f64| points.iter().map(|(x, y, se)| weight(*se) * f(*x, *y)).sum::<f64>();
    let whole = sum(&|_, _| 1.0);
    let (mx, my) = (sum(&|x, _| x) / whole, sum(&|_, y| y) / whole);
    let spread = sum(&|x, _| (x - mx) * (x - mx));
    if spread <= 0.0 {
        return None;
    }
    let (per_step, stderr) = (sum(&|x, y| (x - mx) * (y - my)) / spread, (1.0 / spread).sqrt());
    let p_value = (2.0 * crate::experiments::distribution::normal_sf((per_step / stderr).abs())).min(1.0);
    Some(Slope { per_step, stderr, p_value })
}

/// The lift within a segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentResults {
    /// The segment as of the decision; empty for customers without one.
    pub segment: String,
    /// Treated customers.
    pub treated: usize,
    /// Customers held out.
    pub holdout: usize,
    /// Incremental profit within it, of all who were assigned.
    pub lift: Result<Lift, Degenerate>,
    /// The p-value over all segments together: a share of false alarms of 5 % (Benjamini, Hochberg); none without a lift.
    pub adjusted_p_value: Option<f64>,
}

/// The segments, the largest first.
pub fn by_segment(measured: &RunMeasure, cases: &mut Cases) -> Vec<SegmentResults> {
    let mut segments: BTreeMap<&str, [(Tally, f64); 2]> = BTreeMap::new();
    for person in &measured.people {
        let sums = segments.entry(person.decision.segment.as_deref().unwrap_or_default()).or_default();
        let (tally, conversions) = &mut sums[usize::from(person.arm.is_holdout())];
        let (post, pre) = profit_of(person);
        tally.add(post, pre);
        *conversions += f64::from(u8::from(person.orders() > 0));
    }
    let mut ordered: Vec<_> = segments.into_iter().collect();
    ordered.sort_by_key(|(name, [(treated, _), (holdout, _)])| (-(treated.n + holdout.n), *name));
    ordered.truncate(MOST_SEGMENTS);
    let mut results: Vec<SegmentResults> = ordered
        .into_iter()
        .map(|(segment, sums)| {
            let [treated, holdout] =
                sums.map(|(tally, conversions)| ArmTotals { profit: tally.cuped(TICKS), conversions });
            let case = format!("by_segment.{segment}");
            cases.compare(&case, &holdout.profit, &treated.profit, Difference::Absolute);
            SegmentResults {
                segment: segment.to_owned(),
                treated: sums[0].0.n as usize,
                holdout: sums[1].0.n as usize,
                lift: lift::lift(&Arms { treated, holdout }, Level::FIVE_PERCENT),
                adjusted_p_value: None,
            }
        })
        .collect();
    adjust(&mut results);
    results
}

fn adjust(results: &mut [SegmentResults]) {
    let with: Vec<(usize, f64)> = results
        .iter()
        .enumerate()
        .filter_map(|(i, result)| result.lift.as_ref().ok().map(|lift| (i, lift.per_customer.p_value)))
        .collect();
    let raw: Vec<f64> = with.iter().map(|(_, p)| *p).collect();
    // p-values of effects lie within 0 and 1.
    let adjusted = multiplicity::benjamini_hochberg(&raw).unwrap_or_default();
    for ((i, _), p) in with.into_iter().zip(adjusted) {
        results[i].adjusted_p_value = Some(p);
    }
}

/// The smallest true profit per customer that these arms would have found in four of five cases.
pub fn detectable(effect: &Effect) -> f64 {
    power::detectable(effect.stderr, Level::FIVE_PERCENT, lift::PLANNED_POWER).unwrap_or(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line_is_found_with_its_error() {
        let points: Vec<(f64, f64, f64)> = (0..10).map(|x| (f64::from(x), 5.0 - 0.5 * f64::from(x), 1.0)).collect();
        let found = slope(&points).unwrap();
        // S (x - mx)^2 = 82.5.
        assert!((found.per_step + 0.5).abs() < 1e-12 && (found.stderr - (1.0f64 / 82.5).sqrt()).abs() < 1e-12);
        assert!(found.p_value < 1e-4);
        assert_eq!(slope(&points[..2]), None);
        assert_eq!(slope(&[(1.0, 2.0, 1.0); 5]), None, "one step only");
    }
}
