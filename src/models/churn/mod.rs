//! The churn model: P(event) from features and attributes, calibrated, with its reasons.
//!
//! The champion is a logistic regression, whose binned features and crosses bend its lines; boosted trees, and blends of both in
//! log-odds, challenge it (`models/challenge.rs`). What is kept answers by `(1 - share) x logistic + share x trees`.

mod fit;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use fit::Inner;

use super::algorithms::boosting::Boosting;
use super::algorithms::logistic::Logistic;
use super::calibration::Calibration;
use super::challenge::blended;
use super::drift::Reference;
use super::encoding::Encoder;
use super::matrix::FeatureMatrix;
use super::spec::Target;
use crate::error::Result;

/// Rows that one thread answers at a time: their columns stand in memory.
const BLOCK: usize = 8192;

/// The texts that each attribute of categories may take, by column; a value in the matrix is a text's place. Attributes that are
/// numbers have none.
pub type Levels = BTreeMap<String, Vec<String>>;

/// Fitted parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnModel {
    /// The event: it says of whom anything can be foretold.
    #[serde(default)]
    pub target: Target,
    /// The texts that attributes may take.
    pub levels: Levels,
    parts: Parts,
    /// How much the trees count in the log-odds, 0 to 1.
    share: f64,
    calibration: Calibration,
    /// Inputs and scores as they were where it was judged.
    pub reference: Option<Reference>,
}

/// Both estimators, before they are blended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Parts {
    encoder: Encoder,
    /// Mean of each encoded column on the training rows.
    means: Vec<f64>,
    logistic: Logistic,
    trees: Option<Trees>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Trees {
    encoder: Encoder,
    boosting: Boosting,
}

impl Parts {
    /// The log-odds of each row by the logistic regression and by the trees; 0 where there are none.
    fn log_odds(&self, matrix: &FeatureMatrix) -> Result<Vec<[f64; 2]>> {
        let rows = matrix.customers.len();
        let blocks: Vec<Vec<[f64; 2]>> = (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| self.of_block(&matrix.rows(block * BLOCK..rows.min((block + 1) * BLOCK))))
            .collect::<Result<_>>()?;
        Ok(blocks.concat())
    }

    fn of_block(&self, matrix: &FeatureMatrix) -> Result<Vec<[f64; 2]>> {
        let x = self.encoder.encode(matrix)?;
        let mut all: Vec<[f64; 2]> =
            x.rows().into_iter().map(|row| [self.logistic.log_odds(row.as_slice().unwrap_or_default()), 0.0]).collect();
        if let Some(trees) = &self.trees {
            let x = trees.encoder.encode(matrix)?;
            let mut of_trees = vec![0.0; all.len()];
            trees.boosting.log_odds_of(x.as_slice().unwrap_or_default(), x.ncols(), &mut of_trees);
            all.iter_mut().zip(of_trees).for_each(|(both, z)| both[1] = z);
        }
        Ok(all)
    }
}

impl ChurnModel {
    /// P(event) of each row.
    ///
    /// # Errors
    /// Invalid when a feature is missing.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>> {
        Ok(self.calibrated(&self.log_odds(matrix)?))
    }

    /// The log-odds of each row before the calibration. Drift is told by them: an isotonic calibration has steps, and rows that
    /// share a step all change their bin when it moves by a hair.
    ///
    /// # Errors
    /// Invalid when a feature is missing.
    pub fn log_odds(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>> {
        Ok(self.parts.log_odds(matrix)?.into_iter().map(|both| blended(both, self.share)).collect())
    }

    /// P(event) of log-odds.
    pub fn calibrated(&self, log_odds: &[f64]) -> Vec<f64> {
        log_odds.iter().map(|&log_odds| self.calibration.probability(log_odds)).collect()
    }

    /// The names of the columns that it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.encoder.names()
    }

    /// Why each row got its probability: what each feature adds to the log-odds beside the average training row; their sum and
    /// the base give the answer (before the calibration, where that is isotonic). The strongest come first.
    ///
    /// # Errors
    /// Invalid when a feature is missing.
    pub fn reasons(&self, matrix: &FeatureMatrix) -> Result<Vec<Vec<(String, f64)>>> {
        let x = self.parts.encoder.encode(matrix)?;
        let of_trees = self.parts.trees.as_ref().map(|trees| trees.encoder.encode(matrix)).transpose()?;
        let slope = self.calibration.line().slope;
        let of_row = |row: usize| {
            let encoded = x.row(row);
            let columns = encoded.iter().zip(&self.parts.means).zip(&self.parts.logistic.weights);
            let columns: Vec<f64> = columns.map(|((x, mean), w)| (1.0 - self.share) * w * (x - mean)).collect();
            let mut parts = vec![0.0; self.columns().count()];
            self.parts.encoder.by_feature(&columns, &mut parts);
            if let (Some(trees), Some(x)) = (&self.parts.trees, &of_trees) {
                let mut columns = vec![0.0; x.ncols()];
                trees.boosting.contributions(&x.row(row).to_vec(), &mut columns);
                columns.iter_mut().for_each(|part| *part *= self.share);
                trees.encoder.by_feature(&columns, &mut parts);
            }
            let mut named: Vec<(String, f64)> =
                self.columns().zip(parts).map(|(name, part)| (name.to_owned(), slope * part)).collect();
            named.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            named
        };
        Ok((0..x.nrows()).map(of_row).collect())
    }

    /// The calibrated log-odds of an average row: what [`ChurnModel::reasons`] add to.
    pub fn base(&self) -> f64 {
        let means = self.parts.means.iter().zip(&self.parts.logistic.weights).map(|(mean, w)| mean * w);
        let of_trees = self.parts.trees.as_ref().map_or(0.0, |trees| trees.boosting.expected());
        let line = self.calibration.line();
        line.log_odds(blended([self.parts.logistic.intercept + means.sum::<f64>(), of_trees], self.share))
    }

    /// What each feature does, strongest first: its largest weight on the log-odds (of one standard deviation, a bin or a
    /// level); of trees alone, its share of what all splits gained.
    pub fn weights(&self) -> Vec<(String, f64)> {
        let mut all: Vec<(String, f64)> = match &self.parts.trees {
            Some(trees) if self.share >= 1.0 => {
                let gains = trees.boosting.gains(trees.encoder.width());
                let mut by_feature = vec![0.0; self.columns().count()];
                trees.encoder.by_feature(&gains, &mut by_feature);
                let total = by_feature.iter().sum::<f64>().max(f64::MIN_POSITIVE);
                self.columns().map(str::to_owned).zip(by_feature.iter().map(|gain| gain / total)).collect()
            }
            _ => {
                let slope = self.calibration.line().slope;
                let largest = |span: std::ops::Range<usize>| {
                    let weights = self.parts.logistic.weights[span].iter().copied();
                    weights.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0) * slope
                };
                self.parts.encoder.spans().map(|(name, span)| (name.to_owned(), largest(span))).collect()
            }
        };
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        all
    }

    /// How it answers, for the card.
    pub fn words(&self) -> String {
        let calibrated = self.calibration.words();
        match &self.parts.trees {
            None => format!("logistic regression, calibrated by {calibrated}"),
            Some(trees) => format!(
                "{} % logistic regression and {} % of {} boosted trees in log-odds, calibrated by {calibrated}",
                100.0 * (1.0 - self.share),
                100.0 * self.share,
                trees.boosting.trees.len()
            ),
        }
    }
}
