//! What the runs of a campaign say together: whether the lift falls from run to run, and an experiment over all of its runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::RunResults;
use super::experiment::{goal_of, variant_of};
use super::lift::Slope;
use super::warnings::{Warning, worn_out};
use crate::campaigns::experiment::{BUCKETS, Goal};
use crate::campaigns::store::Campaign;
use crate::campaigns::{CampaignSpec, ExperimentSpec};
use crate::error::Result;
use crate::experiments::adaptive::{self, AdaptiveEffect, PeriodArm};
use crate::experiments::statistic::{MeanSums, Statistic};
use crate::experiments::store::{self as experiments, SettledVariant};
use crate::experiments::{Degenerate, Level};
use crate::operations::Workspace;
use crate::operations::measure::RunMeasure;
use crate::operations::measure::purchases::TICKS;
use crate::operations::measure::tally::Tally;
use crate::operations::variants::salt_of;

/// The lift per customer from run to run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// Lift per assigned customer of each measured run, oldest first, with its standard error; minor units.
    pub lifts: Vec<(f64, f64)>,
    /// The line through them, each weighted by the inverse of its variance.
    pub slope: Option<Slope>,
    /// Said where the fall is no chance: a worn-out campaign.
    pub warning: Option<Warning>,
}

/// The trend of runs whose windows have ended; none with fewer than three.
pub fn trend(runs: &[RunResults]) -> Option<Trend> {
    let measured = runs.iter().rev().filter(|run| run.is_final);
    let lifts: Vec<(f64, f64)> = measured
        .filter_map(|run| run.lift.assigned.as_ref().ok())
        .map(|lift| (lift.per_customer.point_estimate, lift.per_customer.stderr))
        .collect();
    if lifts.len() < 3 {
        return None;
    }
    let points: Vec<(f64, f64, f64)> =
        lifts.iter().enumerate().map(|(step, (lift, stderr))| (step as f64, *lift, *stderr)).collect();
    let warning = worn_out(&lifts).map(|(_, warning)| warning);
    Some(Trend { slope: super::lift::slope(&points), warning, lifts })
}

/// An experiment over all runs with the same draws. Each run is a stratum with the weights that it drew by, so that weights that
/// moved with the outcomes do not mislead.
#[derive(Debug, Serialize)]
pub struct AcrossRuns {
    /// The experiment.
    pub experiment: String,
    /// What it is judged by.
    pub goal: &'static str,
    /// Its runs.
    pub runs: usize,
    /// Each other variant against the control, per customer and run.
    pub comparisons: Vec<AcrossVariant>,
    /// What was settled: who won, who was stopped, and why.
    pub settled: Vec<SettledVariant>,
}

/// One variant over all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AcrossVariant {
    /// The variant.
    pub variant: String,
    /// Its effect, in the goal's unit (amounts in minor units).
    pub effect: Result<AdaptiveEffect, Degenerate>,
}

/// Runs under collection.
pub(super) struct Collected<'a> {
    spec: Option<(&'a ExperimentSpec, String)>,
    periods: Vec<Vec<PeriodArm>>,
}

impl<'a> Collected<'a> {
    pub fn new(spec: &'a CampaignSpec) -> Collected<'a> {
        let first = spec.experiments.first();
        Collected { spec: first.map(|experiment| (experiment, salt_of(spec, experiment))), periods: Vec::new() }
    }

    /// Adds a run of the present experiment.
    pub fn add(&mut self, ws: &Workspace, measured: &RunMeasure) -> Result<()> {
        let Some((spec, salt)) = &self.spec else { return Ok(()) };
        let same = |other: &ExperimentSpec| other.name == spec.name && salt_of(&measured.spec, other) == *salt;
        if !measured.spec.experiments.first().is_some_and(same) {
            return Ok(());
        }
        let weights = ws.store().read(|conn| experiments::periods_of_run(conn, measured.run.id))?;
        let sums = sums_by_variant(measured, spec);
        if sums.values().all(|tally| tally.n == 0) {
            return Ok(());
        }
        let written: BTreeMap<String, u32> = spec.buckets().into_iter().collect();
        let arms = spec.variants.iter().map(|variant| {
            let kept = weights.iter().find(|period| period.variant == variant.name);
            let buckets = kept.map_or(written[&variant.name] as i32, |period| period.buckets);
            let tally = sums.get(variant.name.as_str()).copied().unwrap_or_default();
            PeriodArm { propensity: f64::from(buckets) / f64::from(BUCKETS), sums: mean_sums(&tally, spec.goal) }
        });
        self.periods.push(arms.collect());
        Ok(())
    }

    /// The comparisons; none without an experiment or a run.
    pub fn finish(self, ws: &Workspace, campaign: &Campaign) -> Result<Option<AcrossRuns>> {
        let Some((spec, salt)) = self.spec.filter(|_| !self.periods.is_empty()) else { return Ok(None) };
        let settled = ws.store().read(|conn| experiments::settled(conn, campaign.id, &spec.name, &salt))?;
        let others = spec.variants.iter().enumerate().skip(1).map(|(at, variant)| AcrossVariant {
            variant: variant.name.clone(),
            effect: adaptive::compare(&self.periods, (0, at), Level::FIVE_PERCENT),
        });
        Ok(Some(AcrossRuns {
            experiment: spec.name.clone(),
            goal: spec.goal.name(),
            runs: self.periods.len(),
            comparisons: others.collect(),
            settled,
        }))
    }
}

/// The sums of the goal by variant: of those who would be contacted where variants differ in their messages alone, else of all
/// who were assigned.
pub fn sums_by_variant<'a>(measured: &RunMeasure, spec: &'a ExperimentSpec) -> BTreeMap<&'a str, Tally> {
    let names: Vec<&str> = spec.variants.iter().map(|variant| variant.name.as_str()).collect();
    let messages_only = spec.varies_messages_only();
    let mut sums: BTreeMap<&str, Tally> = names.iter().map(|name| (*name, Tally::default())).collect();
    for person in measured.people.iter().filter(|person| !messages_only || person.would_be_contacted()) {
        if let Some(tally) = variant_of(person, &spec.name, &names).and_then(|name| sums.get_mut(name)) {
            let (post, pre) = goal_of(person, spec.goal);
            tally.add(post, pre);
        }
    }
    sums
}

fn mean_sums(tally: &Tally, goal: Goal) -> MeanSums {
    match tally.mean(if goal.is_share() { 1.0 } else { TICKS }) {
        Statistic::Mean(sums) => sums,
        _ => MeanSums { n: 0.0, sum: 0.0, sum_squares: 0.0, shift: 0.0 },
    }
}
