//! Fits champion and challengers, chooses on rows that they have not seen, and calibrates what was chosen.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use ndarray::{ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use super::{ChurnModel, Levels, Parts, Trees, blended};
use crate::error::{Error, Result};
use crate::models::algorithms::logistic::Logistic;
use crate::models::algorithms::sigmoid;
use crate::models::calibration::{Calibration, Platt, fold_of};
use crate::models::encoding::Encoder;
use crate::models::evaluation;
use crate::models::matrix::FeatureMatrix;
use crate::models::spec::ChurnSpec;

/// How much the trees may count in the log-odds: none is the champion, the others challenge it.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// Where a training row stands when champion and challengers are compared within training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inner {
    /// They are fitted on it: its label ended before the later rows began.
    Earlier,
    /// They are compared on it.
    Later,
    /// Neither.
    Aside,
}

/// One of those that were compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it is.
    pub name: String,
    /// How much the trees count in its log-odds.
    pub share: f64,
    /// Area under the ROC curve on rows of training that it was not fitted on.
    pub auc: f64,
    /// Log-loss there once calibrated by Platt's method, in nats.
    pub log_loss: f64,
}

/// Which was taken, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What they were compared on.
    pub compared_on: String,
    /// All of them, the champion first.
    pub candidates: Vec<Candidate>,
    /// The one that was taken.
    pub chosen: String,
    /// Why.
    pub because: String,
}

/// Log-odds by both estimators of rows that neither was fitted on.
struct HeldOut {
    rows: Vec<usize>,
    log_odds: Vec<[f64; 2]>,
}

impl ChurnModel {
    /// Fits on the rows of `matrix`, which may hold a customer several times, as of several instants. `inner` says which rows
    /// champion and challengers are compared on; on folds of customers when absent. Rows outside `matrix` have no say.
    ///
    /// # Errors
    /// Invalid when a feature is missing or only one class is present.
    pub fn fit(
        spec: &ChurnSpec,
        levels: Levels,
        matrix: &FeatureMatrix,
        happened: &[bool],
        inner: Option<&[Inner]>,
    ) -> Result<(ChurnModel, Choice)> {
        let folds: Vec<usize> =
            matrix.customers.iter().map(|&customer| fold_of(customer, spec.folds, spec.seed)).collect();
        let crossed = cross_fitted(spec, matrix, happened, &folds)?;
        let (share, choice) = match inner {
            Some(inner) if spec.boosting.is_some() => {
                let of = |which| (0..inner.len()).filter(|&row| inner[row] == which).collect::<Vec<usize>>();
                let later = held_out(spec, matrix, happened, &of(Inner::Earlier), of(Inner::Later))?;
                choose(spec, &later, happened, "the latest cut within training, by fits on earlier ones")
            }
            _ => choose(spec, &crossed, happened, "folds of customers within training"),
        };
        let log_odds: Vec<f64> = crossed.log_odds.iter().map(|&both| blended(both, share)).collect();
        let labels: Vec<bool> = crossed.rows.iter().map(|&row| happened[row]).collect();
        let of_rows: Vec<usize> = crossed.rows.iter().map(|&row| folds[row]).collect();
        let calibration = if log_odds.is_empty() {
            Calibration::Platt(Platt::default())
        } else {
            Calibration::fit(spec.calibration, &log_odds, &labels, &of_rows)
        };
        let parts = Parts::fit(spec, matrix, happened, share > 0.0)?;
        let target = spec.target.clone();
        Ok((ChurnModel { target, levels, parts, share, calibration, reference: None }, choice))
    }
}

impl Parts {
    fn fit(spec: &ChurnSpec, matrix: &FeatureMatrix, happened: &[bool], trees: bool) -> Result<Parts> {
        let columns = spec.columns();
        let encoder = Encoder::fit(&columns, matrix)?.with_crosses(&spec.cross_columns(), &columns, matrix)?;
        let x = encoder.encode(matrix)?;
        let logistic = Logistic::fit(&x, happened, spec.l2)?;
        let means = x.mean_axis(Axis(0)).map(|means| means.to_vec()).unwrap_or_default();
        let trees = match spec.boosting.filter(|_| trees) {
            None => None,
            Some(params) => {
                let encoder = Encoder::plain(&columns, matrix)?;
                let x = encoder.encode(matrix)?;
                let grown = params.fit(&DatasetBase::new(x.view(), ArrayView1::from(happened)));
                let boosting =
                    grown.map_err(|error| Error::invalid(format!("the trees could not be grown: {error}")))?;
                Some(Trees { encoder, boosting })
            }
        };
        Ok(Parts { encoder, means, logistic, trees })
    }
}

