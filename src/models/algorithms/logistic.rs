//! Logistic regression with an L2 penalty on a dense matrix (linfa-logistic).

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

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
        let dataset = DatasetBase::new(x.view(), Array1::from_vec(happened.to_vec()));
        let fitted = LogisticRegression::default()
            .alpha(l2)
            .max_iterations(300)
            .gradient_tolerance(1e-4)
            .fit(&dataset)
            .map_err(|error| Error::invalid("the logistic regression could not be fitted").caused_by(error))?;
        // linfa predicts the larger of the two classes; we predict the event.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        Ok(Logistic {
            intercept: sign * fitted.intercept(),
            weights: fitted.params().iter().map(|weight| sign * weight).collect(),
        })
    }

    /// The log-odds of one row.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        self.intercept + row.iter().zip(&self.weights).map(|(x, w)| x * w).sum::<f64>()
    }

    /// The probability of one row.
    pub fn probability(&self, row: &[f64]) -> f64 {
        sigmoid(self.log_odds(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn recovers_the_weights_that_made_the_data_whichever_class_is_larger() {
        for intercept in [-1.0, 1.0] {
            let mut stream = Stream::new(3, "logistic");
            let x = Array2::from_shape_fn((4000, 2), |_| stream.normal());
            let happened: Vec<bool> = x
                .rows()
                .into_iter()
                .map(|row| stream.uniform() < sigmoid(intercept + 1.5 * row[0] - 0.8 * row[1]))
                .collect();
            let model = Logistic::fit(&x, &happened, 1.0).unwrap();
            assert!((model.intercept - intercept).abs() < 0.15, "{model:?}");
            assert!((model.weights[0] - 1.5).abs() < 0.15 && (model.weights[1] + 0.8).abs() < 0.15, "{model:?}");
        }
    }

    #[test]
    fn one_class_is_refused() {
        assert!(Logistic::fit(&Array2::zeros((3, 1)), &[true; 3], 1.0).is_err());
    }
}
