//! Regression on rows of indicators, logistic or by least squares: each row names the few columns that are 1.
//!
//! Bins, offers and their crosses make hundreds of columns of which a row has about twenty; a dense matrix would spend nine
//! tenths of memory and time on zeros.

use rayon::prelude::*;

use super::minimise::{Stop, minimise};
use super::sigmoid;

/// Rows in one partial sum. The sums are added in order, so that the result does not depend on the number of threads.
const BLOCK: usize = 8192;

/// Which columns are 1 in each row.
#[derive(Debug, Clone, Default)]
pub struct IndicatorRows {
    ends: Vec<usize>,
    columns: Vec<u32>,
}

impl IndicatorRows {
    /// Adds a row.
    pub fn push(&mut self, columns: impl IntoIterator<Item = u32>) {
        self.columns.extend(columns);
        self.ends.push(self.columns.len());
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The columns of a row.
    pub fn row(&self, row: usize) -> &[u32] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.columns[start..self.ends[row]]
    }

    /// The log-odds of a row.
    pub fn log_odds(&self, row: usize, weights: &[f64]) -> f64 {
        sum_of(self.row(row), weights)
    }
}

fn sum_of(columns: &[u32], weights: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &column in columns {
        sum += weights[column as usize];
    }
    sum
}

/// What is minimised beside the penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Negative log-likelihood of outcomes 0 to 1 whose log-odds are sums of weights.
    Logistic,
    /// Half the squared distance of outcomes from sums of weights.
    Squares,
}

impl Loss {
    /// Loss, slope and curvature where the sum of weights is `z` and the outcome `y`.
    fn at(self, z: f64, y: f64) -> (f64, f64, f64) {
        match self {
            Loss::Logistic => {
                let p = sigmoid(z);
                // -y ln p - (1 - y) ln (1 - p) = ln(1 + e^z) - y z, without overflow
                (z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z, p - y, p * (1.0 - p))
            }
            Loss::Squares => (0.5 * (z - y) * (z - y), z - y, 1.0),
        }
    }
}

/// One problem: rows, what happened, how much each row counts, and the penalty of each column.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// The indicators.
    pub rows: &'a IndicatorRows,
    /// What happened; one value a row.
    pub outcomes: &'a [f64],
    /// How much each row counts; 0 leaves it out.
    pub weights: &'a [f64],
    /// L2 penalty of each column; all positive except of columns that many rows have (the intercept).
    pub penalties: &'a [f64],
    /// What is minimised.
    pub loss: Loss,
}

impl Problem<'_> {
    /// The weights that minimise sum of weighted losses + sum of penalty / 2 x weight squared, starting from `start`.
    pub fn fit(&self, start: Vec<f64>) -> Vec<f64> {
        let mut x = start;
        let total: f64 = self.weights.iter().sum();
        // One part in a million of the loss is far below what sampling noise does to it.
        let stop = Stop { steps: 200, gradient: 1e-6 * total.max(1.0), gain: 1e-6 };
        let curvature = self.curvature(&x);
        minimise(&mut x, &curvature, stop, |x, gradient| self.value(x, gradient));
        x
    }

    /// Loss and gradient, summed by blocks.
    fn value(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let parts = self.by_block(x.len(), |row, part| {
            let columns = self.rows.row(row);
            let (loss, slope, _) = self.loss.at(sum_of(columns, x), self.outcomes[row]);
            for &column in columns {
                part[column as usize] += self.weights[row] * slope;
            }
            self.weights[row] * loss
        });
        let mut value = 0.0;
        for (j, (g, penalty)) in gradient.iter_mut().zip(self.penalties).enumerate() {
            *g = penalty * x[j];
            value += 0.5 * penalty * x[j] * x[j];
        }
        for (loss, part) in parts {
            value += loss;
            gradient.iter_mut().zip(part).for_each(|(g, p)| *g += p);
        }
        value
    }

    /// Diagonal of the second derivatives at `x`; at least a small number, so that it can be divided by.
    fn curvature(&self, x: &[f64]) -> Vec<f64> {
        let mut diagonal: Vec<f64> = self.penalties.to_vec();
        let parts = self.by_block(x.len(), |row, part| {
            let (_, _, curve) = self.loss.at(self.rows.log_odds(row, x), self.outcomes[row]);
            for &column in self.rows.row(row) {
                part[column as usize] += self.weights[row] * curve;
            }
            0.0
        });
        for (_, part) in parts {
            diagonal.iter_mut().zip(part).for_each(|(d, p)| *d += p);
        }
        diagonal.iter_mut().for_each(|d| *d = d.max(1e-6));
        diagonal
    }

    fn by_block(&self, columns: usize, each: impl Fn(usize, &mut [f64]) -> f64 + Sync) -> Vec<(f64, Vec<f64>)> {
        let rows = self.rows.len();
        (0..rows.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut part = vec![0.0; columns];
                let mut loss = 0.0;
                for row in block * BLOCK..rows.min((block + 1) * BLOCK) {
                    // Rows of weight 0 belong to a fold that is left out.
                    if self.weights[row] != 0.0 {
                        loss += each(row, &mut part);
                    }
                }
                (loss, part)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn coins(rows: usize) -> (IndicatorRows, Vec<f64>) {
        let (mut design, mut outcomes) = (IndicatorRows::default(), Vec::new());
        let mut stream = Stream::new(1, "coins");
        for i in 0..rows {
            let side = (i % 2) as u32;
            design.push([0, 1 + side]);
            outcomes.push(f64::from(u8::from(stream.uniform() < [0.2, 0.7][side as usize])));
        }
        (design, outcomes)
    }

    #[test]
    fn two_groups_get_their_own_rates() {
        let (rows, outcomes) = coins(20_000);
        let weights = vec![1.0; rows.len()];
        let penalties = [0.0, 1e-3, 1e-3];
        let fit = |loss: Loss| {
            Problem { rows: &rows, outcomes: &outcomes, weights: &weights, penalties: &penalties, loss }
                .fit(vec![0.0; 3])
        };
        let (logistic, squares) = (fit(Loss::Logistic), fit(Loss::Squares));
        for side in 0..2 {
            let rate: f64 = outcomes.iter().skip(side).step_by(2).sum::<f64>() / 10_000.0;
            assert!((sigmoid(logistic[0] + logistic[1 + side]) - rate).abs() < 1e-4, "{logistic:?} {rate}");
            assert!((squares[0] + squares[1 + side] - rate).abs() < 1e-4, "{squares:?} {rate}");
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (rows, outcomes) = coins(40_000);
        let weights = vec![1.0; rows.len()];
        let penalties = [0.0, 1.0, 1.0];
        let loss = Loss::Logistic;
        let problem = Problem { rows: &rows, outcomes: &outcomes, weights: &weights, penalties: &penalties, loss };
        let fit_on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| problem.fit(vec![0.0; 3]))
        };
        assert_eq!(fit_on(1), fit_on(3));
    }
}
