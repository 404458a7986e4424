//! The experiments there are: each campaign against its holdout, and the variants of each campaign that has some.

use serde::Serialize;

use crate::campaigns::store::{self as campaigns, Campaign, CampaignRun};
use crate::campaigns::{CampaignSpec, ExperimentSpec};
use crate::decisions::assignment::Share;
use crate::error::{Error, Result};
use crate::experiments::store::{self as experiments, Period, STOPPED, SettledVariant, Test, TestState, WON};
use crate::operations::Workspace;
use crate::operations::results::{self, Results};
use crate::operations::variants::{Varied, salt_of, test_share};
use crate::storage::Connection;

/// What stands between a campaign's name and its experiment's in an id.
const APART: char = ':';

/// An experiment in a list.
#[derive(Debug, Clone, Serialize)]
pub struct ExperimentShown {
    /// `CAMPAIGN` for the campaign against its holdout, `CAMPAIGN:EXPERIMENT` for its variants.
    pub id: String,
    /// The campaign.
    pub campaign: String,
    /// `holdout` or `variants`.
    pub kind: &'static str,
    /// What it is judged by.
    pub goal: &'static str,
    /// `planned` before the first run, `running`, `asking` while a person is to decide, `decided`.
    pub state: &'static str,
    /// The arms with their shares of the audience; of variants that a run would draw now.
    pub arms: Vec<ArmShown>,
    /// Runs so far.
    pub runs: usize,
    /// The variant that won.
    pub winner: Option<String>,
    /// Variants that were stopped.
    pub stopped: Vec<String>,
}

/// An arm and its share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmShown {
    /// Its name.
    pub name: String,
    /// Its share of those who are divided.
    pub share: f64,
}

/// One experiment with all that is needed to recompute who is in which arm.
#[derive(Debug, Serialize)]
pub struct ExperimentDetail {
    /// As in the list.
    #[serde(flatten)]
    pub shown: ExperimentShown,
    /// How customers are assigned.
    pub assignment: Assignment,
    /// The definition of the variants.
    pub definition: Option<ExperimentSpec>,
    /// Tests before a rest, newest first.
    pub tests: Vec<Test>,
    /// What was settled, oldest first.
    pub settled: Vec<SettledVariant>,
    /// The weights of each run, with what came of each variant once its window had ended.
    pub periods: Vec<Period>,
}

/// How customers are assigned: the bucket is the first 64 bits of SHA-256 over salt, a zero byte and the company's own key of the
/// customer, modulo 10,000.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assignment {
    /// Of the global holdout: buckets below `share` x 10,000.
    pub global_holdout: Share,
    /// Of the campaign's own, among the others.
    pub campaign_holdout: Share,
    /// Of those on whom variants are tried before a rest.
    pub test: Option<Share>,
    /// The salt of the variants; of moving weights with the occasion of the run behind it.
    pub variants_salt: Option<String>,
    /// Up to which bucket (left out) each variant goes, in their order.
    pub variants: Vec<(u32, String)>,
}

struct Known {
    campaign: Campaign,
    spec: CampaignSpec,
    runs: Vec<CampaignRun>,
}

/// All experiments, by id.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn list(ws: &Workspace) -> Result<Vec<ExperimentShown>> {
    ws.store().read(|conn| {
        let mut all = Vec::new();
        for campaign in campaigns::all(conn)? {
            let known = known(conn, campaign)?;
            all.push(against_holdout(ws, &known));
            if !known.spec.experiments.is_empty() {
                all.push(of_variants(conn, &known)?);
            }
        }
        Ok(all)
    })
}

/// One experiment.
///
/// # Errors
/// Not found.
pub fn get(ws: &Workspace, id: &str) -> Result<ExperimentDetail> {
    ws.store().read(|conn| {
        let (known, experiment) = find(conn, id)?;
        let variants = experiment.is_some();
        let shown = if variants { of_variants(conn, &known)? } else { against_holdout(ws, &known) };
        let (mut tests, mut settled, mut periods, mut assignment) =
            (Vec::new(), Vec::new(), Vec::new(), assignment(ws, &known));
        if let Some(experiment) = &experiment {
            let salt = salt_of(&known.spec, experiment);
            tests = experiments::tests_of(conn, known.campaign.id)?;
            settled = experiments::settled(conn, known.campaign.id, &experiment.name, &salt)?;
            periods = experiments::periods(conn, known.campaign.id, &experiment.name, &salt)?;
            assignment.test = test_share(&known.spec);
            let varied = Varied::of(conn, &known.campaign, &known.spec, "")?;
            if let Some(draws) = varied.draws {
                assignment.variants = draws.ranges();
            }
            assignment.variants_salt = Some(salt);
        }
        Ok(ExperimentDetail { shown, assignment, definition: experiment, tests, settled, periods })
    })
}

