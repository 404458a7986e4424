//! What a campaign earned: its arms against the holdout, its experiment, and the reconciliation of every run.
//!
//! Everybody who was assigned counts. Lifts of runs and campaigns stand beside each other and are never added up: the same
//! customer may be in several.

pub mod arms;
mod attribution;
pub mod experiment;
pub mod lift;
pub mod metrics;
mod overall;
pub mod recompute;
pub mod warnings;

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::clock::{DAY, Timestamp};
use crate::decisions::store as decisions;
use crate::deliveries::outbox::reconcile::{self, Reconciliation};
use crate::error::Result;
use crate::experiments::cuped::CupedHealth;
use crate::experiments::lift::LiftReport;
use crate::experiments::sample_ratio::{self, SampleRatio};
use crate::experiments::{Degenerate, store as experiments};
use crate::ids::CampaignRunId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::measure::{RunMeasure, measure, window_of};
use crate::outcomes::store::{self as outcomes, SignalCount};

pub use arms::{ArmResults, StandardRow};
pub use attribution::RunCredit;
pub use experiment::{ExperimentResults, VariantResults};
pub use lift::{DayResults, SegmentResults};
pub use metrics::{MetricResults, metrics};
pub use overall::{AcrossRuns, Trend, sums_by_variant};
pub use recompute::Recompute;
pub use warnings::{Overlap, Warning};

use lift::{by_day, by_segment, cuped_health, lift_of};
use recompute::Cases;

/// Results of a campaign, newest run first.
#[derive(Debug, Serialize)]
pub struct Results {
    /// The campaign.
    pub campaign: String,
    /// Who answers for it.
    pub owner: String,
    /// As of when: orders and signals that are told later, and happened before, count from then on.
    pub as_of: Timestamp,
    /// Its runs.
    pub runs: Vec<RunResults>,
    /// Whether the lift falls from run to run; none with fewer than three measured runs.
    pub trend: Option<Trend>,
    /// The present experiment over all of its runs.
    pub across_runs: Option<AcrossRuns>,
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
    /// When it is known who was kept.
    pub kept_until: Timestamp,
    /// Counts per arm.
    pub arms: Vec<ArmResults>,
    /// Shares with their denominators, and the net return.
    pub standard: StandardRow,
    /// Incremental profit against the holdout.
    pub lift: LiftReport,
    /// The lift in a sentence.
    pub words: String,
    /// Whether the margin of the 90 days before can be trusted as a covariate.
    pub cuped: Result<CupedHealth, Degenerate>,
    /// The lift by day.
    pub by_day: Vec<DayResults>,
    /// The lift by segment.
    pub by_segment: Vec<SegmentResults>,
    /// Twenty more numbers per customer; only where they are asked for.
    pub metrics: Vec<MetricResults>,
    /// What other ways of counting would credit this run with; only where they are asked for.
    pub attribution: Vec<RunCredit>,
    /// Whether the arms are as large as planned.
    pub sample_ratio: Result<SampleRatio, Degenerate>,
    /// The experiment, if there is one.
    pub experiment: Option<ExperimentResults>,
    /// What became of every message.
    pub reconciliation: Reconciliation,
    /// Opens, clicks, unsubscribes, ...
    pub signals: Vec<SignalCount>,
    /// What to know before believing it.
    pub warnings: Vec<Warning>,
    /// Customers whom other runs contact in the same time.
    pub overlaps: Vec<Overlap>,
    /// All sums that this was made of.
    pub recompute: Recompute,
}

/// Results of all runs of a campaign, with all there is to say.
///
/// # Errors
/// Not found.
pub fn results(ws: &Workspace, name: &str) -> Result<Results> {
    let (campaign, spec, runs) = ws.store().read(|conn| {
        let campaign = campaigns::by_name(conn, name)?;
        let spec = campaigns::version(conn, campaign.id, campaign.version)?.spec;
        let runs = campaigns::runs(conn, campaign.id)?;
        Ok((campaign, spec, runs))
    })?;
    let mut made = Vec::new();
    let mut across = overall::Collected::new(&spec);
    for run in &runs {
        let measured = measure(ws, run.id)?;
        let mut cases = Cases::default();
        let metrics = metrics::metrics(ws, &measured, &mut cases)?;
        let attribution = attribution::credits(ws, &measured)?;
        across.add(ws, &measured)?;
        made.push(RunResults { metrics, attribution, ..of_measured(ws, &measured, cases)? });
    }
    Ok(Results {
        campaign: name.to_owned(),
        owner: spec.owner.clone(),
        as_of: ws.now(),
        trend: overall::trend(&made),
        across_runs: across.finish(ws, &campaign)?,
        runs: made,
    })
}

