//! What a campaign earned: its arms against the holdout, its experiment, and the reconciliation of every run.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::clock::{DAY, Timestamp};
use crate::decisions::Arm;
use crate::deliveries::outbox::reconcile::{self, Reconciliation};
use crate::error::Result;
use crate::experiments::cuped::CupedSums;
use crate::experiments::lift::{self, ArmTotals, Arms, LiftReport};
use crate::experiments::power::{self, Shares};
use crate::experiments::sample_ratio::{self, SampleRatio};
use crate::experiments::statistic::{ProportionSums, Statistic};
use crate::experiments::verdict::{Comparison, Evidence, Looking, Verdict, judge};
use crate::experiments::{Degenerate, Difference, Level, Sides, frequentist};
use crate::ids::CampaignRunId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::measure::{Measured, RunMeasure, measure};
use crate::outcomes::store::{self as outcomes, SignalCount};

/// The smallest difference in conversion between variants that matters, as a share.
const MATTERS: f64 = 0.005;

/// Results of a campaign, newest run first.
#[derive(Debug, Serialize)]
pub struct Results {
    /// The campaign.
    pub campaign: String,
    /// As of when.
    pub as_of: Timestamp,
    /// Its runs.
    pub runs: Vec<RunResults>,
}

/// Results of one run. Amounts in minor units.
#[derive(Debug, Serialize)]
pub struct RunResults {
    /// The run.
    pub run: CampaignRunId,
    /// What it is the run of.
    pub occasion: String,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Orders before this instant count.
    pub window_until: Timestamp,
    /// Whether the window has ended; before, everything here is preliminary.
    pub is_final: bool,
    /// Counts per arm.
    pub arms: Vec<ArmResults>,
    /// Incremental profit against the holdout.
    pub lift: LiftReport,
    /// The lift in a sentence.
    pub words: String,
    /// Whether the arms are as large as planned.
    pub sample_ratio: Result<SampleRatio, Degenerate>,
    /// The experiment over templates, if there is one.
    pub experiment: Option<ExperimentResults>,
    /// What became of every message.
    pub reconciliation: Reconciliation,
    /// Opens, clicks, unsubscribes, ...
    pub signals: Vec<SignalCount>,
}

/// Counts of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmResults {
    /// `treated`, `exploration`, `global_holdout`, `campaign_holdout`.
    pub arm: &'static str,
    /// Customers.
    pub customers: usize,
    /// Of these, contacted.
    pub contacted: usize,
    /// Customers with an order in the window.
    pub converted: usize,
    /// Their revenue.
    pub revenue: Money,
    /// Margin less contacts.
    pub profit: Money,
}

/// An experiment over templates.
#[derive(Debug, Serialize)]
pub struct ExperimentResults {
    /// Its name.
    pub name: String,
    /// Customers contacted and converted, per variant.
    pub variants: Vec<VariantResults>,
    /// What follows.
    pub verdict: Verdict,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantResults {
    /// Its name.
    pub name: String,
    /// Customers assigned to it whom the decision wanted to contact.
    pub customers: usize,
    /// Of these, with an order in the window.
    pub converted: usize,
    /// The share.
    pub rate: f64,
    /// Margin less contacts.
    pub profit: Money,
}

/// Results of all runs of a campaign.
///
/// # Errors
/// Not found.
pub fn results(ws: &Workspace, name: &str) -> Result<Results> {
    let runs = ws.store().read(|conn| {
        let campaign = campaigns::by_name(conn, name)?;
        campaigns::runs(conn, campaign.id)
    })?;
    let runs = runs.iter().map(|run| of_run(ws, run.id)).collect::<Result<Vec<_>>>()?;
    Ok(Results { campaign: name.to_owned(), as_of: ws.now(), runs })
}

/// Results of one run.
pub fn of_run(ws: &Workspace, run: CampaignRunId) -> Result<RunResults> {
    let measured = measure(ws, run)?;
    let (reconciliation, signals) =
        ws.store().read(|conn| Ok((reconcile::reconcile(conn, run)?, outcomes::counts_of_run(conn, run)?)))?;
    let lift = lift_of(&measured);
    let currency = ws.settings().currency;
    let words = match &lift.assigned {
        Ok(lift) => {
            lift.in_words(|amount| format!("{} {}", currency.show(Money(amount.round() as i64)), currency.code()))
        }
        Err(why) => format!("Nothing can be said yet: {why}."),
    };
    Ok(RunResults {
        run,
        occasion: measured.run.occasion.clone(),
        decided_at: measured.run.decided_at,
        window_until: measured.window.1,
        is_final: measured.is_over(ws.now()),
        arms: arms(&measured),
        words,
        lift,
        sample_ratio: ratio(ws, &measured),
        experiment: experiment(&measured, ws.now()),
        reconciliation,
        signals,
    })
}

fn arms(measured: &RunMeasure) -> Vec<ArmResults> {
    let mut arms: BTreeMap<Arm, ArmResults> = BTreeMap::new();
    for person in &measured.people {
        let arm = arms.entry(person.arm).or_insert_with(|| ArmResults {
            arm: person.arm.name(),
            customers: 0,
            contacted: 0,
            converted: 0,
            revenue: Money::ZERO,
            profit: Money::ZERO,
        });
        arm.customers += 1;
        arm.contacted += usize::from(person.contacts > 0);
        arm.converted += usize::from(person.orders > 0);
        arm.revenue = arm.revenue + Money(person.revenue);
        arm.profit = arm.profit + Money(person.profit().round() as i64);
    }
    arms.into_values().collect()
}

/// Profit per customer with the profit before as covariate, and conversions.
fn totals<'a>(people: impl Iterator<Item = &'a Measured>) -> ArmTotals {
    let mut sums = CupedSums {
        n: 0.0,
        post_sum: 0.0,
        post_sum_squares: 0.0,
        pre_sum: 0.0,
        pre_sum_squares: 0.0,
        post_pre_sum_of_products: 0.0,
    };
    let mut conversions = 0.0;
    for person in people {
        let (post, pre) = (person.profit(), person.before);
        sums.n += 1.0;
        sums.post_sum += post;
        sums.post_sum_squares += post * post;
        sums.pre_sum += pre;
        sums.pre_sum_squares += pre * pre;
        sums.post_pre_sum_of_products += post * pre;
        conversions += f64::from(u8::from(person.orders > 0));
    }
    ArmTotals { profit: Statistic::Cuped(sums), conversions }
}