/// The results of an experiment: of the campaign's runs, and, of variants, of those that drew them.
///
/// # Errors
/// Not found.
pub fn results(ws: &Workspace, id: &str) -> Result<Results> {
    let (known, experiment) = ws.store().read(|conn| find(conn, id))?;
    let mut results = results::results(ws, &known.campaign.name)?;
    if let Some(experiment) = experiment {
        let drew = |run: &results::RunResults| run.experiment.as_ref().is_some_and(|of| of.name == experiment.name);
        results.runs.retain(drew);
    }
    Ok(results)
}

/// The campaign of an experiment's id, where it is one of variants.
///
/// # Errors
/// Not found; invalid for a campaign against its holdout, of which nothing is to be chosen.
pub fn campaign_of(ws: &Workspace, id: &str) -> Result<String> {
    let (known, experiment) = ws.store().read(|conn| find(conn, id))?;
    match experiment {
        Some(_) => Ok(known.campaign.name),
        None => Err(Error::invalid(format!(
            "`{id}` is the campaign against its holdout: there is nothing to choose; name its variants as CAMPAIGN{APART}EXPERIMENT"
        ))),
    }
}

fn find(conn: &mut Connection, id: &str) -> Result<(Known, Option<ExperimentSpec>)> {
    let (campaign, experiment) = match id.split_once(APART) {
        Some((campaign, experiment)) => (campaign, Some(experiment)),
        None => (id, None),
    };
    let campaign = campaigns::by_name(conn, campaign)?;
    let known = known(conn, campaign)?;
    let Some(name) = experiment else { return Ok((known, None)) };
    match known.spec.experiments.iter().find(|experiment| experiment.name == name).cloned() {
        Some(found) => Ok((known, Some(found))),
        None => Err(Error::not_found(format!("there is no experiment `{id}`; look at the list of experiments"))),
    }
}

fn known(conn: &mut Connection, campaign: Campaign) -> Result<Known> {
    let spec = campaigns::version(conn, campaign.id, campaign.version)?.spec;
    let runs = campaigns::runs(conn, campaign.id)?;
    Ok(Known { campaign, spec, runs })
}

fn assignment(ws: &Workspace, known: &Known) -> Assignment {
    Assignment {
        global_holdout: Share { salt: "global-holdout".into(), share: ws.settings().holdout },
        campaign_holdout: Share { salt: known.spec.draw_salt("holdout").into(), share: known.spec.holdout },
        test: None,
        variants_salt: None,
        variants: Vec::new(),
    }
}

fn against_holdout(ws: &Workspace, known: &Known) -> ExperimentShown {
    let global = ws.settings().holdout;
    let campaign = (1.0 - global) * known.spec.holdout;
    let arm = |name: &str, share: f64| ArmShown { name: name.to_owned(), share };
    ExperimentShown {
        id: known.campaign.name.clone(),
        campaign: known.campaign.name.clone(),
        kind: "holdout",
        goal: "profit",
        state: if known.runs.is_empty() { "planned" } else { "running" },
        arms: vec![
            arm("treated", 1.0 - global - campaign),
            arm("global_holdout", global),
            arm("campaign_holdout", campaign),
        ],
        runs: known.runs.len(),
        winner: None,
        stopped: Vec::new(),
    }
}

fn of_variants(conn: &mut Connection, known: &Known) -> Result<ExperimentShown> {
    let experiment = known.spec.experiments.first().ok_or_else(|| Error::internal("a campaign without experiment"))?;
    let salt = salt_of(&known.spec, experiment);
    let settled = experiments::settled(conn, known.campaign.id, &experiment.name, &salt)?;
    let varied = Varied::of(conn, &known.campaign, &known.spec, "")?;
    let arms = match (&varied.draws, &varied.chosen) {
        (Some(draws), _) => draws
            .variants
            .iter()
            .map(|(name, buckets)| ArmShown { name: name.to_string(), share: f64::from(*buckets) / 10_000.0 })
            .collect(),
        (None, Some(chosen)) => vec![ArmShown { name: chosen.clone(), share: 1.0 }],
        (None, None) => Vec::new(),
    };
    let winner = settled.iter().rev().find(|settled| settled.kind == WON).map(|settled| settled.variant.clone());
    let tests = experiments::tests_of(conn, known.campaign.id)?;
    let asking = tests.iter().any(|test| test.state == TestState::Asking.as_str());
    let latest = tests.first().and_then(|test| test.variant.clone());
    Ok(ExperimentShown {
        id: format!("{}{APART}{}", known.campaign.name, experiment.name),
        campaign: known.campaign.name.clone(),
        kind: "variants",
        goal: experiment.goal.name(),
        state: match (known.runs.is_empty(), asking, winner.is_some() || latest.is_some()) {
            (true, ..) => "planned",
            (_, true, _) => "asking",
            (.., true) => "decided",
            _ => "running",
        },
        arms,
        runs: known.runs.len(),
        winner: winner.or(latest),
        stopped: settled.into_iter().filter(|s| s.kind == STOPPED).map(|s| s.variant).collect(),
    })
}
