//! Trains a churn model, or refuses with the reason.

use ndarray::{Axis, concatenate};
use serde::{Deserialize, Serialize};

use super::churn_card::{card, told};
use super::{DataWindow, Fit, Verdict, churn_refusals as refuse, to_json};
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::models::challenge::Choice;
use crate::models::churn::{ChurnModel, Inner, Levels};
use crate::models::drift::Reference;
use crate::models::evaluation::{self, Metrics};
use crate::models::matrix::{FeatureMatrix, Labelled};
use crate::models::spec::{ChurnGate, ChurnSpec, ModelSpec};

/// What a churn model is trained and judged on.
#[derive(Debug, Clone, Copy)]
pub struct ChurnData<'a> {
    /// Rows to train on, as of one or several instants.
    pub train: &'a [Labelled],
    /// Rows to judge on.
    pub test: &'a Labelled,
    /// The texts of attributes of categories.
    pub levels: &'a Levels,
    /// The model that serves, where there is one: it is judged on the same rows.
    pub champion: Option<&'a ChurnModel>,
}

/// How good a fit is, and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnFigures {
    /// On the rows it was judged on; of folds, all of them together.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Of folds: the mean of each fold's own AUC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc_fold_mean: Option<f64>,
    /// Of folds: their standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc_fold_sd: Option<f64>,
    /// Champion and challengers within training.
    pub choice: Choice,
    /// The model that served before, on the same rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub champion: Option<Metrics>,
}

/// Trains on the rows of `train` and judges on `test`, which must lie later where the split is in time.
///
/// # Errors
/// Invalid, with the reason, when the data cannot carry a model: too few events, one class, a test cut that is not later, a
/// feature that predicts perfectly, a feature that is missing.
pub fn train_churn(spec: &ChurnSpec, data: ChurnData<'_>) -> Result<Fit> {
    let ChurnData { train, test, .. } = data;
    refuse::rows(spec, train)?;
    if spec.split.is_in_time() {
        refuse::later(spec, train, test)?
    } else {
        refuse::judged(spec, test)?
    }
    let (matrix, happened) = joined(train)?;
    let inner = inner(spec, train);
    let (mut model, choice) = ChurnModel::fit(spec, data.levels.clone(), &matrix, &happened, inner.as_deref())?;
    let log_odds = model.log_odds(&test.matrix)?;
    let metrics = Metrics::of(&test.happened, &model.calibrated(&log_odds))?;
    model.reference = Some(Reference::of(&test.matrix, model.columns(), &log_odds));
    // A champion of other features cannot be asked; the gate alone decides then.
    let champion = data.champion.and_then(|champion| champion.predict(&test.matrix).ok());
    let champion = champion.map(|p| Metrics::of(&test.happened, &p)).transpose()?;
    let figures = ChurnFigures { metrics, auc_fold_mean: None, auc_fold_sd: None, choice, champion };
    let what = if spec.split.is_in_time() { "judged, later" } else { "judged" };
    let lines = train.iter().map(|cut| told(spec, "trained", cut)).chain([told(spec, what, test)]).collect();
    let first = train.iter().map(|cut| cut.as_of).min().unwrap_or(test.as_of);
    finish(spec, lines, first, test.as_of, model, figures)
}

/// Foretells each fold by a model of the others, judges all rows together, and keeps a model of all. `fold` is of each row.
///
/// # Errors
/// As [`train_churn`].
pub fn train_churn_in_folds(spec: &ChurnSpec, rows: &Labelled, fold: &[usize], levels: &Levels) -> Result<Fit> {
    refuse::rows(spec, std::slice::from_ref(rows))?;
    let count = fold.iter().max().map_or(0, |most| most + 1);
    let mut p = vec![0.0; rows.happened.len()];
    let mut log_odds = p.clone();
    let mut aucs = Vec::with_capacity(count);
    for one in 0..count {
        let (judged, kept): (Vec<usize>, Vec<usize>) = (0..p.len()).partition(|&row| fold[row] == one);
        let (train, test) = (rows.some(&kept), rows.some(&judged));
        refuse::judged(spec, &test)?;
        let (model, _) = ChurnModel::fit(spec, levels.clone(), &train.matrix, &train.happened, None)?;
        let raw = model.log_odds(&test.matrix)?;
        let answers = model.calibrated(&raw);
        aucs.extend(evaluation::auc(&test.happened, &answers));
        judged.iter().zip(answers.into_iter().zip(raw)).for_each(|(&row, both)| (p[row], log_odds[row]) = both);
    }
    let (mut model, choice) = ChurnModel::fit(spec, levels.clone(), &rows.matrix, &rows.happened, None)?;
    model.reference = Some(Reference::of(&rows.matrix, model.columns(), &log_odds));
    let n = aucs.len().max(1) as f64;
    let mean = aucs.iter().sum::<f64>() / n;
    let sd = (aucs.iter().map(|auc| (auc - mean).powi(2)).sum::<f64>() / n).sqrt();
    let figures = ChurnFigures {
        metrics: Metrics::of(&rows.happened, &p)?,
        auc_fold_mean: Some(mean),
        auc_fold_sd: Some(sd),
        choice,
        champion: None,
    };
    let lines = vec![
        told(spec, "trained", rows),
        format!("judged: {count} folds, each foretold by a model of the others, all rows together"),
    ];
    finish(spec, lines, rows.as_of, rows.as_of, model, figures)
}

