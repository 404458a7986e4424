//! Newton's method whose second derivatives come from a sample.
//!
//! Second derivatives cost half as many operations as there are columns, times those of a gradient. They need not be exact: with
//! m sampled rows and d columns they are right to about sqrt(d / m), so that each step over all rows takes the gradient down by
//! that factor, and what the steps learn on the way (L-BFGS) brings it down faster still. (Subsampled Newton: Roosta-Khorasani
//! and Mahoney 2019; Byrd, Chin, Neveitt and Nocedal 2011.)

use super::super::minimise::{Stop, minimise_scaled};
use super::sums::Rows;
use crate::random::mix;

/// Rows in the first and in the last sample, at least; the last stands for all rows in second derivatives.
const SAMPLES: [usize; 2] = [4096, 32_768];
/// Rows of a sample for each column, and rows of the rarer class for each column, at least.
const PER_COLUMN: [usize; 2] = [40, 4];
/// A sample must save at least this factor, or all rows are taken.
const WORTH: usize = 3;

/// What is minimised: the loss of the rows and penalty / 2 x weight squared of each column.
pub(super) struct Objective<'a> {
    pub rows: Rows<'a>,
    pub penalties: &'a [f64],
}

/// Second derivatives as their Cholesky factor.
struct Factor {
    lower: Vec<f64>,
    n: usize,
}

impl Objective<'_> {
    /// The minimum, or None when the loss is not a number. The largest component of the gradient is at most `tolerance` x the
    /// rows' total weight there, as far as rounding allows.
    pub fn minimum(&self, tolerance: f64) -> Option<Vec<f64>> {
        let total = self.rows.total();
        let mut x = self.start(total);
        let mut factor = None;
        for least in SAMPLES {
            let Some(sample) = Sample::of(&self.rows, least) else { continue };
            let share = sample.rows(self.rows.width).total() / total;
            let penalties: Vec<f64> = self.penalties.iter().map(|penalty| penalty * share).collect();
            let part = Objective { rows: sample.rows(self.rows.width), penalties: &penalties };
            // Nearer to the sample's own optimum than a hundredth of its distance to that of all rows is not needed.
            let noise = 0.01 / (sample.happened.len() as f64).sqrt();
            factor = Some((part.newton(&mut x, noise * share * total)?, share));
        }
        let Some((factor, share)) = factor else {
            return self.newton(&mut x, tolerance * total).map(|_| x);
        };
        let mut finite = None;
        let stop = Stop { steps: 100, gradient: tolerance * total, gain: 0.0 };
        let scale = |direction: &mut [f64]| {
            factor.solve(direction);
            direction.iter_mut().for_each(|d| *d *= share);
        };
        minimise_scaled(&mut x, scale, stop, |x, gradient| {
            let value = self.value(x, gradient);
            finite.get_or_insert(value.is_finite());
            value
        });
        finite.unwrap_or(false).then_some(x)
    }

    /// All weights 0 and the intercept at the rows' own log-odds.
    fn start(&self, total: f64) -> Vec<f64> {
        let weight = |row: usize| self.rows.weights.map_or(1.0, |weights| f64::from(weights[row]));
        let events: f64 = (0..self.rows.len()).filter(|&row| self.rows.happened[row]).map(weight).sum();
        let mut x = vec![0.0; self.rows.width + 1];
        x[self.rows.width] = super::super::logit(events / total);
        x
    }

    fn value(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let mut value = self.rows.loss(x, gradient);
        for ((g, &weight), &penalty) in gradient.iter_mut().zip(x).zip(self.penalties) {
            *g += penalty * weight;
            value += 0.5 * penalty * weight * weight;
        }
        value
    }

    /// Newton steps until no component of the gradient is larger than `enough`; returns the last second derivatives, or
    /// None when the loss is not a number.
    fn newton(&self, x: &mut Vec<f64>, enough: f64) -> Option<Factor> {
        let mut gradient = vec![0.0; x.len()];
        let mut value = self.value(x, &mut gradient);
        if !value.is_finite() {
            return None;
        }
        let mut factor = self.factor(x);
        for _ in 0..50 {
            let mut step = gradient.clone();
            factor.solve(&mut step);
            let slope: f64 = -gradient.iter().zip(&step).map(|(g, s)| g * s).sum::<f64>();
            let Some(there) = self.along(x, &step, value, slope, &mut gradient) else { break };
            (*x, value) = there;
            if gradient.iter().all(|g| g.abs() <= enough) {
                break;
            }
            factor = self.factor(x);
        }
        Some(factor)
    }

    /// The whole step, or as often halved as it takes to go down; None when rounding hides any descent.
    fn along(&self, x: &[f64], step: &[f64], value: f64, slope: f64, gradient: &mut [f64]) -> Option<(Vec<f64>, f64)> {
        let before = gradient.to_vec();
        let mut share = 1.0;
        for _ in 0..30 {
            let there: Vec<f64> = x.iter().zip(step).map(|(x, s)| x - share * s).collect();
            let reached = self.value(&there, gradient);
            if reached <= value + 1e-4 * share * slope {
                return Some((there, reached));
            }
            share *= 0.5;
        }
        gradient.copy_from_slice(&before);
        None
    }

    fn factor(&self, x: &[f64]) -> Factor {
        let n = x.len();
        let mut curvature = self.rows.curvature(x);
        self.penalties.iter().enumerate().for_each(|(j, penalty)| curvature[j * n + j] += penalty);
        let largest = (0..n).map(|j| curvature[j * n + j]).fold(0.0, f64::max);
        // Columns that repeat each other, or rows all on one side, leave a direction flat: a little is added until it is not.
        let mut ridge = largest * 1e-14;
        loop {
            if let Some(lower) = cholesky(&curvature, n) {
                return Factor { lower, n };
            }
            ridge = (ridge * 100.0).max(1e-300);
            (0..n).for_each(|j| curvature[j * n + j] += ridge);
        }
    }
}

