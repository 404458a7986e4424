//! Segments in words: in which features their customers stand above or below all.

use serde::{Deserialize, Serialize};

use crate::models::FeatureMatrix;

/// Features that are named of one segment, at most.
const MOST: usize = 6;
/// Nearer to the mean of all, in standard deviations, a feature says nothing of the segment.
const NOTABLE: f64 = 0.3;

/// A feature in which a segment differs from the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// The feature.
    pub feature: String,
    /// All of it in words.
    pub words: String,
    /// How far the segment's mean stands above that of all customers, in standard deviations of all (of ln(1 + x), since most
    /// features have long tails).
    pub standing: f64,
    /// The segment's mean, in the feature's unit.
    pub mean: f64,
    /// The mean of all customers.
    pub whole: f64,
}

/// Unit and meaning of a feature, where the catalogue knows it.
pub type Words<'a> = dyn Fn(&str) -> Option<(String, String)> + 'a;

/// For each of `count` segments the features in which it differs most, the strongest first. Values that are not known count nowhere.
pub fn traits(
    matrix: &FeatureMatrix,
    membership: &[Option<usize>],
    count: usize,
    words: &Words<'_>,
) -> Vec<Vec<Trait>> {
    let mut found: Vec<Vec<Trait>> = vec![Vec::new(); count];
    for (name, values) in matrix.names.iter().zip(matrix.values.columns()) {
        let mut whole = Moments::default();
        let mut of = vec![Moments::default(); count];
        for (&value, segment) in values.iter().zip(membership).filter(|(value, _)| value.is_finite()) {
            whole.add(value);
            if let Some(segment) = segment {
                of[*segment].add(value);
            }
        }
        let sd = whole.deviation();
        if sd <= 0.0 {
            continue;
        }
        for (moments, traits) in of.iter().zip(&mut found).filter(|(moments, _)| moments.rows > 0.0) {
            let standing = (moments.logs - whole.logs) / sd;
            if standing.abs() >= NOTABLE {
                let (mean, whole) = (moments.mean, whole.mean);
                traits.push(Trait {
                    words: said(name, mean, whole, standing, words),
                    feature: name.clone(),
                    standing,
                    mean,
                    whole,
                });
            }
        }
    }
    for traits in &mut found {
        // Stable: equal standings stay in the order of the features.
        traits.sort_by(|a, b| b.standing.abs().total_cmp(&a.standing.abs()));
        traits.truncate(MOST);
    }
    found
}

fn said(name: &str, mean: f64, whole: f64, standing: f64, words: &Words<'_>) -> String {
    let side = if standing > 0.0 { "above" } else { "below" };
    let (unit, meaning) = match words(name) {
        Some((unit, meaning)) => (format!(" {unit}"), format!(" ({meaning})")),
        None => (String::new(), String::new()),
    };
    format!("{}{meaning}: {}{unit}, {side} the {} of all", name.replace('_', " "), rounded(mean), rounded(whole))
}

/// Three digits at least, none after the point of large numbers.
fn rounded(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Running means of a feature and of its logarithm (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    rows: f64,
    mean: f64,
    logs: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        let log = value.signum() * value.abs().ln_1p();
        self.rows += 1.0;
        self.mean += (value - self.mean) / self.rows;
        let away = log - self.logs;
        self.logs += away / self.rows;
        self.squares += away * (log - self.logs);
    }

    fn deviation(&self) -> f64 {
        if self.rows > 0.0 { (self.squares / self.rows).sqrt() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;
    use ndarray::array;

    #[test]
    fn what_differs_is_said_with_both_means_in_the_words_of_the_catalogue() {
        let matrix = FeatureMatrix {
            customers: (0..5).map(CustomerId).collect(),
            names: ["recency", "freq", "constant"].map(String::from).to_vec(),
            values: array![[0.0, 2.0, 1.0], [0.0, 2.0, 1.0], [20.0, 2.0, 1.0], [20.0, 2.5, 1.0], [f64::NAN, 9.0, 1.0]],
        };
        let words =
            |name: &str| (name == "recency").then(|| ("days".to_owned(), "time since the last order".to_owned()));
        let found = traits(&matrix, &[Some(0), Some(0), Some(1), Some(1), None], 3, &words);
        assert_eq!(found[0][0].words, "recency (time since the last order): 0.00 days, below the 10.0 of all");
        // ln 21 / 2 is the deviation: one above and one below.
        assert!((found[0][0].standing + 1.0).abs() < 1e-12 && (found[1][0].standing - 1.0).abs() < 1e-12);
        assert_eq!(found[0][1].words, "freq: 2.00, below the 3.50 of all");
        assert!(found[2].is_empty() && found.iter().flatten().all(|found| found.feature != "constant"));
    }
}