fn finish(
    spec: &ChurnSpec,
    lines: Vec<String>,
    first: Timestamp,
    last: Timestamp,
    model: ChurnModel,
    figures: ChurnFigures,
) -> Result<Fit> {
    let mut verdict = Verdict::of(missed(&spec.gate, &figures.metrics));
    let (ours, theirs) = (figures.metrics.log_loss, figures.champion.map(|champion| champion.log_loss));
    verdict.held_back = theirs.filter(|&theirs| verdict.passed && ours > theirs).map(|theirs| {
        format!("its log-loss {ours:.4} is above {theirs:.4} of the model that serves, on the same later rows")
    });
    Ok(Fit {
        name: spec.name.clone(),
        kind: "churn".into(),
        spec_digest: ModelSpec::Churn(spec.clone()).digest(),
        window: DataWindow { from: first, until: last.plus(i64::from(spec.horizon_days.unwrap_or(0)) * DAY) },
        seed: spec.seed,
        horizon_days: spec.horizon_days,
        parameters: to_json(&model)?,
        metrics: to_json(&figures)?,
        card: card(spec, lines, &model, &figures, &verdict),
        verdict,
    })
}

/// The last training cut is later than those whose labels had ended by then: champion and challengers are compared there. None
/// where no cut lies so early.
fn inner(spec: &ChurnSpec, train: &[Labelled]) -> Option<Vec<Inner>> {
    let horizon = i64::from(spec.horizon_days?) * DAY;
    let last = train.iter().map(|cut| cut.as_of).max()?;
    let part = |cut: &Labelled| match cut.as_of {
        at if at == last => Inner::Later,
        at if at.plus(horizon) <= last => Inner::Earlier,
        _ => Inner::Aside,
    };
    let parts: Vec<Inner> = train.iter().flat_map(|cut| vec![part(cut); cut.happened.len()]).collect();
    let both = parts.contains(&Inner::Earlier) && train.len() > 1;
    both.then_some(parts)
}

/// The rows of all cuts, one below the other.
fn joined(cuts: &[Labelled]) -> Result<(FeatureMatrix, Vec<bool>)> {
    let names = &cuts[0].matrix.names;
    if let Some(other) = cuts.iter().find(|cut| cut.matrix.names != *names) {
        return Err(Error::invalid(format!(
            "the features as of {} are not those as of {}",
            other.as_of, cuts[0].as_of
        )));
    }
    let views: Vec<_> = cuts.iter().map(|cut| cut.matrix.values.view()).collect();
    let values = concatenate(Axis(0), &views)
        .map_err(|error| Error::internal("the training cuts do not fit together").caused_by(error))?;
    let customers = cuts.iter().flat_map(|cut| cut.matrix.customers.iter().copied()).collect();
    let happened = cuts.iter().flat_map(|cut| cut.happened.iter().copied()).collect();
    Ok((FeatureMatrix { customers, names: names.clone(), values }, happened))
}

fn missed(gate: &ChurnGate, metrics: &Metrics) -> Vec<String> {
    let mut missed = Vec::new();
    if metrics.auc < gate.min_auc {
        missed.push(format!("AUC {:.4} is below {}", metrics.auc, gate.min_auc));
    }
    if metrics.log_loss > gate.max_log_loss {
        missed.push(format!("log-loss {:.4} is above {}", metrics.log_loss, gate.max_log_loss));
    }
    missed
}

#[cfg(test)]
#[path = "churn_tests.rs"]
mod tests;