/// Each fold of customers by a fit of the others.
fn cross_fitted(spec: &ChurnSpec, matrix: &FeatureMatrix, happened: &[bool], folds: &[usize]) -> Result<HeldOut> {
    let mut all = HeldOut { rows: Vec::new(), log_odds: Vec::new() };
    if spec.folds < 2 {
        return Ok(all);
    }
    for fold in 0..spec.folds {
        let (judged, kept): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
        let one = held_out(spec, matrix, happened, &kept, judged)?;
        all.rows.extend(one.rows);
        all.log_odds.extend(one.log_odds);
    }
    Ok(all)
}

/// The rows `judged` by a fit of the rows `fitted`; none where those hold one class only, which teaches nothing.
fn held_out(
    spec: &ChurnSpec,
    matrix: &FeatureMatrix,
    happened: &[bool],
    fitted: &[usize],
    judged: Vec<usize>,
) -> Result<HeldOut> {
    let labels: Vec<bool> = fitted.iter().map(|&row| happened[row]).collect();
    if judged.is_empty() || labels.iter().all(|&y| y) || !labels.contains(&true) {
        return Ok(HeldOut { rows: Vec::new(), log_odds: Vec::new() });
    }
    let parts = Parts::fit(spec, &some(matrix, fitted), &labels, true)?;
    let log_odds = parts.log_odds(&some(matrix, &judged))?;
    Ok(HeldOut { rows: judged, log_odds })
}

/// The challenger with the least log-loss, when it beats the champion by more than one standard error of their difference. Each is
/// compared as it would be calibrated: the level of later rows moves with the season, and is no merit of either.
fn choose(spec: &ChurnSpec, held: &HeldOut, happened: &[bool], compared_on: &str) -> (f64, Choice) {
    let shares = if spec.boosting.is_some() { &SHARES[..] } else { &SHARES[..1] };
    let labels: Vec<bool> = held.rows.iter().map(|&row| happened[row]).collect();
    let outcomes: Vec<f64> = labels.iter().map(|&y| f64::from(u8::from(y))).collect();
    let answers = |share: f64| {
        let log_odds: Vec<f64> = held.log_odds.iter().map(|&both| blended(both, share)).collect();
        let calibrated = Platt::fit(&log_odds, &outcomes, &vec![1.0; outcomes.len()]);
        log_odds.into_iter().map(|z| sigmoid(calibrated.log_odds(z))).collect::<Vec<f64>>()
    };
    let candidates: Vec<Candidate> = shares
        .iter()
        .map(|&share| {
            let p = answers(share);
            let auc = evaluation::auc(&labels, &p).unwrap_or(0.5);
            Candidate { name: name_of(share), share, auc, log_loss: evaluation::log_loss(&labels, &p) }
        })
        .collect();
    let best = candidates.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)).expect("the champion is there");
    let (gain, error) = gain(&labels, &answers(0.0), &answers(best.share));
    let said = format!("{gain:.5} nats a customer less than the champion's, standard error {error:.5}");
    let (chosen, because) = if candidates.len() == 1 {
        (&candidates[0], "the spec names no challenger".to_owned())
    } else if held.rows.is_empty() {
        (&candidates[0], "there are no rows within training to compare on".to_owned())
    } else if best.share > 0.0 && gain > error {
        (best, format!("its log-loss is the least, {said}"))
    } else {
        (
            &candidates[0],
            format!("no challenger beats it by more than a standard error: the best one's log-loss is {said}"),
        )
    };
    let (share, chosen) = (chosen.share, chosen.name.clone());
    (share, Choice { compared_on: compared_on.to_owned(), candidates, chosen, because })
}

fn name_of(share: f64) -> String {
    match share {
        0.0 => "logistic regression".to_owned(),
        1.0 => "boosted trees".to_owned(),
        _ => format!("blend, {} % trees", 100.0 * share),
    }
}

/// By how much the second answers' log-loss is lower, in nats a row, and the standard error of that.
fn gain(labels: &[bool], one: &[f64], other: &[f64]) -> (f64, f64) {
    let n = labels.len().max(1) as f64;
    let loss = |y: bool, p: f64| evaluation::log_loss(&[y], &[p]);
    let gains: Vec<f64> =
        labels.iter().zip(one.iter().zip(other)).map(|(&y, (&a, &b))| loss(y, a) - loss(y, b)).collect();
    let mean = gains.iter().sum::<f64>() / n;
    let squares: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
    (mean, (squares / n / n).sqrt())
}

/// Some rows of a matrix.
fn some(matrix: &FeatureMatrix, rows: &[usize]) -> FeatureMatrix {
    FeatureMatrix {
        customers: rows.iter().map(|&row| matrix.customers[row]).collect(),
        names: matrix.names.clone(),
        values: matrix.values.select(Axis(0), rows),
    }
}
