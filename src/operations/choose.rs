//! Decides experiments: the rest of an audience after a test, by the data when the wait has ended or by a person; the winner for all
//! later runs; and variants that do harm are stopped.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::campaigns::experiment::{Decider, Otherwise};
use crate::campaigns::store::{self as campaigns, Campaign, REST};
use crate::campaigns::{CampaignSpec, ExperimentSpec, State};
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Fault, Kind, Result};
use crate::experiments::store::{self as experiments, STOPPED, SettledVariant, Test, TestState, WON};
use crate::experiments::verdict::{Choice, Verdict};
use crate::ids::CampaignRunId;
use crate::operations::results::{self, RunResults};
use crate::operations::variants::salt_of;
use crate::operations::webhooks::news;
use crate::operations::{Workspace, audit, run};
use crate::storage::Connection;

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// The variant; without one the data decide, and are refused where they cannot carry it.
    pub variant: Option<String>,
    /// Of which run's test; the latest that is open when absent.
    pub run: Option<i64>,
}

/// What was decided.
#[derive(Debug, Clone, Serialize)]
pub struct Decided {
    /// The campaign.
    pub campaign: String,
    /// The experiment.
    pub experiment: String,
    /// The variant.
    pub variant: String,
    /// What it is for: `rest` of a tested audience, or all `later` runs.
    pub holds_for: &'static str,
    /// The test's run.
    pub run: Option<CampaignRunId>,
    /// What the data said.
    pub verdict: Option<Verdict>,
}

/// What decides: campaign, present definition, experiment.
struct Known {
    campaign: Campaign,
    spec: CampaignSpec,
}

impl Known {
    fn of(conn: &mut Connection, name: &str) -> Result<Known> {
        let campaign = campaigns::by_name(conn, name)?;
        let spec = campaigns::version(conn, campaign.id, campaign.version)?.spec;
        Ok(Known { campaign, spec })
    }

    fn experiment(&self) -> Result<&ExperimentSpec> {
        let name = &self.campaign.name;
        self.spec
            .experiments
            .first()
            .ok_or_else(|| Error::not_found(format!("the campaign `{name}` has no experiment")))
    }
}

/// Decides by the data, or by hand where a variant is named; any variant may be named. The rest of a tested audience gets its run by
/// a job, once.
///
/// # Errors
/// Not found; invalid for a variant that does not exist; conflict, when the data do not carry a winner, or it was decided before.
pub fn decide(ws: &Workspace, name: &str, asked: &Asked, actor: &str) -> Result<Decided> {
    let (known, tests) = ws.store().read(|conn| {
        let known = Known::of(conn, name)?;
        let tests = experiments::tests_of(conn, known.campaign.id)?;
        Ok((known, tests))
    })?;
    let experiment = known.experiment()?;
    if let Some(variant) = asked.variant.as_deref().filter(|variant| experiment.variant(variant).is_none()) {
        let there: Vec<&str> = experiment.variants.iter().map(|variant| variant.name.as_str()).collect();
        let message = format!("`{variant}` is no variant; there are: {}", there.join(", "));
        return Err(Error::faults("the experiment cannot be decided", vec![Fault::at("variant", message)]));
    }
    let open = [TestState::Waiting.as_str(), TestState::Asking.as_str()];
    let test = match asked.run {
        Some(run) => {
            let found = tests.iter().find(|test| test.campaign_run_id.0 == run);
            Some(found.ok_or_else(|| Error::not_found(format!("run {run} is no test of the campaign `{name}`")))?)
        }
        None => tests.iter().find(|test| open.contains(&test.state.as_str())),
    };
    match test {
        Some(test) => decide_test(ws, &known, test, asked, actor),
        None if experiment.test.is_some() => {
            Err(Error::conflict("no test waits for a decision: every run that was tested has its rest"))
        }
        None => settle(ws, &known, asked, actor),
    }
}

/// The verdict of a run, as it is kept: all sums that it was made of beside it.
fn because(results: &RunResults, word: &str) -> Result<String> {
    let verdict = results.experiment.as_ref().map(|experiment| &experiment.verdict);
    Ok(serde_json::to_string(&json!({ "decided": word, "verdict": verdict, "recompute": results.recompute }))?)
}

fn winner(results: &RunResults) -> Result<String> {
    let experiment = results.experiment.as_ref();
    let experiment = experiment.ok_or_else(|| Error::conflict("nobody was assigned to a variant in this run"))?;
    experiment.verdict.require_winner().map(str::to_owned)
}

fn decide_test(ws: &Workspace, known: &Known, test: &Test, asked: &Asked, actor: &str) -> Result<Decided> {
    let now = ws.now();
    let results = results::of_run(ws, test.campaign_run_id)?;
    let (variant, word) = match &asked.variant {
        Some(variant) => (variant.clone(), "by hand"),
        None => (winner(&results)?, "by the data, asked for by hand"),
    };
    let because = because(&results, word)?;
    ws.store().write(|conn| {
        experiments::decide_test(conn, test.campaign_run_id, &variant, (actor, &because), now)?;
        let told = (Some(&*variant), &*because);
        news::settled(conn, "experiment.decided", &known.campaign, &test.experiment, told, now)?;
        audit::write(
            conn,
            actor,
            "experiment.decide",
            &known.campaign.name,
            &format!("{variant} for the rest, {word}"),
            now,
        )
    })?;
    Ok(Decided {
        campaign: known.campaign.name.clone(),
        experiment: test.experiment.clone(),
        variant,
        holds_for: "rest",
        run: Some(test.campaign_run_id),
        verdict: results.experiment.map(|experiment| experiment.verdict),
    })
}

