//! What a reader should know before believing results.

use serde::Serialize;

use super::experiment::ExperimentResults;
use super::lift::{DayResults, Slope, slope};
use crate::campaigns::experiment::Goal;
use crate::experiments::cuped::CupedHealth;
use crate::experiments::{Degenerate, Effect};
use crate::operations::measure::RunMeasure;

/// Fewer days than this do not show a week.
const A_WEEK: i64 = 7;
/// Shares of prevented contacts that differ by more than this were not prevented by chance alone.
const UNEVEN: f64 = 0.02;
/// A slope with a smaller p-value is no chance.
const SIGNIFICANT: f64 = 0.05;

/// Something to know, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The code, for scripts.
    pub code: &'static str,
    /// In words.
    pub text: String,
}

fn warning(code: &'static str, text: impl Into<String>) -> Warning {
    Warning { code, text: text.into() }
}

/// Another run in which some of the same customers are contacted within the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// Its campaign.
    pub campaign: String,
    /// Its occasion.
    pub occasion: String,
    /// Customers whom both contact, or would.
    pub customers: usize,
    /// Whether it has an experiment with the same goal.
    pub same_goal: bool,
}

/// What the warnings of a run look at.
pub struct Seen<'a> {
    /// The run.
    pub measured: &'a RunMeasure,
    /// Whole days of its window that have passed.
    pub days: i64,
    /// Its experiment.
    pub experiment: Option<&'a ExperimentResults>,
    /// Its days.
    pub by_day: &'a [DayResults],
    /// Its covariate.
    pub cuped: &'a Result<CupedHealth, Degenerate>,
    /// Runs beside it.
    pub overlaps: &'a [Overlap],
}

/// The warnings of a run.
pub fn warnings(seen: &Seen<'_>) -> Vec<Warning> {
    let mut all = Vec::new();
    if seen.days < A_WEEK {
        all.push(warning(
            "under_a_week",
            format!(
                "{} full days are in; the days of a week differ, and the new wears off: wait for seven.",
                seen.days
            ),
        ));
    }
    if let Some(found) = novelty(seen.by_day) {
        all.push(warning(
            "novelty",
            format!(
                "What it adds becomes less from day to day ({:.2} minor units a customer and day, p = {:.3}): part of it may \
                 be the charm of the new, or purchases brought forward.",
                found.per_step, found.p_value
            ),
        ));
    }
    if seen.measured.spec.experiments.first().is_some_and(|experiment| experiment.goal == Goal::Open) {
        all.push(warning(
            "opens_as_goal",
            "Opens are counted by images that many programs never load and that mail proxies load by themselves: they say little \
             about people. Judge by clicks or orders.",
        ));
    }
    cuped(seen, &mut all);
    overlaps(seen, &mut all);
    if let Some(experiment) = seen.experiment {
        unequal(seen.measured, experiment, &mut all);
    }
    all
}

fn cuped(seen: &Seen<'_>, all: &mut Vec<Warning>) {
    let Ok(health) = seen.cuped else { return };
    if health.pre_period_p_value < 0.01 {
        all.push(warning(
            "arms_differed_before",
            format!(
                "The arms differed in the 90 days before already (p = {:.4}): chance, or an assignment that is not.",
                health.pre_period_p_value
            ),
        ));
    }
    if health.sign_flips {
        all.push(warning(
            "sign_flips",
            "With and without the adjustment by the 90 days before, the effect points in different directions: it is too small to \
             be told from noise, or the covariate is not what it seems.",
        ));
    }
}

fn overlaps(seen: &Seen<'_>, all: &mut Vec<Warning>) {
    for overlap in seen.overlaps {
        let more = if overlap.same_goal { ", and both experiments have the same goal" } else { "" };
        all.push(warning(
            "overlap",
            format!(
                "{} customers are also contacted in `{}` ({}) within the same time{more}: what one adds may come from the other. \
                 Lifts of campaigns must not be added up.",
                overlap.customers, overlap.campaign, overlap.occasion
            ),
        ));
    }
}

