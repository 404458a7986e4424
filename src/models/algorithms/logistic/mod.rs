//! Logistic regression with an L2 penalty on a dense matrix, behind linfa's traits.

mod newton;
mod params;
mod sums;

use linfa::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, Data, Ix2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use params::{LogisticError, LogisticParams, LogisticValidParams};

use super::sigmoid;
use crate::error::{Error, Result};

/// P(event) = 1 / (1 + exp(-(intercept + weights . x))).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// Log-odds where all columns are 0.
    pub intercept: f64,
    /// Change of the log-odds for one unit of each column.
    pub weights: Vec<f64>,
}

impl Logistic {
    /// Minimises sum of log-losses + `l2` / 2 x sum of squared weights; the intercept is not penalised.
    /// Columns should be standardised, or the penalty means something else for each of them.
    ///
    /// # Errors
    /// Invalid when only one class is present or a value is not finite.
    pub fn fit(x: &Array2<f64>, happened: &[bool], l2: f64) -> Result<Logistic> {
        let dataset = DatasetBase::new(x.view(), ArrayView1::from(happened));
        let fitted = LogisticParams::new().l2(l2).fit(&dataset);
        fitted.map_err(|error| {
            Error::invalid(format!("the logistic regression could not be fitted: {error}")).caused_by(error)
        })
    }

    /// The log-odds of one row.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        self.intercept + sums::dot(row, &self.weights)
    }

    /// The probability of one row.
    pub fn probability(&self, row: &[f64]) -> f64 {
        sigmoid(self.log_odds(row))
    }
}

/// P(event) of each row.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for Logistic {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.ncols(), self.weights.len(), "the model has other columns");
        assert_eq!(x.nrows(), y.len(), "an answer for every row");
        let (x, width) = (x.as_standard_layout(), self.weights.len());
        let x = x.as_slice().expect("standard layout");
        let y = y.as_slice_mut().expect("a new array of one dimension");
        if width == 0 {
            return y.fill(sigmoid(self.intercept));
        }
        y.par_chunks_mut(sums::BLOCK).zip(x.par_chunks(sums::BLOCK * width)).for_each(|(y, x)| {
            y.iter_mut().zip(x.chunks_exact(width)).for_each(|(y, row)| *y = self.probability(row));
        });
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests;
