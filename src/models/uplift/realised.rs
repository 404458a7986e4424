//! What the best foretold lifts came to: whoever takes the best of many estimates takes those that are too good.
//!
//! The optimiser's curse (Smith and Winkler 2006) is measured on decisions that were left to chance, by lifts that were foretold
//! without them (cross-fitting): of the tenth with the highest lifts, what was foretold and what came.

use serde::{Deserialize, Serialize};

/// The part of decisions that stands for what a campaign would choose.
const BEST: f64 = 0.1;
/// How firmly foretold lifts are believed before they were tried: half to one and a half times as much is within one deviation.
const FIRMNESS: f64 = 0.5;
/// Of a ratio.
const LIMITS: (f64, f64) = (0.0, 2.0);

/// How much of the best foretold lifts is realised: the mean of a normal posterior around 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Realised {
    /// Realised over foretold.
    pub ratio: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// Decisions it was seen on.
    pub rows: usize,
    /// Their mean lift as foretold.
    pub foretold: f64,
    /// What it came to.
    pub came: f64,
}

impl Default for Realised {
    fn default() -> Realised {
        Realised { ratio: 1.0, deviation: FIRMNESS, rows: 0, foretold: 0.0, came: 0.0 }
    }
}

/// A contact that was left to chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    /// Its lift, foretold without it.
    pub foretold: f64,
    /// What came of it beyond what comes anyway.
    pub came: f64,
    /// How many times it counts.
    pub weight: f64,
}

impl Realised {
    pub(super) fn of(mut tried: Vec<Tried>) -> Realised {
        tried.sort_by(|a, b| b.foretold.total_cmp(&a.foretold));
        tried.truncate((tried.len() as f64 * BEST).ceil() as usize);
        let weight: f64 = tried.iter().map(|one| one.weight).sum();
        let mean = |of: fn(&Tried) -> f64| tried.iter().map(|one| one.weight * of(one)).sum::<f64>() / weight;
        if tried.len() < 2 || weight <= 0.0 {
            return Realised::default();
        }
        let (foretold, came) = (mean(|one| one.foretold), mean(|one| one.came));
        let squares: f64 = tried.iter().map(|one| (one.weight * (one.came - came)).powi(2)).sum();
        let error = squares.sqrt() / weight;
        if foretold <= 0.0 || error <= 0.0 {
            return Realised::default();
        }
        let [before, seen] = [FIRMNESS, error / foretold].map(|deviation| deviation.powi(-2));
        let ratio = ((before + seen * came / foretold) / (before + seen)).clamp(LIMITS.0, LIMITS.1);
        Realised { ratio, deviation: (before + seen).sqrt().recip(), rows: tried.len(), foretold, came }
    }

    /// For the card.
    pub fn words(&self) -> String {
        if self.rows == 0 {
            return "forecasts: the best lifts have not been tried yet; an interval allows for half as much and for half more".into();
        }
        format!(
            "forecasts: of {} decisions left to chance with the highest lifts, {:.4} was foretold and {:.4} came; gains are \
             multiplied by {:.2} +- {:.2}",
            self.rows, self.foretold, self.came, self.ratio, self.deviation
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Estimates with as much noise as signal: of the best of them a half is realised.
    fn tried(seed: u64, rows: usize) -> Vec<Tried> {
        let mut stream = Stream::new(seed, "realised");
        (0..rows)
            .map(|_| {
                let truth = 0.05 * stream.normal();
                let foretold = truth + 0.05 * stream.normal();
                Tried { foretold, came: truth + 0.3 * stream.normal(), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn the_curse_is_found_within_what_is_claimed() {
        let within = (0..40).filter(|&seed| {
            let found = Realised::of(tried(seed, 20_000));
            (found.ratio - 0.5).abs() <= 1.96 * found.deviation
        });
        // 36 of 40 or fewer has a chance of one in twenty-five where 95 % is true; the prior pulls up a little.
        assert!(within.count() >= 34);
        let found = Realised::of(tried(1, 1_000_000));
        assert!((found.ratio - 0.5).abs() < 0.03 && found.deviation < 0.02, "{found:?}");
    }

    #[test]
    fn where_little_was_tried_little_is_said() {
        assert_eq!(Realised::of(Vec::new()), Realised::default());
        let few = Realised::of(tried(3, 30));
        assert!(few.deviation > 0.4 && few.deviation <= FIRMNESS, "{few:?}");
    }
}