/// L with L L' = the matrix of which the lower half is given; None when it is not positive definite.
fn cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
            let rest = matrix[i * n + j] - known;
            if i == j {
                // What rounding leaves of a zero must not pass for curvature. A NaN goes on: the caller sees it in the loss.
                if rest <= 1e-13 * matrix[i * n + i] {
                    return None;
                }
                lower[i * n + i] = rest.sqrt();
            } else {
                lower[i * n + j] = rest / lower[j * n + j];
            }
        }
    }
    Some(lower)
}

impl Factor {
    /// Replaces v by the solution of (L L') x = v.
    fn solve(&self, v: &mut [f64]) {
        let n = self.n;
        for i in 0..n {
            let known: f64 = (0..i).map(|k| self.lower[i * n + k] * v[k]).sum();
            v[i] = (v[i] - known) / self.lower[i * n + i];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| self.lower[k * n + i] * v[k]).sum();
            v[i] = (v[i] - known) / self.lower[i * n + i];
        }
    }
}

/// Some of the rows, copied together.
struct Sample {
    x: Vec<f64>,
    happened: Vec<bool>,
    weights: Option<Vec<f32>>,
}

impl Sample {
    /// About `least` rows or as many as the columns ask for; None when that saves little, or a class is too rare in them. Rows
    /// are drawn by a hash of their place: every k-th row could beat in time with how the data were put together.
    fn of(rows: &Rows<'_>, least: usize) -> Option<Sample> {
        let columns = rows.width + 1;
        let every = rows.len() / least.max(PER_COLUMN[0] * columns);
        if every < WORTH {
            return None;
        }
        let drawn: Vec<usize> = (0..rows.len()).filter(|&row| mix(row as u64).is_multiple_of(every as u64)).collect();
        let happened: Vec<bool> = drawn.iter().map(|&row| rows.happened[row]).collect();
        let events = happened.iter().filter(|&&y| y).count();
        if events.min(happened.len() - events) < PER_COLUMN[1] * columns {
            return None;
        }
        let mut x = Vec::with_capacity(drawn.len() * rows.width);
        drawn.iter().for_each(|&row| x.extend_from_slice(&rows.x[row * rows.width..(row + 1) * rows.width]));
        let weights = rows.weights.map(|weights| drawn.iter().map(|&row| weights[row]).collect::<Vec<f32>>());
        // Rows that count nothing are no sample.
        weights.iter().all(|weights| weights.iter().any(|&w| w > 0.0)).then_some(Sample { x, happened, weights })
    }

    fn rows(&self, width: usize) -> Rows<'_> {
        Rows { x: &self.x, width, happened: &self.happened, weights: self.weights.as_deref() }
    }
}
