//! Gradient boosting of shallow trees for yes or no, behind linfa's traits (Friedman 2001; second order as in Chen and Guestrin
//! 2016; histograms of quantile bins as in Ke et al. 2017).
//!
//! Each round draws rows and columns from a stream of the seed, grows one tree level by level, and adds it to the log-odds.
//! Histograms are summed column by column in the order of the rows, so that threads, which share out the columns, change no bit.

mod grow;
mod params;
mod tree;

use linfa::traits::PredictInplace;
use ndarray::{Array1, ArrayBase, Data, Ix2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use params::{BoostingError, BoostingParams, BoostingValidParams};
use tree::Sharing;
pub use tree::{Node, Tree};

use super::sigmoid;

/// Rows that one thread answers at a time.
const BLOCK: usize = 8192;
/// Rows that one tree answers before the next: they and the tree stay in the nearest cache, where all trees would not.
const TOGETHER: usize = 128;

/// log-odds = base + sum of what each tree says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boosting {
    /// Log-odds of the training rows as a whole.
    pub base: f64,
    /// The trees, in the order in which they were grown.
    pub trees: Vec<Tree>,
}

impl Boosting {
    /// The log-odds of one row; NaN is a missing value.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + tree.value(row))
    }

    /// The log-odds of rows of `width` columns each.
    pub fn log_odds_of(&self, x: &[f64], width: usize, log_odds: &mut [f64]) {
        log_odds.fill(self.base);
        if width == 0 {
            return;
        }
        for (log_odds, x) in log_odds.chunks_mut(TOGETHER).zip(x.chunks(TOGETHER * width)) {
            for tree in &self.trees {
                log_odds.iter_mut().zip(x.chunks_exact(width)).for_each(|(z, row)| *z += tree.value(row));
            }
        }
    }

    /// The log-odds of rows that agree in their first columns: a customer under every treatment. `shared` holds these columns,
    /// `own` the others, `width` a row. A tree is walked once, and parts the rows only where it asks for what is their own.
    pub fn log_odds_sharing(&self, shared: &[f64], own: &[f64], width: usize) -> Vec<f64> {
        let mut log_odds = vec![self.base; own.len().checked_div(width).unwrap_or(1)];
        let mut rows: Vec<u32> = (0..log_odds.len() as u32).collect();
        let asked = Sharing { shared, own, width };
        self.trees.iter().for_each(|tree| tree.add_sharing(0, &asked, &mut rows, &mut log_odds));
        log_odds
    }

    /// The log-odds of a row of which nothing is known: what [`Boosting::contributions`] add to.
    pub fn expected(&self) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + tree.nodes[0].value)
    }

    /// Adds to `parts` what each column adds to the expected log-odds of this row: along its path through each tree, a split is
    /// credited with the change of the mean of the training rows below (Saabas 2014; Palczewska et al. 2014). With
    /// [`Boosting::expected`] they add up to the answer.
    pub fn contributions(&self, row: &[f64], parts: &mut [f64]) {
        for tree in &self.trees {
            tree.contributions(row, parts);
        }
    }

    /// Sum over splits of the reduction of loss that each column brought.
    pub fn gains(&self, columns: usize) -> Vec<f64> {
        let mut gains = vec![0.0; columns];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes).filter(|node| !node.is_leaf()) {
            gains[node.column as usize] += node.gain;
        }
        gains
    }
}

/// P(event) of each row.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for Boosting {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "an answer for every row");
        let (x, width) = (x.as_standard_layout(), x.ncols());
        let x = x.as_slice().expect("standard layout");
        let y = y.as_slice_mut().expect("a new array of one dimension");
        if width == 0 {
            return y.fill(sigmoid(self.base));
        }
        y.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK * width)).for_each(|(y, x)| {
            self.log_odds_of(x, width, y);
            y.iter_mut().for_each(|z| *z = sigmoid(*z));
        });
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests;