/// A message that was not sent is fine as long as all variants lose alike.
fn unequal(measured: &RunMeasure, experiment: &ExperimentResults, all: &mut Vec<Warning>) {
    let names: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
    let mut counts = vec![(0usize, 0usize); names.len()];
    for person in measured.people.iter().filter(|person| person.would_be_contacted()) {
        let variant = super::experiment::variant_of(person, &experiment.name, &names);
        if let Some(at) = variant.and_then(|variant| names.iter().position(|name| *name == variant)) {
            counts[at].0 += 1;
            counts[at].1 += usize::from(person.suppressed > 0);
        }
    }
    let shares: Vec<f64> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, lost)| *lost as f64 / *n as f64).collect();
    let (least, most) = shares.iter().fold((1.0f64, 0.0f64), |(a, b), share| (a.min(*share), b.max(*share)));
    if most - least > UNEVEN {
        all.push(warning(
            "unequally_prevented",
            format!(
                "Between {:.1} % and {:.1} % of the contacts were prevented at the last look, depending on the variant: those who \
                 got their message are not alike any more. All who were assigned are compared all the same.",
                least * 100.0,
                most * 100.0
            ),
        ));
    }
    if experiment.sample_ratio_sent.as_ref().is_some_and(|ratio| ratio.as_ref().is_ok_and(|ratio| ratio.mismatch())) {
        all.push(warning(
            "sent_unequally",
            "The messages that were accepted do not have the planned ratio: one variant is refused or lost more often.",
        ));
    }
}

/// Whether the effect of the days falls, after a first one above zero.
fn novelty(days: &[DayResults]) -> Option<Slope> {
    if days.len() < A_WEEK as usize {
        return None;
    }
    let points: Vec<(f64, f64, f64)> = days.iter().filter_map(|day| point(f64::from(day.day), &day.effect)).collect();
    let first: f64 = points.iter().take(A_WEEK as usize).map(|(_, effect, _)| effect).sum();
    slope(&points).filter(|slope| first > 0.0 && slope.per_step < 0.0 && slope.p_value < SIGNIFICANT)
}

fn point(step: f64, effect: &Result<Effect, Degenerate>) -> Option<(f64, f64, f64)> {
    effect.as_ref().ok().map(|effect| (step, effect.point_estimate, effect.stderr))
}

/// Whether a campaign wears out: its lift per customer falls from run to run. `runs`, oldest first, by lift and standard error.
pub fn worn_out(runs: &[(f64, f64)]) -> Option<(Slope, Warning)> {
    let points: Vec<(f64, f64, f64)> =
        runs.iter().enumerate().map(|(step, (effect, stderr))| (step as f64, *effect, *stderr)).collect();
    let found = slope(&points).filter(|slope| slope.per_step < 0.0 && slope.p_value < SIGNIFICANT)?;
    let text = format!(
        "What it adds falls from run to run ({:.2} minor units a customer and run, p = {:.3}): the campaign wears out. Change it, or \
         rest it.",
        found.per_step, found.p_value
    );
    Some((found, warning("worn_out", text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_wears_out_only_where_the_fall_is_no_chance() {
        let falling: Vec<(f64, f64)> = (0..8).map(|run| (50.0 - 6.0 * f64::from(run), 8.0)).collect();
        assert_eq!(worn_out(&falling).unwrap().1.code, "worn_out");
        let noisy: Vec<(f64, f64)> = falling.iter().map(|(effect, _)| (*effect, 80.0)).collect();
        assert_eq!(worn_out(&noisy), None);
        let rising: Vec<(f64, f64)> = falling.iter().rev().copied().collect();
        assert_eq!(worn_out(&rising), None);
        assert_eq!(worn_out(&falling[..2]), None);
    }
}