fn lift_of(measured: &RunMeasure) -> LiftReport {
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
    lift::report(&assigned, &would_be_contacted, Level::FIVE_PERCENT)
}

/// Treated against held out, as the definition planned them.
fn ratio(ws: &Workspace, measured: &RunMeasure) -> Result<SampleRatio, Degenerate> {
    let global = ws.settings().holdout;
    let held = global + (1.0 - global) * measured.spec.holdout;
    let holdout = measured.people.iter().filter(|person| person.arm.is_holdout()).count();
    sample_ratio::check(&[(measured.people.len() - holdout) as f64, holdout as f64], &[1.0 - held, held])
}

fn experiment(measured: &RunMeasure, now: Timestamp) -> Option<ExperimentResults> {
    let spec = measured.spec.experiments.first()?;
    let weights: Vec<f64> = spec.buckets().iter().map(|(_, buckets)| f64::from(*buckets)).collect();
    let variants: Vec<VariantResults> =
        spec.variants.iter().map(|variant| variant_results(measured, &variant.name)).collect();
    let (control, others) = variants.split_first()?;
    let share = |variant: &VariantResults| {
        Statistic::Proportion(ProportionSums { n: variant.customers as f64, sum: variant.converted as f64 })
    };
    let comparisons = others.iter().map(|variant| Comparison {
        variant: variant.name.clone(),
        units: control.customers.min(variant.customers) as f64,
        goal: frequentist::welch(
            &share(control),
            &share(variant),
            Difference::Absolute,
            Level::FIVE_PERCENT,
            Sides::Two,
        ),
        guardrails: Vec::new(),
    });
    let sizes: Vec<f64> = variants.iter().map(|variant| variant.customers as f64).collect();
    let evidence = Evidence {
        sample_ratio: sample_ratio::check(&sizes, &weights),
        comparisons: comparisons.collect(),
        level: Level::FIVE_PERCENT,
        matters: MATTERS,
        looking: Looking::Once { planned: planned(control.rate) },
        days: (now.days_since(measured.run.decided_at)).floor(),
    };
    Some(ExperimentResults { name: spec.name.clone(), verdict: judge(&evidence), variants })
}

/// Units per variant that a fair test of the smallest difference that matters needs, at the control's own rate.
fn planned(rate: f64) -> f64 {
    let rate = rate.clamp(0.001, 0.99);
    let shares = Shares { p0: rate, p1: (rate + MATTERS * 4.0).min(0.999), ratio: 1.0 };
    power::sample_size(shares, Level::FIVE_PERCENT, 0.8).map_or(f64::INFINITY, |size| size.n1_ceil)
}

/// Everybody whom the decision wanted to contact under this variant, whether the message arrived or not.
fn variant_results(measured: &RunMeasure, name: &str) -> VariantResults {
    let of_variant = |person: &&Measured| {
        person.arm == Arm::Treated && person.would_be_contacted() && person.decision.variant.as_deref() == Some(name)
    };
    let mut result =
        VariantResults { name: name.to_owned(), customers: 0, converted: 0, rate: 0.0, profit: Money::ZERO };
    for person in measured.people.iter().filter(of_variant) {
        result.customers += 1;
        result.converted += usize::from(person.orders > 0);
        result.profit = result.profit + Money(person.profit().round() as i64);
    }
    result.rate = result.converted as f64 / result.customers.max(1) as f64;
    result
}

/// How many whole days of a run's window have passed, of how many.
pub fn days_of_window(results: &RunResults, now: Timestamp) -> (i64, i64) {
    let whole = |micros: i64| micros.div_euclid(DAY);
    let length = whole(results.window_until.0 - results.decided_at.0);
    (whole(now.0 - results.decided_at.0).clamp(0, length), length)
}
