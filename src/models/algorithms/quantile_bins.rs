//! Quantile bins: a number becomes one of a few ranges that hold about equally many customers.

use serde::{Deserialize, Serialize};

/// Ranges between rising edges. Bin 0 holds what is missing, bin 1 what lies below the first edge, the last what is at or above
/// the last edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileBins {
    edges: Vec<f64>,
}

impl QuantileBins {
    /// At most `count` bins by the quantiles of the finite values. Values that stand alone (a zero that half of the customers
    /// share) take a bin of their own; so there may be fewer edges than asked for.
    pub fn fit(values: &[f64], count: usize) -> QuantileBins {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let mut edges: Vec<f64> = Vec::new();
        for i in 1..count {
            let Some(&edge) = sorted.get(i * sorted.len() / count) else { break };
            let least = sorted[0];
            // A quantile that falls on the least value would cut off nothing: the next larger value is the edge then.
            let edge = if edge > least { edge } else { sorted[sorted.partition_point(|&v| v <= least) % sorted.len()] };
            if edge > least && edges.last().is_none_or(|&last| edge > last) {
                edges.push(edge);
            }
        }
        QuantileBins { edges }
    }

    /// How many bins there are, the one for missing values included.
    pub fn count(&self) -> usize {
        self.edges.len() + 2
    }

    /// The bin of a value; 0 when it is not a finite number.
    pub fn bin(&self, value: f64) -> usize {
        if value.is_finite() { 1 + self.edges.partition_point(|&edge| edge <= value) } else { 0 }
    }

    /// The range of a bin in words.
    pub fn words(&self, bin: usize) -> String {
        match bin {
            0 => "missing".to_owned(),
            _ if self.edges.is_empty() => "any".to_owned(),
            1 => format!("below {}", self.edges[0]),
            _ if bin > self.edges.len() => format!("{} or more", self.edges[self.edges.len() - 1]),
            _ => format!("{} to {}", self.edges[bin - 2], self.edges[bin - 1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_about_equally_many() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from((i * 37) % 1000)).collect();
        let bins = QuantileBins::fit(&values, 8);
        let mut counts = vec![0; bins.count()];
        values.iter().for_each(|&v| counts[bins.bin(v)] += 1);
        assert_eq!(counts[0], 0);
        assert!(counts[1..].iter().all(|&c| c == 125), "{counts:?}");
    }

    #[test]
    fn a_frequent_value_and_a_missing_one_have_bins_of_their_own() {
        let values = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, f64::NAN];
        let bins = QuantileBins::fit(&values, 4);
        assert_eq!(bins.bin(f64::NAN), 0);
        assert_eq!(bins.bin(0.0), 1);
        assert!(bins.bin(1.0) > 1 && bins.bin(3.0) >= bins.bin(1.0));
        assert_eq!(bins.words(0), "missing");
        assert_eq!(bins.bin(-5.0), 1, "what lies below everything seen joins the lowest bin");
    }

    #[test]
    fn a_constant_has_one_bin() {
        let bins = QuantileBins::fit(&[2.0; 20], 8);
        assert_eq!((bins.count(), bins.bin(2.0), bins.bin(9.0)), (2, 1, 1));
        assert_eq!(QuantileBins::fit(&[], 8).bin(1.0), 1);
    }
}
