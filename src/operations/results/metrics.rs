//! Twenty more numbers per customer: against the holdout, and variant against control, with p-values over all of them together.

use std::collections::HashMap;

use serde::Serialize;

use super::recompute::Cases;
use crate::decisions::Arm;
use crate::error::Result;
use crate::experiments::{Degenerate, Difference, Effect, Level, Sides, frequentist, multiplicity};
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::operations::measure::RunMeasure;
use crate::operations::measure::metrics::{self, Summed};
use crate::operations::measure::tally::Tally;

/// A number per customer within the window, adjusted by the same of the 90 days before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricResults {
    /// Its name.
    pub metric: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Mean per treated customer.
    pub treated: f64,
    /// Mean per customer held out.
    pub holdout: f64,
    /// Treated less held out.
    pub against_holdout: Result<Effect, Degenerate>,
    /// Each other variant less the control, of all who were assigned.
    pub variants: Vec<MetricOfVariant>,
}

/// A variant's number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricOfVariant {
    /// The variant.
    pub variant: String,
    /// Mean per customer.
    pub mean: f64,
    /// Less the control's.
    pub effect: Result<Effect, Degenerate>,
    /// The p-value over all metrics and variants together (Holm); none without an effect.
    pub adjusted_p_value: Option<f64>,
}

/// Arms of the sums: the treated without a variant, the holdout, then the variants.
const OTHERS: u8 = 0;
const HOLDOUT: u8 = 1;
const FIRST: u8 = 2;

/// All metrics of a run.
pub fn metrics(ws: &Workspace, measured: &RunMeasure, cases: &mut Cases) -> Result<Vec<MetricResults>> {
    let names = variants(measured);
    let arm_of: HashMap<CustomerId, u8> =
        measured.people.iter().map(|person| (person.decision.customer_id, arm_of(measured, person, &names))).collect();
    let sums = metrics::sum(ws, &arm_of, names.len() + usize::from(FIRST), measured.window)?;
    Ok(compare(&sums, &names, cases))
}

fn variants(measured: &RunMeasure) -> Vec<&str> {
    let spec = measured.spec.experiments.first();
    spec.map(|spec| spec.variants.iter().map(|variant| variant.name.as_str()).collect()).unwrap_or_default()
}

fn arm_of(measured: &RunMeasure, person: &crate::operations::measure::Measured, names: &[&str]) -> u8 {
    if person.arm.is_holdout() {
        return HOLDOUT;
    }
    let Some(spec) = measured.spec.experiments.first().filter(|_| person.arm == Arm::Treated) else { return OTHERS };
    let variant = super::experiment::variant_of(person, &spec.name, names);
    let at = variant.and_then(|variant| names.iter().position(|name| *name == variant));
    at.map_or(OTHERS, |at| FIRST + at as u8)
}

/// The statistics alone, from sums.
fn compare(sums: &[Summed], names: &[&str], cases: &mut Cases) -> Vec<MetricResults> {
    let (absolute, level) = (Difference::Absolute, Level::FIVE_PERCENT);
    let mut all: Vec<MetricResults> = Vec::new();
    for Summed { metric, arms } in sums {
        let scale = metric.scale;
        let holdout = arms[usize::from(HOLDOUT)];
        let treated = arms
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != usize::from(HOLDOUT))
            .fold(Tally::default(), |sum, (_, arm)| sum.and(*arm));
        let mut effect = |id: String, a: &Tally, b: &Tally| {
            let (a, b) = (a.cuped(scale), b.cuped(scale));
            cases.compare(&id, &a, &b, absolute);
            frequentist::welch(&a, &b, absolute, level, Sides::Two)
        };
        let against_holdout = effect(format!("metric.{}", metric.name), &holdout, &treated);
        let control = arms.get(usize::from(FIRST)).copied().unwrap_or_default();
        let others = names.iter().enumerate().skip(1).map(|(at, name)| {
            let arm = &arms[usize::from(FIRST) + at];
            MetricOfVariant {
                variant: (*name).to_owned(),
                mean: arm.average(scale),
                effect: effect(format!("metric.{}.{name}", metric.name), &control, arm),
                adjusted_p_value: None,
            }
        });
        let variants = others.collect();
        let (treated, holdout) = (treated.average(scale), holdout.average(scale));
        all.push(MetricResults { metric: metric.name, unit: metric.unit, treated, holdout, against_holdout, variants });
    }
    adjust(&mut all);
    all
}

fn adjust(all: &mut [MetricResults]) {
    let mut cells: Vec<&mut MetricOfVariant> = all.iter_mut().flat_map(|metric| metric.variants.iter_mut()).collect();
    cells.retain(|cell| cell.effect.is_ok());
    let raw: Vec<f64> =
        cells.iter().filter_map(|cell| cell.effect.as_ref().ok().map(|effect| effect.p_value)).collect();
    // p-values of effects lie within 0 and 1.
    let adjusted = multiplicity::holm(&raw).unwrap_or_default();
    cells.into_iter().zip(adjusted).for_each(|(cell, p)| cell.adjusted_p_value = Some(p));
}