/// Results of one run, without what takes longer to read: other numbers and attribution.
pub fn of_run(ws: &Workspace, run: CampaignRunId) -> Result<RunResults> {
    of_measured(ws, &measure(ws, run)?, Cases::default())
}

/// The same from what was read.
pub fn of_measured(ws: &Workspace, measured: &RunMeasure, mut cases: Cases) -> Result<RunResults> {
    let (run, now) = (measured.run.id, ws.now());
    let (reconciliation, signals, weights) = ws.store().read(|conn| {
        Ok((
            reconcile::reconcile(conn, run)?,
            outcomes::counts_of_run(conn, run)?,
            experiments::periods_of_run(conn, run)?,
        ))
    })?;
    let days = measured.days(now);
    let lift = lift_of(measured, &mut cases);
    let currency = ws.settings().currency;
    let words = match &lift.assigned {
        Ok(lift) => {
            lift.in_words(|amount| format!("{} {}", currency.show(Money(amount.round() as i64)), currency.code()))
        }
        Err(why) => format!("Nothing can be said yet: {why}."),
    };
    let sample_ratio = ratio(ws, measured, &mut cases);
    let (by_day, by_segment) = (by_day(measured, days, &mut cases), by_segment(measured, &mut cases));
    let experiment = experiment::experiment(measured, &weights, now, &mut cases);
    let (cuped, overlaps) = (cuped_health(measured), overlaps(ws, measured)?);
    let seen = warnings::Seen {
        measured,
        days,
        experiment: experiment.as_ref(),
        by_day: &by_day,
        cuped: &cuped,
        overlaps: &overlaps,
    };
    Ok(RunResults {
        run,
        occasion: measured.run.occasion.clone(),
        decided_at: measured.run.decided_at,
        window_until: measured.window.1,
        is_final: measured.is_over(now),
        kept_until: measured.kept_until,
        arms: arms::arms(measured),
        standard: arms::standard_row(measured, lift.assigned.as_ref().ok()),
        warnings: warnings::warnings(&seen),
        words,
        lift,
        cuped,
        by_day,
        by_segment,
        metrics: Vec::new(),
        attribution: Vec::new(),
        sample_ratio,
        experiment,
        reconciliation,
        signals,
        overlaps,
        recompute: cases.finish(measured.run.seed),
    })
}

/// Treated against held out, as the definition planned them.
fn ratio(ws: &Workspace, measured: &RunMeasure, cases: &mut Cases) -> Result<SampleRatio, Degenerate> {
    let global = ws.settings().holdout;
    let held = global + (1.0 - global) * measured.spec.holdout;
    let holdout = measured.people.iter().filter(|person| person.arm.is_holdout()).count();
    let users = [(measured.people.len() - holdout) as f64, holdout as f64];
    cases.sizes("sample_ratio", &users, &[1.0 - held, held]);
    sample_ratio::check(&users, &[1.0 - held, held])
}

/// Runs of other campaigns that contact some of the same customers within the same time.
fn overlaps(ws: &Workspace, measured: &RunMeasure) -> Result<Vec<Overlap>> {
    let (from, until) = measured.window;
    ws.store().read(|conn| {
        let mut found = Vec::new();
        for other in campaigns::runs_between(conn, from.plus(-400 * DAY), until)? {
            if other.campaign_id == measured.run.campaign_id {
                continue;
            }
            let spec = campaigns::version(conn, other.campaign_id, other.version)?.spec;
            if window_of(&other, &spec).1 <= from {
                continue;
            }
            let theirs = decisions::contacted_in(conn, other.id)?;
            let both = |person: &&crate::operations::measure::Measured| {
                person.would_be_contacted() && theirs.binary_search(&person.decision.customer_id).is_ok()
            };
            let customers = measured.people.iter().filter(both).count();
            if customers > 0 {
                let goal = |spec: &crate::campaigns::CampaignSpec| spec.experiments.first().map(|e| e.goal);
                let same_goal = goal(&spec).is_some() && goal(&spec) == goal(&measured.spec);
                let campaign = campaigns::by_id(conn, other.campaign_id)?.name;
                found.push(Overlap { campaign, occasion: other.occasion, customers, same_goal });
            }
        }
        Ok(found)
    })
}

/// How many whole days of a run's window have passed, of how many.
pub fn days_of_window(results: &RunResults, now: Timestamp) -> (i64, i64) {
    let whole = |micros: i64| micros.div_euclid(DAY);
    let length = whole(results.window_until.0 - results.decided_at.0);
    (whole(now.0 - results.decided_at.0).clamp(0, length), length)
}
