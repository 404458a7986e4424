//! Drift: whether customers, and what a model says of them, still look as when it was judged.
//!
//! The population stability index of a distribution over bins is the sum of (now - then) x ln(now / then). Below .1 nothing has
//! moved to speak of, up to .25 something has, and above that the model should be trained again (Siddiqi 2006, Credit Risk
//! Scorecards, ch. 8; the sampling error of the index is studied by Yurdakul 2018).

use serde::{Deserialize, Serialize};

use super::algorithms::quantile_bins::QuantileBins;
use super::matrix::FeatureMatrix;

/// From here on something has moved.
pub const MOVED: f64 = 0.1;
/// From here on the model should be trained again.
pub const FAR: f64 = 0.25;
/// Bins of a distribution.
const BINS: usize = 10;
/// An empty bin counts as this share, or the index would be infinite.
const LEAST: f64 = 1e-4;

/// How a number was distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Histogram {
    name: String,
    bins: QuantileBins,
    shares: Vec<f64>,
}

impl Histogram {
    fn of(name: &str, values: &[f64]) -> Histogram {
        let bins = QuantileBins::fit(values, BINS);
        let shares = shares(&bins, values);
        Histogram { name: name.to_owned(), bins, shares }
    }

    fn index(&self, values: &[f64]) -> f64 {
        let now = shares(&self.bins, values);
        self.shares.iter().zip(now).map(|(then, now)| (now, then.max(LEAST))).fold(0.0, |sum, (now, then)| {
            let now = now.max(LEAST);
            sum + (now - then) * (now / then).ln()
        })
    }
}

fn shares(bins: &QuantileBins, values: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; bins.count()];
    values.iter().for_each(|&value| counts[bins.bin(value)] += 1.0);
    let rows = values.len().max(1) as f64;
    counts.iter().map(|count| count / rows).collect()
}

/// How inputs and scores were distributed over the rows that a model was judged on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    inputs: Vec<Histogram>,
    scores: Histogram,
}

/// How far a distribution has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below .1.
    Stable,
    /// Below .25.
    Moved,
    /// Train again.
    Far,
}

impl Level {
    /// The level of an index.
    pub fn of(index: f64) -> Level {
        match index {
            _ if index >= FAR => Level::Far,
            _ if index >= MOVED => Level::Moved,
            _ => Level::Stable,
        }
    }
}

/// What was found when customers were scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Customers who were scored.
    pub rows: usize,
    /// The index of the scores.
    pub scores: f64,
    /// The index of each input, the largest first.
    pub inputs: Vec<(String, f64)>,
    /// The level of the largest of all.
    pub level: Level,
}

impl Drift {
    /// What to tell, where there is something.
    pub fn warning(&self, model: &str) -> Option<String> {
        let moved: Vec<String> = std::iter::once(("its scores", self.scores))
            .chain(self.inputs.iter().map(|(name, index)| (name.as_str(), *index)))
            .filter(|(_, index)| *index >= MOVED)
            .map(|(name, index)| format!("{name} {index:.2}"))
            .collect();
        let advice = if self.level == Level::Far { "train it again" } else { "watch it" };
        (self.level != Level::Stable).then(|| {
            format!("`{model}` drifts (population stability index from {MOVED}): {}; {advice}", moved.join(", "))
        })
    }
}

impl Reference {
    /// From the rows that a model was judged on, its columns, and what it said.
    pub fn of<'a>(matrix: &FeatureMatrix, columns: impl Iterator<Item = &'a str>, scores: &[f64]) -> Reference {
        let inputs = columns.filter_map(|name| Some(Histogram::of(name, &matrix.column(name)?.to_vec()))).collect();
        Reference { inputs, scores: Histogram::of("score", scores) }
    }

    /// How far inputs and scores have moved.
    pub fn drift(&self, matrix: &FeatureMatrix, scores: &[f64]) -> Drift {
        let mut inputs: Vec<(String, f64)> = self
            .inputs
            .iter()
            .filter_map(|then| Some((then.name.clone(), then.index(&matrix.column(&then.name)?.to_vec()))))
            .collect();
        inputs.sort_by(|a, b| b.1.total_cmp(&a.1));
        let of_scores = self.scores.index(scores);
        let largest = inputs.first().map_or(0.0, |(_, index)| *index).max(of_scores);
        Drift { rows: scores.len(), scores: of_scores, inputs, level: Level::of(largest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;
    use crate::random::Stream;
    use ndarray::Array2;

    fn matrix(shift: f64) -> FeatureMatrix {
        let mut stream = Stream::new(1, &shift.to_string());
        let values =
            Array2::from_shape_fn((5_000, 2), |(_, column)| stream.normal() + if column == 0 { shift } else { 0.0 });
        FeatureMatrix { customers: (0..5_000).map(CustomerId).collect(), names: vec!["a".into(), "b".into()], values }
    }

    /// The index of two normals half a deviation apart is the symmetric divergence .5 x .5 = .25, less what bins hide of it.
    #[test]
    fn a_shift_of_half_a_deviation_is_far_and_chance_is_nothing() {
        let then = matrix(0.0);
        let scores = then.column("b").unwrap().to_vec();
        let reference = Reference::of(&then, ["a", "b"].into_iter(), &scores);
        let drift = reference.drift(&matrix(0.5), &scores);
        assert_eq!((drift.inputs[0].0.as_str(), drift.scores, drift.rows), ("a", 0.0, 5_000));
        assert!((0.2..0.3).contains(&drift.inputs[0].1) && drift.inputs[1].1 < 0.01, "{drift:?}");
        assert!(drift.warning("churn").unwrap().contains("a 0.2"), "{drift:?}");
        let still = reference.drift(&matrix(1e-9), &scores);
        assert_eq!((still.level, still.warning("churn")), (Level::Stable, None));
    }

    #[test]
    fn an_empty_bin_is_no_infinity() {
        let then = matrix(0.0);
        let reference = Reference::of(&then, ["a"].into_iter(), &[0.5; 5_000]);
        let drift = reference.drift(&matrix(100.0), &[0.9; 5_000]);
        assert!(drift.inputs[0].1.is_finite() && drift.level == Level::Far, "{drift:?}");
    }
}
