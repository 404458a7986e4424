//! Calibration: of those said to buy with 30 %, 30 % should buy.
//!
//! Platt's two numbers are fitted on predictions of models that have not seen the row (cross-fitting); fitted on the model's own
//! training rows they would learn its over-confidence as truth.

use serde::{Deserialize, Serialize};

use super::algorithms::{logit, sigmoid};
use super::evaluation::log_loss;
pub use super::isotonic::Isotonic;
use super::spec::CalibrationChoice;
use crate::ids::CustomerId;
use crate::random::mix;

/// P = sigmoid(slope x log-odds + shift) (Platt 1999).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Below 1 when the model was over-confident.
    pub slope: f64,
    /// Added to the log-odds.
    pub shift: f64,
}

impl Default for Platt {
    fn default() -> Self {
        Platt { slope: 1.0, shift: 0.0 }
    }
}

impl Platt {
    /// Fits by Newton's method on log-odds of held-out rows and what happened (0 to 1), each row counting `weights`.
    /// Stays close to "change nothing" when rows are few: slope and shift are drawn to 1 and 0 as by ten rows.
    pub fn fit(log_odds: &[f64], outcomes: &[f64], weights: &[f64]) -> Platt {
        const PULL: f64 = 2.5; // ten rows at p = 1/2, each of which carries p (1 - p) = 1/4
        let mut fitted = Platt::default();
        for _ in 0..50 {
            let (slope_away, shift_away) = (fitted.slope - 1.0, fitted.shift);
            let mut gradient = [PULL * slope_away, PULL * shift_away];
            let (mut aa, mut ab, mut bb) = (PULL, 0.0, PULL);
            for ((&z, &y), &w) in log_odds.iter().zip(outcomes).zip(weights) {
                let p = sigmoid(fitted.slope * z + fitted.shift);
                let (away, spread) = (w * (p - y), w * p * (1.0 - p));
                gradient[0] += away * z;
                gradient[1] += away;
                aa += spread * z * z;
                ab += spread * z;
                bb += spread;
            }
            let determinant = aa * bb - ab * ab;
            let step = [
                (bb * gradient[0] - ab * gradient[1]) / determinant,
                (aa * gradient[1] - ab * gradient[0]) / determinant,
            ];
            // A step is never longer than 2, which keeps Newton from overshooting on separable rows.
            let length = step[0].hypot(step[1]);
            let scale = if length > 2.0 { 2.0 / length } else { 1.0 };
            fitted.slope -= scale * step[0];
            fitted.shift -= scale * step[1];
            if length < 1e-10 {
                break;
            }
        }
        fitted
    }

    /// The calibrated log-odds.
    pub fn log_odds(&self, log_odds: f64) -> f64 {
        self.slope * log_odds + self.shift
    }

    /// The calibrated probability of a model's probability.
    pub fn apply(&self, probability: f64) -> f64 {
        sigmoid(self.log_odds(logit(probability)))
    }
}

/// From a model's log-odds to probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// By two numbers.
    Platt(Platt),
    /// By a rising line.
    Isotonic(Isotonic),
}

impl Calibration {
    /// Fits on log-odds of rows that the model had not seen. Where the choice is free, both are fitted on the even folds and
    /// judged on the odd ones, and the other way round; the one with the lower log-loss is fitted on all.
    pub fn fit(choice: CalibrationChoice, log_odds: &[f64], happened: &[bool], folds: &[usize]) -> Calibration {
        let of = |choice: CalibrationChoice, rows: &[usize]| {
            let log_odds: Vec<f64> = rows.iter().map(|&row| log_odds[row]).collect();
            let happened: Vec<bool> = rows.iter().map(|&row| happened[row]).collect();
            if choice == CalibrationChoice::Isotonic {
                return Calibration::Isotonic(Isotonic::fit(&log_odds, &happened));
            }
            let outcomes: Vec<f64> = happened.iter().map(|&y| f64::from(u8::from(y))).collect();
            Calibration::Platt(Platt::fit(&log_odds, &outcomes, &vec![1.0; outcomes.len()]))
        };
        let all: Vec<usize> = (0..log_odds.len()).collect();
        if choice != CalibrationChoice::Best {
            return of(choice, &all);
        }
        let sides: [Vec<usize>; 2] =
            [0, 1].map(|side| all.iter().copied().filter(|&row| folds[row] % 2 == side).collect());
        let loss = |choice: CalibrationChoice| {
            let both = [(0, 1), (1, 0)].map(|(fitted, judged)| {
                let fitted = of(choice, &sides[fitted]);
                let labels: Vec<bool> = sides[judged].iter().map(|&row| happened[row]).collect();
                let p: Vec<f64> = sides[judged].iter().map(|&row| fitted.probability(log_odds[row])).collect();
                log_loss(&labels, &p) * labels.len() as f64
            });
            both[0] + both[1]
        };
        let isotonic = loss(CalibrationChoice::Isotonic) < loss(CalibrationChoice::Platt);
        of(if isotonic { CalibrationChoice::Isotonic } else { CalibrationChoice::Platt }, &all)
    }

    /// The probability.
    pub fn probability(&self, log_odds: f64) -> f64 {
        match self {
            Calibration::Platt(platt) => sigmoid(platt.log_odds(log_odds)),
            Calibration::Isotonic(isotonic) => isotonic.probability(log_odds),
        }
    }

    /// Slope and shift of log-odds where they are a line; unchanged otherwise.
    pub fn line(&self) -> Platt {
        match self {
            Calibration::Platt(platt) => *platt,
            Calibration::Isotonic(_) => Platt::default(),
        }
    }

    /// For the card.
    pub fn words(&self) -> &'static str {
        match self {
            Calibration::Platt(_) => "Platt's method",
            Calibration::Isotonic(_) => "isotonic regression",
        }
    }
}

/// The fold of a customer: all rows of one customer are in the same fold, whatever else is in the data.
pub fn fold_of(customer: CustomerId, folds: usize, seed: u64) -> usize {
    (mix(customer.0 as u64 ^ mix(seed)) % folds.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn takes_back_over_confidence() {
        let mut stream = Stream::new(2, "platt");
        let truth: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let outcomes: Vec<f64> = truth.iter().map(|&z| f64::from(u8::from(stream.uniform() < sigmoid(z)))).collect();
        let boasted: Vec<f64> = truth.iter().map(|z| 2.0 * z + 1.0).collect();
        let fitted = Platt::fit(&boasted, &outcomes, &vec![1.0; truth.len()]);
        assert!((fitted.slope - 0.5).abs() < 0.03 && (fitted.shift + 0.5).abs() < 0.05, "{fitted:?}");
    }

    #[test]
    fn changes_nothing_without_rows_and_survives_separable_ones() {
        assert_eq!(Platt::fit(&[], &[], &[]), Platt::default());
        let fitted = Platt::fit(&[-3.0, -2.0, 2.0, 3.0], &[0.0, 0.0, 1.0, 1.0], &[1.0; 4]);
        assert!(fitted.slope.is_finite() && fitted.slope > 0.9 && fitted.slope < 3.0, "{fitted:?}");
    }
}
