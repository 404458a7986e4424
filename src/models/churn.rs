//! The churn model: P(no purchase within the horizon) from features, calibrated, with its reasons.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::algorithms::logistic::Logistic;
use super::algorithms::{logit, sigmoid};
use super::calibration::{Platt, fold_of};
use super::encoding::Encoder;
use super::matrix::FeatureMatrix;
use super::spec::ChurnSpec;
use crate::error::Result;
use crate::ids::CustomerId;

/// Fitted parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnModel {
    encoder: Encoder,
    logistic: Logistic,
    calibration: Platt,
}

impl ChurnModel {
    /// Fits on the rows of `matrix`, which may hold a customer several times, as of several instants.
    ///
    /// # Errors
    /// Invalid when a feature is missing or only one class is present.
    pub fn fit(spec: &ChurnSpec, matrix: &FeatureMatrix, happened: &[bool]) -> Result<ChurnModel> {
        let encoder = Encoder::fit(&spec.features, matrix)?;
        let x = encoder.encode(matrix)?;
        let logistic = Logistic::fit(&x, happened, spec.l2)?;
        let calibration = cross_fitted(spec, &x, &matrix.customers, happened)?;
        Ok(ChurnModel { encoder, logistic, calibration })
    }

    /// P(event) of each row.
    ///
    /// # Errors
    /// Invalid when a feature is missing.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>> {
        let x = self.encoder.encode(matrix)?;
        let rows: Vec<_> = x.rows().into_iter().collect();
        Ok(rows
            .par_iter()
            .map(|row| {
                let z = self.logistic.log_odds(row.as_slice().expect("encoded rows are contiguous"));
                sigmoid(self.calibration.log_odds(z))
            })
            .collect())
    }

    /// Why each row got its probability: what each feature adds to the log-odds beside the average training row; their sum and
    /// the base give the answer. The strongest come first.
    ///
    /// # Errors
    /// Invalid when a feature is missing.
    pub fn reasons(&self, matrix: &FeatureMatrix) -> Result<Vec<Vec<(String, f64)>>> {
        let x = self.encoder.encode(matrix)?;
        let slope = self.calibration.slope;
        let of_row = |row: ndarray::ArrayView1<'_, f64>| {
            let mut parts: Vec<(String, f64)> = self
                .encoder
                .spans()
                .map(|(name, span)| {
                    (name.to_owned(), span.map(|column| slope * row[column] * self.logistic.weights[column]).sum())
                })
                .collect();
            parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            parts
        };
        Ok(x.rows().into_iter().map(of_row).collect())
    }

    /// The calibrated log-odds of a row whose features all stand at their training mean.
    pub fn base(&self) -> f64 {
        self.calibration.log_odds(self.logistic.intercept)
    }

    /// Weight of each feature on the log-odds (of one standard deviation, or its largest bin), strongest first.
    pub fn weights(&self) -> Vec<(String, f64)> {
        let largest = |span: std::ops::Range<usize>| {
            let weights = self.logistic.weights[span].iter().copied();
            weights.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0) * self.calibration.slope
        };
        let mut all: Vec<(String, f64)> =
            self.encoder.spans().map(|(name, span)| (name.to_owned(), largest(span))).collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        all
    }
}

/// Platt's numbers from predictions on folds of customers that the model in question has not seen.
fn cross_fitted(spec: &ChurnSpec, x: &Array2<f64>, customers: &[CustomerId], happened: &[bool]) -> Result<Platt> {
    if spec.folds < 2 {
        return Ok(Platt::default());
    }
    let folds: Vec<usize> = customers.iter().map(|&customer| fold_of(customer, spec.folds, spec.seed)).collect();
    let (mut log_odds, mut outcomes) = (Vec::new(), Vec::new());
    for fold in 0..spec.folds {
        let kept: Vec<usize> = (0..x.nrows()).filter(|&row| folds[row] != fold).collect();
        let labels: Vec<bool> = kept.iter().map(|&row| happened[row]).collect();
        let events = labels.iter().filter(|&&y| y).count();
        if events == 0 || events == labels.len() {
            continue; // a fold without both classes teaches nothing of calibration
        }
        let model = Logistic::fit(&x.select(ndarray::Axis(0), &kept), &labels, spec.l2)?;
        for row in (0..x.nrows()).filter(|&row| folds[row] == fold) {
            let p = model.probability(x.row(row).as_slice().expect("encoded rows are contiguous"));
            log_odds.push(logit(p));
            outcomes.push(f64::from(u8::from(happened[row])));
        }
    }
    Ok(Platt::fit(&log_odds, &outcomes, &vec![1.0; outcomes.len()]))
}
