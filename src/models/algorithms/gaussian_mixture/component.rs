//! One group of a mixture: its share, its mean, and the shape of its cloud.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// ln of the density of a group without rows: finite, since it is written down as JSON.
const LOST: f64 = -1e300;

/// A normal distribution with its share of all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Component {
    pub(super) weight: f64,
    pub(super) mean: Vec<f64>,
    /// Lower triangle of L^-1, row after row, where S = L L': |L^-1 (x - m)|^2 is the squared distance in the group's own measure.
    whitening: Vec<f64>,
    /// ln w - (d ln 2 pi + ln det S) / 2.
    constant: f64,
}

/// Weighted moments of rows about a fixed point, which keeps the digits that sums about 0 lose.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    weight: f64,
    first: Vec<f64>,
    /// Lower triangle, row after row.
    second: Vec<f64>,
}

impl Moments {
    pub(super) fn none(width: usize) -> Moments {
        Moments { weight: 0.0, first: vec![0.0; width], second: vec![0.0; width * (width + 1) / 2] }
    }

    pub(super) fn add(&mut self, row: &[f64], about: &[f64], weight: f64) {
        self.weight += weight;
        let mut at = 0;
        for i in 0..row.len() {
            let away = weight * (row[i] - about[i]);
            self.first[i] += away;
            for (x, o) in row.iter().zip(about).take(i + 1) {
                self.second[at] += away * (x - o);
                at += 1;
            }
        }
    }

    pub(super) fn join(&mut self, other: &Moments) {
        self.weight += other.weight;
        self.first.iter_mut().zip(&other.first).for_each(|(all, some)| *all += some);
        self.second.iter_mut().zip(&other.second).for_each(|(all, some)| *all += some);
    }
}

impl Component {
    /// A group at this mean with unit variances, of which only the mean counts until it follows its rows.
    pub(super) fn round_at(mean: Vec<f64>) -> Component {
        let width = mean.len();
        let mut unit = vec![0.0; width * (width + 1) / 2];
        (0..width).for_each(|i| unit[i * (i + 1) / 2 + i] = 1.0);
        Component { weight: 0.0, mean, whitening: unit, constant: LOST }
    }

    /// ln (w N(row; m, S)).
    pub(super) fn log_density(&self, row: &[f64]) -> f64 {
        let (mut squared, mut at) = (0.0, 0);
        for i in 0..row.len() {
            let mut sum = 0.0;
            for (x, mean) in row.iter().zip(&self.mean).take(i + 1) {
                sum += self.whitening[at] * (x - mean);
                at += 1;
            }
            squared += sum * sum;
        }
        self.constant - 0.5 * squared
    }

    /// Takes the moments of its rows about its present mean. A group that has lost its rows stays where it is and counts no more.
    pub(super) fn follow(&mut self, moments: &Moments, rows: f64, ridge: f64) {
        let width = self.mean.len();
        if moments.weight < 1e-6 {
            (self.weight, self.constant) = (0.0, LOST);
            return;
        }
        let shift: Vec<f64> = moments.first.iter().map(|sum| sum / moments.weight).collect();
        let mut lower = vec![0.0; width * (width + 1) / 2];
        let mut at = 0;
        for i in 0..width {
            for j in 0..=i {
                lower[at] = moments.second[at] / moments.weight - shift[i] * shift[j];
                at += 1;
            }
            lower[at - 1] += ridge;
        }
        cholesky(&mut lower, width, ridge);
        let log_det: f64 = (0..width).map(|i| 2.0 * lower[i * (i + 1) / 2 + i].ln()).sum();
        self.mean.iter_mut().zip(shift).for_each(|(mean, by)| *mean += by);
        self.weight = moments.weight / rows;
        self.whitening = inverse(&lower, width);
        self.constant = self.weight.ln() - 0.5 * (width as f64 * std::f64::consts::TAU.ln() + log_det);
    }

    /// S = (W' W)^-1 with W = L^-1.
    pub(super) fn covariance(&self) -> Array2<f64> {
        let width = self.mean.len();
        let lower = inverse(&self.whitening, width);
        let entry = |i: usize, j: usize| if j <= i { lower[i * (i + 1) / 2 + j] } else { 0.0 };
        Array2::from_shape_fn((width, width), |(i, j)| (0..width).map(|k| entry(i, k) * entry(j, k)).sum())
    }
}

/// L in place of the lower triangle of S. Columns that are combinations of others keep at least the ridge.
fn cholesky(lower: &mut [f64], width: usize, ridge: f64) {
    let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
    for i in 0..width {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[at(i, k)] * lower[at(j, k)]).sum();
            let rest = lower[at(i, j)] - dot;
            lower[at(i, j)] = if i == j { rest.max(ridge).sqrt() } else { rest / lower[at(j, j)] };
        }
    }
}

/// The inverse of a lower triangle.
fn inverse(lower: &[f64], width: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
    let mut made = vec![0.0; lower.len()];
    for j in 0..width {
        made[at(j, j)] = 1.0 / lower[at(j, j)];
        for i in j + 1..width {
            let dot: f64 = (j..i).map(|k| lower[at(i, k)] * made[at(k, j)]).sum();
            made[at(i, j)] = -dot / lower[at(i, i)];
        }
    }
    made
}