/// Settles the winner for all later runs.
fn settle(ws: &Workspace, known: &Known, asked: &Asked, actor: &str) -> Result<Decided> {
    let (experiment, now) = (known.experiment()?, ws.now());
    let last = ws.store().read(|conn| campaigns::runs(conn, known.campaign.id))?.into_iter().next();
    let results = last.map(|run| results::of_run(ws, run.id)).transpose()?;
    let (variant, word) = match (&asked.variant, &results) {
        (Some(variant), _) => (variant.clone(), "by hand"),
        (None, Some(results)) => (winner(results)?, "by the data, asked for by hand"),
        (None, None) => return Err(Error::conflict("it has had no run yet: there are no data to decide by")),
    };
    let because = match &results {
        Some(results) => because(results, word)?,
        None => json!({ "decided": word }).to_string(),
    };
    ws.store().write(|conn| {
        let told = (Some(&*variant), &*because);
        news::settled(conn, "experiment.decided", &known.campaign, &experiment.name, told, now)?;
        experiments::settle(conn, settled(known, experiment, WON, &variant, (actor, because), now))?;
        audit::write(
            conn,
            actor,
            "experiment.decide",
            &known.campaign.name,
            &format!("{variant} for later runs, {word}"),
            now,
        )
    })?;
    Ok(Decided {
        campaign: known.campaign.name.clone(),
        experiment: experiment.name.clone(),
        variant,
        holds_for: "later",
        run: None,
        verdict: results.and_then(|results| results.experiment).map(|experiment| experiment.verdict),
    })
}

fn settled(
    known: &Known,
    experiment: &ExperimentSpec,
    kind: &str,
    variant: &str,
    (by, because): (&str, String),
    now: Timestamp,
) -> SettledVariant {
    SettledVariant {
        id: 0,
        campaign_id: known.campaign.id,
        experiment: experiment.name.clone(),
        salt: salt_of(&known.spec, experiment),
        kind: kind.to_owned(),
        variant: variant.to_owned(),
        decided_by: by.to_owned(),
        decided_at: now,
        because,
    }
}

/// Does what is due about a test: decides it when its wait has ended, and starts the rest when it is decided. Whoever does it twice,
/// or at once with somebody else, writes to nobody twice: a rest has one run.
///
/// # Errors
/// Unavailable, when store or history do not answer; it is tried again.
pub fn follow(ws: &Workspace, run: CampaignRunId, actor: &str) -> Result<String> {
    let now = ws.now();
    let Some((test, known)) = ws.store().read(|conn| {
        let Some(test) = experiments::test_of(conn, run)? else { return Ok(None) };
        let name = campaigns::by_id(conn, test.campaign_id)?.name;
        Ok(Some((test, Known::of(conn, &name)?)))
    })?
    else {
        return Err(Error::not_found("the run is no test"));
    };
    let state = test.state.as_str();
    if state == TestState::Done.as_str()
        || state == TestState::Abandoned.as_str()
        || state == TestState::Asking.as_str()
    {
        return Ok(format!("nothing to do: {state}"));
    }
    if known.campaign.version != test.version || known.campaign.state == State::Cancelled.as_str() {
        let from = if state == TestState::Decided.as_str() { TestState::Decided } else { TestState::Waiting };
        let why = "the campaign was cancelled or changed before the rest had its run";
        ws.store().write(|conn| {
            if experiments::move_test(conn, run, from, TestState::Abandoned, &json!({ "decided": why }).to_string())? {
                audit::write(conn, actor, "experiment.abandon", &known.campaign.name, why, now)?;
            }
            Ok(())
        })?;
        return Ok(format!("abandoned: {why}"));
    }
    if state == TestState::Waiting.as_str() {
        if test.decide_at > now {
            return Ok("it still waits".to_owned());
        }
        if !decide_by_data(ws, &known, &test, actor)? {
            return Ok("a person is to decide".to_owned());
        }
    }
    start_rest(ws, &known, &test, actor)
}

