//! Loss, gradient and second derivatives of a logistic regression, summed over blocks of rows.
//!
//! Four rows at a time: the columns of four rows are added into the gradient in one go, which halves what is read and written
//! beside the data itself, and each inner loop runs over plain slices of one length, which the compiler turns into vectors.

use std::ops::Range;

use rayon::prelude::*;

use super::super::sigmoid;

/// Rows in one partial sum. The sums are added in order, so that the result does not depend on the number of threads.
pub(super) const BLOCK: usize = 8192;
/// Blocks whose second derivatives are held at a time: with hundreds of columns each takes megabytes.
const WAVE: usize = 16;
/// Products are turned into a logarithm before they can overflow: one more row at most doubles them.
const LARGE: f64 = 1e290;

/// Rows of columns, what happened, and how much each row counts (1 when there are no weights).
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    /// Row after row, each `width` numbers.
    pub x: &'a [f64],
    pub width: usize,
    pub happened: &'a [bool],
    pub weights: Option<&'a [f32]>,
}

impl Rows<'_> {
    pub fn len(&self) -> usize {
        self.happened.len()
    }

    /// How much all rows count together.
    pub fn total(&self) -> f64 {
        self.weights.map_or(self.len() as f64, |weights| weights.iter().map(|&w| f64::from(w)).sum())
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.x[row * self.width..(row + 1) * self.width]
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| f64::from(weights[row]))
    }

    /// Sum of weighted log-losses; its derivatives by each column and, last, by the intercept are written to `gradient`.
    pub fn loss(&self, at: &[f64], gradient: &mut [f64]) -> f64 {
        let parts = self.by_block(0..self.len().div_ceil(BLOCK), |range| {
            let mut part = vec![0.0; at.len()];
            let loss = self.loss_of(range, at, &mut part);
            (loss, part)
        });
        gradient.fill(0.0);
        let mut sum = 0.0;
        for (loss, part) in parts {
            sum += loss;
            add(gradient, &part);
        }
        sum
    }

    /// Second derivatives, the lower half, row after row: sum of weight x p x (1 - p) x (column j) x (column k).
    pub fn curvature(&self, at: &[f64]) -> Vec<f64> {
        let n = at.len();
        let mut sum = vec![0.0; n * n];
        let blocks = self.len().div_ceil(BLOCK);
        for wave in (0..blocks).step_by(WAVE) {
            let parts = self.by_block(wave..(wave + WAVE).min(blocks), |range| self.curvature_of(range, at));
            parts.iter().for_each(|part| add(&mut sum, part));
        }
        sum
    }

    fn by_block<T: Send>(&self, blocks: Range<usize>, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
        blocks.into_par_iter().map(|block| work(block * BLOCK..((block + 1) * BLOCK).min(self.len()))).collect()
    }

    fn loss_of(&self, range: Range<usize>, at: &[f64], gradient: &mut [f64]) -> f64 {
        let (slopes, intercept) = (&at[..self.width], at[self.width]);
        let (gradient, intercept_gradient) = gradient.split_at_mut(self.width);
        // -y ln p - (1 - y) ln (1 - p) = max(z, 0) - y z + ln(1 + e^-|z|). The logarithms of rows that count 1 are taken of
        // their product: one for about a thousand rows instead of one each.
        let (mut linear, mut logs, mut product) = (0.0, 0.0, 1.0);
        let mut away = |row: usize| {
            let z = intercept + dot(self.row(row), slopes);
            let y = f64::from(u8::from(self.happened[row]));
            let tail = (-z.abs()).exp();
            let p = if z >= 0.0 { 1.0 } else { tail } / (1.0 + tail);
            let flat = z.max(0.0) - y * z;
            match self.weights {
                None => {
                    linear += flat;
                    product *= 1.0 + tail;
                    if product > LARGE {
                        logs += f64::ln(product);
                        product = 1.0;
                    }
                    p - y
                }
                Some(weights) => {
                    let weight = f64::from(weights[row]);
                    linear += weight * (flat + tail.ln_1p());
                    weight * (p - y)
                }
            }
        };
        let fours = range.start + range.len() / 4 * 4;
        for first in (range.start..fours).step_by(4) {
            let by = [away(first), away(first + 1), away(first + 2), away(first + 3)];
            self.add_four(first, by, gradient);
            intercept_gradient[0] += (by[0] + by[1]) + (by[2] + by[3]);
        }
        for row in fours..range.end {
            let by = away(row);
            gradient.iter_mut().zip(self.row(row)).for_each(|(g, x)| *g += by * x);
            intercept_gradient[0] += by;
        }
        linear + logs + product.ln()
    }

    /// Adds `by` times each of four rows.
    fn add_four(&self, first: usize, by: [f64; 4], to: &mut [f64]) {
        let n = to.len();
        let [a, b, c, d] = std::array::from_fn(|i| &self.row(first + i)[..n]);
        for j in 0..n {
            to[j] += (by[0] * a[j] + by[1] * b[j]) + (by[2] * c[j] + by[3] * d[j]);
        }
    }

    fn curvature_of(&self, range: Range<usize>, at: &[f64]) -> Vec<f64> {
        let (slopes, intercept) = (&at[..self.width], at[self.width]);
        let n = at.len();
        let mut sum = vec![0.0; n * n];
        let spread = |row: usize| {
            let p = sigmoid(intercept + dot(self.row(row), slopes));
            self.weight(row) * p * (1.0 - p)
        };
        let fours = range.start + range.len() / 4 * 4;
        for first in (range.start..fours).step_by(4) {
            let by: [f64; 4] = std::array::from_fn(|i| spread(first + i));
            for j in 0..self.width {
                let scaled = std::array::from_fn(|i| by[i] * self.row(first + i)[j]);
                self.add_four(first, scaled, &mut sum[j * n..=j * n + j]);
            }
            self.add_four(first, by, &mut sum[(n - 1) * n..n * n - 1]);
            sum[n * n - 1] += (by[0] + by[1]) + (by[2] + by[3]);
        }
        for row in fours..range.end {
            let by = spread(row);
            let x = self.row(row);
            for j in 0..self.width {
                sum[j * n..=j * n + j].iter_mut().zip(x).for_each(|(s, v)| *s += by * x[j] * v);
            }
            sum[(n - 1) * n..n * n - 1].iter_mut().zip(x).for_each(|(s, v)| *s += by * v);
            sum[n * n - 1] += by;
        }
        sum
    }
}

/// Sum of products, in four lanes: one running sum would wait for itself at every column.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a_fours, b_fours) = (a.chunks_exact(4), b.chunks_exact(4));
    let (a_rest, b_rest) = (a_fours.remainder(), b_fours.remainder());
    for (x, y) in a_fours.zip(b_fours) {
        for lane in 0..4 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest
}

fn add(to: &mut [f64], what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += w);
}
