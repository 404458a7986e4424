//! Isotonic calibration: the rising function that fits best.

use serde::{Deserialize, Serialize};

/// A rising line through knots: log-odds of the model and the probability there (Zadrozny and Elkan 2002).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Rising.
    log_odds: Vec<f64>,
    /// Rising.
    probabilities: Vec<f64>,
}

/// A run of rows that share one probability.
struct Run {
    rows: f64,
    log_odds: f64,
    events: f64,
}

impl Run {
    /// Events of the run, with half an event and half a non-event more: a run of events alone does not promise certainty.
    fn probability(&self) -> f64 {
        (self.events + 0.5) / (self.rows + 1.0)
    }
}

impl Isotonic {
    /// Pools adjacent violators (Ayer et al. 1955); between the middles of two runs the line is straight, so that customers
    /// keep their order.
    pub fn fit(log_odds: &[f64], happened: &[bool]) -> Isotonic {
        let mut order: Vec<usize> = (0..log_odds.len()).collect();
        order.sort_by(|&a, &b| log_odds[a].total_cmp(&log_odds[b]));
        let mut runs: Vec<Run> = Vec::new();
        for row in order {
            runs.push(Run { rows: 1.0, log_odds: log_odds[row], events: f64::from(u8::from(happened[row])) });
            while let [.., before, last] = &runs[..]
                && (before.events * last.rows >= last.events * before.rows || before.log_odds == last.log_odds)
            {
                let rows = before.rows + last.rows;
                let log_odds = (before.log_odds * before.rows + last.log_odds * last.rows) / rows;
                let both = Run { rows, log_odds, events: before.events + last.events };
                runs.truncate(runs.len() - 2);
                runs.push(both);
            }
        }
        // The half rows may turn a small run's probability below its neighbour's.
        let mut made = Isotonic::default();
        for run in &runs {
            let least = made.probabilities.last().copied().unwrap_or(0.0);
            made.log_odds.push(run.log_odds);
            made.probabilities.push(run.probability().max(least));
        }
        made
    }

    /// The probability at these log-odds; that of the first or last knot beyond them.
    pub fn probability(&self, log_odds: f64) -> f64 {
        let next = self.log_odds.partition_point(|&knot| knot <= log_odds);
        let (Some(&first), Some(&last)) = (self.probabilities.first(), self.probabilities.last()) else { return 0.5 };
        if next == 0 {
            return first;
        }
        if next == self.log_odds.len() {
            return last;
        }
        let (from, to) = (self.log_odds[next - 1], self.log_odds[next]);
        let (low, high) = (self.probabilities[next - 1], self.probabilities[next]);
        low + (high - low) * (log_odds - from) / (to - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::algorithms::sigmoid;
    use crate::random::Stream;

    #[test]
    fn finds_a_rise_that_two_numbers_cannot_tell() {
        let mut stream = Stream::new(5, "isotonic");
        let truth = |z: f64| if z < 0.0 { 0.2 } else { 0.5 + 0.4 * sigmoid(z) };
        let log_odds: Vec<f64> = (0..20_000).map(|_| 2.0 * stream.normal()).collect();
        let happened: Vec<bool> = log_odds.iter().map(|&z| stream.uniform() < truth(z)).collect();
        let fitted = Isotonic::fit(&log_odds, &happened);
        for z in [-3.0, -1.0, 1.0, 3.0] {
            assert!((fitted.probability(z) - truth(z)).abs() < 0.06, "{z}: {}", fitted.probability(z));
        }
        let steps: Vec<f64> = (-60..60).map(|z| fitted.probability(f64::from(z) / 10.0)).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]), "it never falls");
    }

    #[test]
    fn a_few_events_promise_no_certainty_and_nothing_says_a_half() {
        assert!(Isotonic::fit(&[0.0, 1.0], &[true, true]).probability(9.0) < 0.9);
        assert_eq!(Isotonic::default().probability(0.0), 0.5);
    }
}