/// Whether it is decided now.
fn decide_by_data(ws: &Workspace, known: &Known, test: &Test, actor: &str) -> Result<bool> {
    let (experiment, now) = (known.experiment()?, ws.now());
    let spec = experiment.test.as_ref().ok_or_else(|| Error::internal("a test without its terms"))?;
    let results = results::of_run(ws, test.campaign_run_id)?;
    let choice = results.experiment.as_ref().map(|experiment| experiment.verdict.choice);
    let by_data = match (spec.decide, choice) {
        (Decider::ByHand, _) | (_, Some(Choice::Broken)) => None,
        (Decider::Automatic, Some(Choice::Ship)) => Some((winner(&results)?, "by the data")),
        // No variant is better, or none differs: that is an answer, and the control is what it says.
        (Decider::Automatic, Some(Choice::Keep | Choice::NoDifference)) => {
            Some((experiment.variants[0].name.clone(), "by the data: the control"))
        }
        (Decider::Automatic, Some(Choice::Inconclusive) | None) if spec.otherwise == Otherwise::Control => {
            Some((experiment.variants[0].name.clone(), "the data carry no winner: the control"))
        }
        (Decider::Automatic, Some(Choice::Inconclusive) | None) => None,
    };
    let (run, name) = (test.campaign_run_id, &known.campaign.name);
    match by_data {
        Some((variant, word)) => {
            let because = because(&results, word)?;
            ws.store().write(|conn| {
                experiments::decide_test(conn, run, &variant, (actor, &because), now)?;
                let told = (Some(&*variant), &*because);
                news::settled(conn, "experiment.decided", &known.campaign, &test.experiment, told, now)?;
                audit::write(conn, actor, "experiment.decide", name, &format!("{variant} for the rest, {word}"), now)
            })?;
            Ok(true)
        }
        None => {
            let because = because(&results, "left to a person")?;
            ws.store().write(|conn| {
                if experiments::move_test(conn, run, TestState::Waiting, TestState::Asking, &because)? {
                    let told = (None, &*because);
                    news::settled(conn, "experiment.asking", &known.campaign, &test.experiment, told, now)?;
                    audit::write(conn, actor, "experiment.ask", name, "the rest waits for a person", now)?;
                }
                Ok(())
            })?;
            Ok(false)
        }
    }
}

fn start_rest(ws: &Workspace, known: &Known, test: &Test, actor: &str) -> Result<String> {
    if known.campaign.state != State::Approved.as_str() {
        return Ok(format!("the rest waits: the campaign is {}", known.campaign.state));
    }
    let occasion = format!("{}{REST}", test.occasion);
    match run::start_any(ws, &known.campaign.name, Some(&occasion), actor) {
        Ok(started) => Ok(format!("run {} with {} contacts for the rest", started.run, started.forecast.contacts)),
        // Somebody else has just started it: it has one run, and this is not it.
        Err(error) if error.kind() == Kind::Conflict => Ok(format!("the rest was not started: {error}")),
        Err(error) => Err(error),
    }
}

/// Runs whose harm is watched: contacted in the last so many days.
const WATCHED_DAYS: i64 = 60;

/// Stops variants of running experiments that harm beyond what is tolerated; which ones.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn guard(ws: &Workspace, actor: &str) -> Result<Vec<String>> {
    let now = ws.now();
    let watched = ws.store().read(|conn| {
        let mut watched = Vec::new();
        for run in campaigns::runs_between(conn, now.plus(-WATCHED_DAYS * DAY), now.plus(1))? {
            if !experiments::periods_of_run(conn, run.id)?.is_empty() {
                let name = campaigns::by_id(conn, run.campaign_id)?.name;
                watched.push((run, Known::of(conn, &name)?));
            }
        }
        Ok(watched)
    })?;
    let mut stopped = Vec::new();
    for (run, known) in watched {
        // What was applied since is another experiment, or may be; the run's own version is judged by its own terms.
        let Some(experiment) = known.spec.experiments.first().filter(|_| run.version == known.campaign.version) else {
            continue;
        };
        let results = results::of_run(ws, run.id)?;
        let Some(of_run) = &results.experiment else { continue };
        for comparison in &of_run.comparisons {
            let Some(crossed) = comparison.guardrails.iter().find(|guardrail| guardrail.crossed) else { continue };
            let word = format!(
                "{} is at least {:.2e} worse, {:.2e} is tolerated",
                crossed.name, crossed.harm.ci_lower, crossed.tolerated
            );
            let because = because(&results, &word)?;
            if stop(ws, &known, experiment, &comparison.variant, (actor, &word, because))? {
                stopped.push(format!("{}: {} ({word})", known.campaign.name, comparison.variant));
            }
        }
    }
    Ok(stopped)
}

/// Stops a variant, once; messages of it that have not gone out are taken back.
fn stop(
    ws: &Workspace,
    known: &Known,
    experiment: &ExperimentSpec,
    variant: &str,
    (actor, word, because): (&str, &str, String),
) -> Result<bool> {
    let now = ws.now();
    ws.store().write(|conn| {
        let salt = salt_of(&known.spec, experiment);
        let before = experiments::settled(conn, known.campaign.id, &experiment.name, &salt)?;
        if before.iter().any(|settled| settled.kind == WON || (settled.kind == STOPPED && settled.variant == variant)) {
            return Ok(false);
        }
        let told = (Some(variant), &*because);
        news::settled(conn, "experiment.stopped", &known.campaign, &experiment.name, told, now)?;
        experiments::settle(conn, settled(known, experiment, STOPPED, variant, (actor, because), now))?;
        let detail = format!("{variant}: {word}");
        audit::write(conn, actor, "experiment.stop_variant", &known.campaign.name, &detail, now)?;
        Ok(true)
    })
}
