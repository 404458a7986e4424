//! Champion and challengers: a logistic regression, challenged by boosted trees and by blends of both in log-odds.
//!
//! They are compared on rows that none was fitted on. The challenger must beat the champion by more than chance would let it.

use serde::{Deserialize, Serialize};

use super::algorithms::sigmoid;
use super::calibration::Platt;
use super::evaluation;

/// How much the trees may count in the log-odds: none is the champion, the others challenge it.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// One of those that were compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it is.
    pub name: String,
    /// How much the trees count in its log-odds.
    pub share: f64,
    /// Area under the ROC curve on rows that it was not fitted on.
    pub auc: f64,
    /// Log-loss there once calibrated by Platt's method, in nats.
    pub log_loss: f64,
}

/// Which was taken, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What they were compared on.
    pub compared_on: String,
    /// All of them, the champion first.
    pub candidates: Vec<Candidate>,
    /// The one that was taken.
    pub chosen: String,
    /// Why.
    pub because: String,
}

impl Choice {
    /// For the method of a card.
    pub fn words(&self) -> String {
        format!("chosen on {}: {}, because {}", self.compared_on, self.chosen, self.because)
    }

    /// The log-loss of each, for the figures of a card.
    pub fn figures(&self) -> impl Iterator<Item = (String, f64)> + '_ {
        self.candidates.iter().map(|one| (format!("log-loss within training, {}", one.name), one.log_loss))
    }
}

/// Rows that neither estimator was fitted on.
#[derive(Debug, Clone, Default)]
pub struct HeldOut {
    /// What happened.
    pub happened: Vec<bool>,
    /// Log-odds by the logistic regression and by the trees.
    pub log_odds: Vec<[f64; 2]>,
    /// How much each row counts.
    pub weights: Vec<f64>,
}

/// One number from both estimators.
pub fn blended(both: [f64; 2], share: f64) -> f64 {
    (1.0 - share) * both[0] + share * both[1]
}

impl HeldOut {
    /// The challenger with the least log-loss, when it beats the champion by more than one standard error of their difference;
    /// the share of the trees in it. Each is compared as it would be calibrated: the level of later rows moves with the
    /// season, and is no merit of either. Without trees (`challenged`) the champion stands alone.
    pub fn choose(&self, challenged: bool, compared_on: &str) -> (f64, Choice) {
        let shares = if challenged { &SHARES[..] } else { &SHARES[..1] };
        let of = |&share: &f64| {
            let p = self.calibrated(share);
            let auc = evaluation::auc(&self.happened, &p).unwrap_or(0.5);
            Candidate { name: name_of(share), share, auc, log_loss: self.mean(&self.losses(&p)) }
        };
        let candidates: Vec<Candidate> = shares.iter().map(of).collect();
        let best = candidates.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)).expect("the champion is there");
        let (gain, error) = self.gain(best.share);
        let said = format!("{gain:.5} nats a row less than the champion's, standard error {error:.5}");
        let (chosen, because) = if candidates.len() == 1 {
            (&candidates[0], "the spec names no challenger".to_owned())
        } else if self.happened.is_empty() {
            (&candidates[0], "there are no rows within training to compare on".to_owned())
        } else if best.share > 0.0 && gain > error {
            (best, format!("its log-loss is the least, {said}"))
        } else {
            (
                &candidates[0],
                format!("no challenger beats it by more than a standard error: the best one's log-loss is {said}"),
            )
        };
        let (share, chosen) = (chosen.share, chosen.name.clone());
        (share, Choice { compared_on: compared_on.to_owned(), candidates, chosen, because })
    }

    /// Platt's correction of a blend.
    pub fn platt(&self, share: f64) -> Platt {
        let outcomes: Vec<f64> = self.happened.iter().map(|&y| f64::from(u8::from(y))).collect();
        Platt::fit(&self.blend(share), &outcomes, &self.weights)
    }

    /// The log-odds of a blend.
    pub fn blend(&self, share: f64) -> Vec<f64> {
        self.log_odds.iter().map(|&both| blended(both, share)).collect()
    }

    fn calibrated(&self, share: f64) -> Vec<f64> {
        let platt = self.platt(share);
        self.blend(share).into_iter().map(|z| sigmoid(platt.log_odds(z))).collect()
    }

    fn losses(&self, p: &[f64]) -> Vec<f64> {
        self.happened.iter().zip(p).map(|(&y, &p)| evaluation::log_loss(&[y], &[p])).collect()
    }

    fn mean(&self, of: &[f64]) -> f64 {
        let total: f64 = self.weights.iter().sum();
        of.iter().zip(&self.weights).map(|(x, w)| w * x).sum::<f64>() / total.max(f64::MIN_POSITIVE)
    }

    /// By how much a blend's log-loss is lower than the champion's, in nats a row, and the standard error of that.
    fn gain(&self, share: f64) -> (f64, f64) {
        let [one, other] = [0.0, share].map(|share| self.losses(&self.calibrated(share)));
        let gains: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a - b).collect();
        let mean = self.mean(&gains);
        let squares: f64 = gains.iter().zip(&self.weights).map(|(gain, w)| (w * (gain - mean)).powi(2)).sum();
        (mean, squares.sqrt() / self.weights.iter().sum::<f64>().max(1.0))
    }
}

fn name_of(share: f64) -> String {
    match share {
        0.0 => "logistic regression".to_owned(),
        1.0 => "boosted trees".to_owned(),
        _ => format!("blend, {} % trees", 100.0 * share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// The champion knows half of the truth, the trees the other half: a blend knows more than either.
    fn held(trees: f64) -> HeldOut {
        let mut stream = Stream::new(5, "challenge");
        let mut made = HeldOut::default();
        for _ in 0..4_000 {
            let (a, b) = (stream.normal(), stream.normal());
            made.happened.push(stream.uniform() < sigmoid(a + trees * b));
            made.log_odds.push([a, b]);
            made.weights.push(1.0);
        }
        made
    }

    #[test]
    fn a_blend_wins_where_both_know_something_and_nothing_wins_by_chance() {
        let (share, choice) = held(1.0).choose(true, "a test");
        assert_eq!(share, 0.5, "{choice:?}");
        let (share, choice) = held(0.0).choose(true, "a test");
        assert_eq!((share, choice.chosen.as_str()), (0.0, "logistic regression"));
        let (share, choice) = held(1.0).choose(false, "a test");
        assert!(share == 0.0 && choice.candidates.len() == 1);
    }

    #[test]
    fn rows_that_count_nothing_have_no_say() {
        let mut held = held(1.0);
        let rows = held.happened.len();
        held.happened.extend(vec![true; 500]);
        held.log_odds.extend(vec![[9.0, -9.0]; 500]);
        held.weights.extend(vec![0.0; 500]);
        let (share, choice) = held.choose(true, "a test");
        assert_eq!(share, 0.5);
        held.happened.truncate(rows);
        held.log_odds.truncate(rows);
        held.weights.truncate(rows);
        let alone = held.choose(true, "a test").1;
        assert!((choice.candidates[2].log_loss - alone.candidates[2].log_loss).abs() < 1e-12);
    }
}
