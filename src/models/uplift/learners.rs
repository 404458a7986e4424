//! The learners that need models of their own: apart (T) and doubly robust (DR), on bins of what is known of the customer.

use super::Surface;
use crate::models::algorithms::sigmoid;
use crate::models::algorithms::sparse_logistic::{IndicatorRows, Loss, Problem};

/// By how much a bin is expected to move a lift: the doubly robust regression draws its weights to 0 as a normal prior of this
/// deviation would.
const USUAL_MOVE: f64 = 0.05;

/// One row of an offer's experiment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial<'a> {
    pub bins: &'a [u32],
    /// Of the contact; for who was left alone that which they stand for.
    pub channel: Option<usize>,
    pub treated: bool,
    pub outcome: f64,
    pub weight: f64,
    /// Which half models of outcomes are cross-fitted on.
    pub half: bool,
}

/// Rows of an experiment as regressions take them.
pub(super) struct Trials {
    /// Intercept, bins, channel.
    rows: IndicatorRows,
    /// Intercept and bins.
    unchannelled: IndicatorRows,
    columns: usize,
    treated: Vec<bool>,
    outcomes: Vec<f64>,
    weights: Vec<f64>,
    halves: Vec<bool>,
}

impl Trials {
    /// `bins` and `channels` are how many there are in all.
    pub fn new<'a>(trials: impl Iterator<Item = Trial<'a>>, bins: usize, channels: usize) -> Trials {
        let mut made = Trials {
            rows: IndicatorRows::default(),
            unchannelled: IndicatorRows::default(),
            columns: 1 + bins + channels,
            treated: Vec::new(),
            outcomes: Vec::new(),
            weights: Vec::new(),
            halves: Vec::new(),
        };
        for trial in trials {
            let own = || std::iter::once(0).chain(trial.bins.iter().map(|bin| 1 + bin));
            made.unchannelled.push(own());
            made.rows.push(own().chain(trial.channel.map(|channel| (1 + bins + channel) as u32)));
            made.treated.push(trial.treated);
            made.outcomes.push(trial.outcome);
            made.weights.push(trial.weight);
            made.halves.push(trial.half);
        }
        made
    }

    /// T: those who got the offer, and those who were left alone, each by a logistic regression of their own.
    pub fn apart(&self, l2: f64) -> Surface {
        let (with, without) = self.outcomes_of(l2, |_| true);
        Surface::Apart { with, without }
    }

    /// DR: with e the share of the treated, `phi = m1 - m0 + t (y - m1) / e - (1 - t) (y - m0) / (1 - e)` regressed on bins; m1 and
    /// m0, the models of outcomes, have not seen the row. Weights make both arms as if dealt by a coin of that share.
    pub fn doubly_robust(&self, l2: f64) -> Surface {
        let total: f64 = self.weights.iter().sum();
        let treated: f64 = self.weights.iter().zip(&self.treated).filter(|(_, t)| **t).map(|(w, _)| w).sum();
        let share = (treated / total).clamp(0.01, 0.99);
        let mut pseudo = vec![0.0; self.outcomes.len()];
        for half in [false, true] {
            let (with, without) = self.outcomes_of(l2, |row| self.halves[row] != half);
            for (row, phi) in pseudo.iter_mut().enumerate().filter(|(row, _)| self.halves[*row] == half) {
                let m1 = sigmoid(self.rows.log_odds(row, &with));
                let m0 = sigmoid(self.unchannelled.log_odds(row, &without));
                let y = self.outcomes[row];
                let correction = if self.treated[row] { (y - m1) / share } else { -(y - m0) / (1.0 - share) };
                *phi = m1 - m0 + correction;
            }
        }
        let mean = self.weights.iter().zip(&pseudo).map(|(w, phi)| w * phi).sum::<f64>() / total;
        let noise = self.weights.iter().zip(&pseudo).map(|(w, phi)| w * (phi - mean).powi(2)).sum::<f64>() / total;
        let penalties = self.penalties(noise / (USUAL_MOVE * USUAL_MOVE));
        let problem = Problem {
            rows: &self.rows,
            outcomes: &pseudo,
            weights: &self.weights,
            penalties: &penalties,
            loss: Loss::Squares,
        };
        let mut start = vec![0.0; self.columns];
        start[0] = mean;
        Surface::DoublyRobust(problem.fit(start))
    }

    /// Outcomes with and without a contact, of the rows for which `kept` says so.
    fn outcomes_of(&self, l2: f64, kept: impl Fn(usize) -> bool) -> (Vec<f64>, Vec<f64>) {
        let penalties = self.penalties(l2);
        let of = |rows: &IndicatorRows, treated: bool| {
            let weight = |row: usize| if self.treated[row] == treated && kept(row) { self.weights[row] } else { 0.0 };
            let weights: Vec<f64> = (0..self.weights.len()).map(weight).collect();
            let problem = Problem {
                rows,
                outcomes: &self.outcomes,
                weights: &weights,
                penalties: &penalties,
                loss: Loss::Logistic,
            };
            problem.fit(vec![0.0; self.columns])
        };
        (of(&self.rows, true), of(&self.unchannelled, false))
    }

    /// None for the intercept.
    fn penalties(&self, l2: f64) -> Vec<f64> {
        let mut penalties = vec![l2; self.columns];
        penalties[0] = 0.0;
        penalties
    }
}
