//! Trains the churn model, or refuses with the reason.

use ndarray::{Axis, concatenate};

use super::{DataWindow, Fit, Verdict, to_json};
use crate::error::{Error, Result};
use crate::models::card::Card;
use crate::models::churn::ChurnModel;
use crate::models::evaluation::{self, Metrics};
use crate::models::matrix::{FeatureMatrix, Labelled};
use crate::models::spec::{ChurnGate, ChurnSpec, ModelSpec};

/// A single feature that ranks events this well knows the future.
const LEAKAGE_AUC: f64 = 0.995;
const DAY: i64 = 86_400_000_000;

/// Trains on the cuts of `train` and judges on `test`, which must lie later.
///
/// # Errors
/// Invalid, with the reason, when the data cannot carry a model: too few events, one class, a test cut that is not later, a
/// feature that predicts perfectly, a feature that is missing.
pub fn train_churn(spec: &ChurnSpec, train: &[Labelled], test: &Labelled) -> Result<Fit> {
    refuse(spec, train, test)?;
    let (matrix, happened) = joined(train)?;
    let model = ChurnModel::fit(spec, &matrix, &happened)?;
    let metrics = Metrics::of(&test.happened, &model.predict(&test.matrix)?)?;
    let verdict = Verdict::of(missed(&spec.gate, &metrics));
    let first = train.iter().map(|cut| cut.as_of).min().unwrap_or(test.as_of);
    Ok(Fit {
        name: spec.name.clone(),
        kind: "churn".into(),
        spec_digest: ModelSpec::Churn(spec.clone()).digest(),
        window: DataWindow { from: first, until: test.as_of.plus(i64::from(spec.horizon_days) * DAY) },
        seed: spec.seed,
        horizon_days: Some(spec.horizon_days),
        parameters: to_json(&model)?,
        metrics: to_json(&metrics)?,
        card: card(spec, train, test, &model, &metrics, &verdict),
        verdict,
    })
}

fn refuse(spec: &ChurnSpec, train: &[Labelled], test: &Labelled) -> Result<()> {
    let no = |why: String| Err(Error::invalid(format!("`{}` is not trained: {why}", spec.name)));
    for cut in train.iter().chain([test]) {
        cut.check()?;
    }
    if train.is_empty() || train.iter().any(|cut| cut.as_of >= test.as_of) {
        return no(format!(
            "the test cut {} must be later than every training cut, of which there must be one",
            test.as_of
        ));
    }
    let rows: usize = train.iter().map(|cut| cut.happened.len()).sum();
    let events: usize = train.iter().map(Labelled::events).sum();
    let least = spec.gate.min_events;
    if events < least || rows - events < least {
        return no(format!(
            "{events} of {rows} customers left within {} days; at least {least} who left and {least} who \
            stayed are needed; take a longer history or another horizon",
            spec.horizon_days
        ));
    }
    if test.events() == 0 || test.events() == test.happened.len() {
        return no(format!(
            "{} of {} customers left after the test cut; both kinds are needed",
            test.events(),
            test.happened.len()
        ));
    }
    for cut in train {
        for feature in &spec.features {
            let Some(column) = cut.matrix.names.iter().position(|name| *name == feature.name) else { continue };
            let values = cut.matrix.values.column(column).to_vec();
            let auc = evaluation::auc(&cut.happened, &values).unwrap_or(0.5);
            if auc.max(1.0 - auc) > LEAKAGE_AUC {
                return no(format!(
                    "`{}` alone predicts almost perfectly (AUC {auc:.3}): it probably holds what came \
                    after {}; take it out or mend its as-of rule",
                    feature.name, cut.as_of
                ));
            }
        }
    }
    Ok(())
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

fn card(
    spec: &ChurnSpec,
    train: &[Labelled],
    test: &Labelled,
    model: &ChurnModel,
    metrics: &Metrics,
    verdict: &Verdict,
) -> Card {
    let told = |what: &str, cut: &Labelled| {
        format!("{what}: as of {}, {} customers, {} left", cut.as_of, cut.happened.len(), cut.events())
    };
    let figures = [
        ("rows judged", metrics.rows as f64),
        ("events", metrics.events as f64),
        ("AUC", metrics.auc),
        ("average precision", metrics.average_precision),
        ("log-loss", metrics.log_loss),
        ("Brier", metrics.brier),
        ("ECE, 10 bins", metrics.ece10),
    ];
    Card {
        name: spec.name.clone(),
        purpose: format!("P(no purchase within {} days), per customer who has bought before.", spec.horizon_days),
        data: train.iter().map(|cut| told("trained", cut)).chain([told("judged, later", test)]).collect(),
        method: vec![
            format!("logistic regression, L2 {}, columns standardised on the training rows", spec.l2),
            format!("calibrated by Platt's method, cross-fitted over {} folds of customers", spec.folds),
        ],
        figures: figures.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        drivers: model.weights(),
        limits: vec![
            "It foretells who leaves, not whom an offer would keep: do not choose offers by it alone.".into(),
            "The share that leaves changes with the season; compare the calibration error above.".into(),
            "Customers who never bought are not scored.".into(),
        ],
        verdict: verdict.words(),
    }
}

#[cfg(test)]
#[path = "churn_tests.rs"]
mod tests;
