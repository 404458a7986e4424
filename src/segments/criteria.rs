//! The four questions to a segment: is it homogeneous, distinct, profitable, and can it be reached (Kotler; Wedel and Kamakura 2000)?

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::silhouette::simplified;
use crate::models::spec::segments::Criteria;

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// `homogeneous`, `distinct`, `profitable` or `reachable`.
    pub name: String,
    /// The figure; none where nobody is known.
    pub value: Option<f64>,
    /// What it must reach, or stay under.
    pub threshold: f64,
    /// Whether it does.
    pub passed: bool,
}

/// What is known of the customers of each segment, beside where they stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// Profit a customer so far, in units of the currency; none for an empty segment.
    pub profit: Option<f64>,
    /// Share with a channel that is agreed to and not suppressed.
    pub reachable: Option<f64>,
}

/// The answers for each segment. `x`: customers' encoded features; `membership`: the segment of each, none for those who are in
/// none or of whom no feature is known.
pub fn criteria(
    x: ArrayView2<'_, f64>,
    membership: &[Option<usize>],
    known: &[Known],
    thresholds: &Criteria,
) -> Vec<Vec<Criterion>> {
    let spread = Spread::of(x, membership, known.len());
    let distinct = simplified(x, membership, spread.centres.view());
    let answer = |name: &str, value: Option<f64>, threshold: f64, least: bool| Criterion {
        name: name.into(),
        value,
        threshold,
        passed: value.is_some_and(|value| if least { value >= threshold } else { value <= threshold }),
    };
    known
        .iter()
        .enumerate()
        .map(|(segment, known)| {
            let there = spread.rows[segment] > 0.0;
            vec![
                answer("homogeneous", spread.share(segment), thresholds.max_spread, false),
                answer("distinct", there.then(|| distinct[segment]), thresholds.min_silhouette, true),
                answer("profitable", known.profit, thresholds.min_profit, true),
                answer("reachable", known.reachable, thresholds.min_reachable, true),
            ]
        })
        .collect()
}

/// How far customers lie from the centres of their segments, and from that of all.
struct Spread {
    rows: Vec<f64>,
    /// Means; not a number for a segment without customers.
    centres: Array2<f64>,
    /// Mean squared distance from the own centre.
    within: Vec<f64>,
    /// The same of all from the centre of all.
    whole: f64,
}

impl Spread {
    fn of(x: ArrayView2<'_, f64>, membership: &[Option<usize>], count: usize) -> Spread {
        let width = x.ncols();
        let mut rows = vec![0.0; count];
        let (mut centres, mut squares) = (Array2::<f64>::zeros((count, width)), Array2::<f64>::zeros((count, width)));
        // Running means: exact also where they lie far from 0 (Welford).
        for (row, segment) in x.rows().into_iter().zip(membership) {
            let Some(segment) = *segment else { continue };
            rows[segment] += 1.0;
            for column in 0..width {
                let away = row[column] - centres[[segment, column]];
                centres[[segment, column]] += away / rows[segment];
                squares[[segment, column]] += away * (row[column] - centres[[segment, column]]);
            }
        }
        let all: f64 = rows.iter().sum();
        // The spread of all is what lies within the segments and what lies between their centres.
        let mut whole = squares.sum();
        for column in 0..width {
            let mean: f64 = (0..count).map(|s| rows[s] * centres[[s, column]]).sum::<f64>() / all.max(1.0);
            whole += (0..count).map(|s| rows[s] * (centres[[s, column]] - mean).powi(2)).sum::<f64>();
        }
        let within = (0..count).map(|s| squares.row(s).sum() / f64::max(rows[s], 1.0)).collect();
        for (segment, mut centre) in centres.rows_mut().into_iter().enumerate() {
            if rows[segment] == 0.0 {
                centre.fill(f64::NAN);
            }
        }
        Spread { rows, centres, within, whole: whole / all.max(1.0) }
    }

    /// Of the spread of all customers; none where there are no customers or no differences.
    fn share(&self, segment: usize) -> Option<f64> {
        (self.rows[segment] > 0.0 && self.whole > 0.0).then(|| self.within[segment] / self.whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn four_answers_by_hand() {
        let x = array![[0.0], [2.0], [10.0], [12.0], [50.0]];
        let membership = [Some(0), Some(0), Some(1), Some(1), None];
        let known = [
            Known { profit: Some(3.0), reachable: Some(0.25) },
            Known { profit: Some(-1.0), reachable: Some(1.0) },
            Known { profit: None, reachable: None },
        ];
        let found = criteria(x.view(), &membership, &known, &Criteria::default());
        // Each lies 1 from its centre; from the centre of all, 6: 36, 16, 16, 36, mean 26.
        assert!((found[0][0].value.unwrap() - 1.0 / 26.0).abs() < 1e-12);
        // Centres 1 and 11: row 0 is 1 and 11 away, row 1 is 1 and 9.
        let distinct = (10.0 / 11.0 + 8.0 / 9.0) / 2.0;
        assert!((found[0][1].value.unwrap() - distinct).abs() < 1e-12);
        let passed = |segment: usize| found[segment].iter().map(|c| c.passed).collect::<Vec<_>>();
        assert_eq!(passed(0), [true, true, true, false]);
        assert_eq!(passed(1), [true, true, false, true]);
        assert_eq!(passed(2), [false; 4]);
        assert!(found[2].iter().all(|criterion| criterion.value.is_none()));
    }
}
