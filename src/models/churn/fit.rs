//! Fits champion and challengers, chooses on rows that they have not seen, and calibrates what was chosen.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use ndarray::{ArrayView1, Axis};

use super::{ChurnModel, Levels, Parts, Trees};
use crate::error::{Error, Result};
use crate::models::algorithms::logistic::Logistic;
use crate::models::calibration::{Calibration, Platt, fold_of};
use crate::models::challenge::{Choice, HeldOut};
use crate::models::encoding::Encoder;
use crate::models::matrix::FeatureMatrix;
use crate::models::spec::ChurnSpec;

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
        let (crossed, of_rows) = cross_fitted(spec, matrix, happened, &folds)?;
        let (share, choice) = match inner {
            Some(inner) if spec.boosting.is_some() => {
                let of = |which| (0..inner.len()).filter(|&row| inner[row] == which).collect::<Vec<usize>>();
                let later = held_out(spec, matrix, happened, &of(Inner::Earlier), &of(Inner::Later))?;
                later.choose(true, "the latest cut within training, by fits on earlier ones")
            }
            _ => crossed.choose(spec.boosting.is_some(), "folds of customers within training"),
        };
        let log_odds = crossed.blend(share);
        let calibration = if log_odds.is_empty() {
            Calibration::Platt(Platt::default())
        } else {
            Calibration::fit(spec.calibration, &log_odds, &crossed.happened, &of_rows)
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

/// Each fold of customers by a fit of the others, with the fold of each row that was judged.
fn cross_fitted(
    spec: &ChurnSpec,
    matrix: &FeatureMatrix,
    happened: &[bool],
    folds: &[usize],
) -> Result<(HeldOut, Vec<usize>)> {
    let (mut all, mut of_rows) = (HeldOut::default(), Vec::new());
    if spec.folds < 2 {
        return Ok((all, of_rows));
    }
    for fold in 0..spec.folds {
        let (judged, kept): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
        let one = held_out(spec, matrix, happened, &kept, &judged)?;
        of_rows.extend(vec![fold; one.happened.len()]);
        all.happened.extend(one.happened);
        all.log_odds.extend(one.log_odds);
        all.weights.extend(one.weights);
    }
    Ok((all, of_rows))
}

/// The rows `judged` by a fit of the rows `fitted`; none where those hold one class only, which teaches nothing.
fn held_out(
    spec: &ChurnSpec,
    matrix: &FeatureMatrix,
    happened: &[bool],
    fitted: &[usize],
    judged: &[usize],
) -> Result<HeldOut> {
    let labels: Vec<bool> = fitted.iter().map(|&row| happened[row]).collect();
    if judged.is_empty() || labels.iter().all(|&y| y) || !labels.contains(&true) {
        return Ok(HeldOut::default());
    }
    let parts = Parts::fit(spec, &some(matrix, fitted), &labels, true)?;
    let log_odds = parts.log_odds(&some(matrix, judged))?;
    let happened = judged.iter().map(|&row| happened[row]).collect();
    Ok(HeldOut { happened, log_odds, weights: vec![1.0; judged.len()] })
}

/// Some rows of a matrix.
fn some(matrix: &FeatureMatrix, rows: &[usize]) -> FeatureMatrix {
    FeatureMatrix {
        customers: rows.iter().map(|&row| matrix.customers[row]).collect(),
        names: matrix.names.clone(),
        values: matrix.values.select(Axis(0), rows),
    }
}
