//! The gate between another way to decide and the customers: it serves by itself only when an experiment says so, or when decisions
//! that were drawn at random show a gain over the policy that serves, with the lower bound above zero.
//!
//! A refit of the spec that serves, on more decisions, is the same policy: it is judged by how well it foretells (the spec's own
//! gate). What is new is judged here: another spec in place of the one that serves, and, more mildly, the first learned model in place of
//! stated rates, for which nothing has been shown either. A person may promote what was held back.

use std::collections::BTreeSet;

use crate::campaigns::experiment::Decides;
use crate::campaigns::store as campaigns;
use crate::error::Result;
use crate::learning::off_policy::{Options, evaluate};
use crate::learning::promotion::{Evidence, gate, gate_first};
use crate::models::spec::ResponseSpec;
use crate::models::{Fit, ResponseModel, registry};
use crate::operations::evaluate::{choices, expect, judged_as, rows, stated};
use crate::operations::{Workspace, results, train};
use crate::progress::Silent;

/// Says why a new policy does not serve by itself, in the fit's verdict.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub(super) fn judge(ws: &Workspace, spec: &ResponseSpec, fit: &mut Fit) -> Result<()> {
    let serving = ws.store().read(|conn| registry::champion(conn, &fit.name))?;
    let same = serving.as_ref().is_some_and(|version| version.fit.spec_digest == fit.spec_digest);
    let model: ResponseModel = fit.parameters()?;
    if same || !fit.verdict.passed || !model.has_learned() {
        return Ok(());
    }
    let now = serving.as_ref().map(|version| version.fit.parameters()).transpose()?;
    let mut evidence: Vec<Evidence> = experiments(ws)?;
    evidence.push(off_policy(ws, spec, now)?);
    let decided = if serving.is_some() { gate(&evidence) } else { gate_first(&evidence) };
    if !decided.serves {
        fit.verdict.held_back = Some(decided.reasons.join(" "));
    }
    Ok(())
}

/// Experiments in which the stated rates are the control and the model decides for a variant.
fn experiments(ws: &Workspace) -> Result<Vec<Evidence>> {
    let latest = ws.store().read(|conn| {
        let mut latest = Vec::new();
        for campaign in campaigns::all(conn)? {
            let spec = campaigns::version(conn, campaign.id, campaign.version)?.spec;
            let Some(experiment) = spec.experiments.first() else { continue };
            let learned = experiment.variants.iter().skip(1).find(|variant| variant.decides == Decides::Model);
            if let (Some(learned), Decides::Rates) = (learned, experiment.variants[0].decides) {
                let run = campaigns::runs(conn, campaign.id)?.into_iter().find(|run| run.measured_at.is_some());
                latest.extend(run.map(|run| (learned.name.clone(), run.id)));
            }
        }
        Ok(latest)
    })?;
    let mut evidence = Vec::new();
    for (variant, run) in latest {
        if let Some(experiment) = results::of_run(ws, run)?.experiment {
            evidence.push(Evidence::Experiment { variant, verdict: experiment.verdict });
        }
    }
    Ok(evidence)
}

/// The gain over what serves on decisions that were drawn at random, each judged by a model that has not seen the customer. The
/// reward of a row is what the new policy is worth less what the other is (both doubly robust), and both are given what was logged.
fn off_policy(ws: &Workspace, spec: &ResponseSpec, serving: Option<ResponseModel>) -> Result<Evidence> {
    let rows = rows(ws)?;
    let offers: BTreeSet<Option<String>> = rows.iter().map(|row| row.log.offer.clone()).collect();
    let offers: Vec<Option<String>> = offers.into_iter().collect();
    let expected = match rows.is_empty() {
        true => return Ok(Evidence::OffPolicy(evaluate(&[], &Options::default()))),
        false => expect(ws, &rows, &offers, &train::without_protected(ws, spec), &Silent)?,
    };
    let serving = match serving {
        Some(model) => model,
        None => stated(&rows, ws.store().read(train::priors_of)?)?,
    };
    let theirs = choices(&rows, &offers, &serving);
    let log_of = |choice: &dyn Fn(usize) -> usize| judged_as(&rows, &offers, &expected, choice);
    let (new, old) = (log_of(&|i| expected.best(i)), log_of(&|i| theirs[i]));
    let options = Options::default();
    Ok(Evidence::OffPolicy(evaluate(&new, &options).map(|mut made| {
        made.gain = crate::learning::comparison::paired_gain(&new, &old, &options);
        made
    })))
}
