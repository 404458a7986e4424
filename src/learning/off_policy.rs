//! The value of a policy from decisions that another one made: IPS, SNIPS, DR and SWITCH, with interval and support.
//!
//! For a logged row with propensity p of the action taken, the candidate's probability q of that same action, reward y, and
//! a model's expectation m (of that action) and M (of the candidate, summed over its actions), w = q / p:
//!
//! * IPS (Horvitz, Thompson 1952): mean(w y)
//! * SNIPS (Hajek 1964; Swaminathan, Joachims 2015): sum(w y) / sum(w)
//! * DR (Dudik, Langford, Li 2011): mean(M + w (y - m))
//! * SWITCH-DR (Wang, Agarwal, Dudik 2017): as DR, where w above the threshold counts as 0
//!
//! Standard errors are over clusters (customers), since a customer's rows are not independent.

use std::collections::HashSet;

use rayon::prelude::*;
use serde::Serialize;

use crate::experiments::Level;
use crate::experiments::distribution::normal_quantile;

/// Rows summed together; blocks are combined by index, so that the sum is the same on any number of threads.
const BLOCK: usize = 8_192;

/// One logged decision, as the candidate policy sees it. Rows of one customer must stand together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logged {
    /// Whose decision it was; rows of one cluster are taken to hang together.
    pub cluster: i64,
    /// What came of it.
    pub reward: f64,
    /// The probability with which the logging policy took this action; exact, above zero.
    pub propensity: f64,
    /// The probability with which the candidate takes this action here.
    pub target: f64,
    /// The candidate's probability on actions here that the logging policy never takes.
    pub unsupported: f64,
    /// The model's expected rewards, when there is a model.
    pub expected: Option<Expected>,
}

/// A model's expected rewards for one logged row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// Of the action that was taken.
    pub taken: f64,
    /// Of the candidate: sum over actions of its probability times the expectation.
    pub candidate: f64,
}

/// How to estimate. All limits are shown with the result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Weights above this are cut to it (bias for variance); `None` cuts nothing.
    pub clip: Option<f64>,
    /// Weights above this are left to the model in SWITCH.
    pub switch_above: f64,
    /// The interval's level.
    pub level: Level,
    /// Fewer effectively independent rows than this are refused.
    pub least_effective: f64,
    /// More of the candidate's probability than this on actions never logged is refused.
    pub most_unsupported: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clip: None,
            switch_above: 10.0,
            level: Level::FIVE_PERCENT,
            least_effective: 100.0,
            most_unsupported: 0.001,
        }
    }
}

/// An estimated value with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Value {
    /// Expected reward per decision.
    pub estimate: f64,
    /// Standard error, over clusters.
    pub stderr: f64,
    /// Lower bound of the normal interval.
    pub ci_lower: f64,
    /// Upper bound.
    pub ci_upper: f64,
}

/// The value of a candidate policy, by each estimator that the data allow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Logged rows.
    pub rows: usize,
    /// Customers among them.
    pub clusters: usize,
    /// (sum w)^2 / sum w^2: how many rows of the candidate's own these are worth.
    pub effective_rows: f64,
    /// Mean weight; 1 but for chance.
    pub mean_weight: f64,
    /// The largest weight before clipping.
    pub largest_weight: f64,
    /// Share of rows whose weight was cut.
    pub clipped: f64,
    /// Mean of the candidate's probability on actions never logged.
    pub unsupported: f64,
    /// Mean reward as logged.
    pub logged: Value,
    /// Inverse propensity.
    pub ips: Value,
    /// Self-normalised.
    pub snips: Value,
    /// Doubly robust, with a model for every row.
    pub dr: Option<Value>,
    /// Doubly robust, large weights left to the model.
    pub switch: Option<Value>,
    /// What the candidate gains over what was logged, paired row by row (IPS).
    pub gain: Value,
}

/// Why there is no estimate.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Nothing logged, or one customer only.
    #[error("{clusters} customers with logged decisions are too few; at least two are needed")]
    TooFew {
        /// Customers.
        clusters: usize,
    },
    /// A propensity that is missing, zero, or above one; or another number that cannot be.
    #[error("logged decision {row} has {what}; decisions without an exact propensity cannot be learned from")]
    BadRow {
        /// From 0, in the order given.
        row: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The candidate does what was never tried.
    #[error(
        "the candidate puts {:.1} % of its choices on actions that were never taken there; let it explore them first",
        share * 100.0
    )]
    NoSupport {
        /// Mean probability.
        share: f64,
    },
    /// So few rows resemble the candidate that a handful decides.
    #[error("the log is worth only {rows:.0} decisions of the candidate's own, {least:.0} are needed; explore longer")]
    ThinSupport {
        /// Effective rows.
        rows: f64,
        /// What is needed.
        least: f64,
    },
    /// Mean weight too far from one: the propensities are not those that were used, or actions are missing in the log.
    #[error(
        "the weights average {mean:.3} where 1 is expected ({deviations:.1} standard errors off): the logged propensities are not those by which was chosen"
    )]
    WrongPropensities {
        /// Mean weight.
        mean: f64,
        /// Distance from 1 in standard errors.
        deviations: f64,
    },
}

/// Estimates the candidate's value from the log.
///
/// # Errors
/// [`Refusal`] when the log cannot carry an estimate.
pub fn evaluate(log: &[Logged], options: &Options) -> Result<Evaluation, Refusal> {
    check_rows(log)?;
    let clusters = clusters_of(log);
    if log.is_empty() || clusters < 2 {
        return Err(Refusal::TooFew { clusters: clusters.min(log.len()) });
    }
    let n = log.len() as f64;
    let raw = |row: &Logged| row.target / row.propensity;
    let weight = |row: &Logged| options.clip.map_or(raw(row), |most| raw(row).min(most));
    let unsupported = sum(log, |row| row.unsupported) / n;
    let (weights, squares) = (sum(log, weight), sum(log, |row| weight(row).powi(2)));
    let effective_rows = if squares > 0.0 { weights * weights / squares } else { 0.0 };
    check_support(log, options, unsupported, effective_rows)?;
    let mean = |f: &(dyn Fn(&Logged) -> f64 + Sync)| mean_value(log, clusters, options.level, f);
    let snips = sum(log, |row| weight(row) * row.reward) / weights;
    let modelled = log.iter().all(|row| row.expected.is_some());
    let robust = |weight: &(dyn Fn(&Logged) -> f64 + Sync)| {
        modelled.then(|| {
            mean(&|row: &Logged| row.expected.map_or(0.0, |e| e.candidate + weight(row) * (row.reward - e.taken)))
        })
    };
    // Linearised: the influence of a row on a ratio is w (y - value) n / sum(w).
    let influence = mean(&|row: &Logged| weight(row) * (row.reward - snips) * n / weights);
    Ok(Evaluation {
        rows: log.len(),
        clusters,
        effective_rows,
        mean_weight: weights / n,
        largest_weight: log.iter().map(raw).fold(0.0, f64::max),
        clipped: sum(log, |row| f64::from(u8::from(weight(row) < raw(row)))) / n,
        unsupported,
        logged: mean(&|row: &Logged| row.reward),
        ips: mean(&|row: &Logged| weight(row) * row.reward),
        snips: interval(snips, influence.stderr, options.level),
        dr: robust(&weight),
        switch: robust(&|row: &Logged| if raw(row) > options.switch_above { 0.0 } else { weight(row) }),
        gain: mean(&|row: &Logged| (weight(row) - 1.0) * row.reward),
    })
}

/// How many customers there are, whose rows stand together.
pub(super) fn clusters_of(log: &[Logged]) -> usize {
    1 + log.windows(2).filter(|pair| pair[0].cluster != pair[1].cluster).count()
}

fn check_rows(log: &[Logged]) -> Result<(), Refusal> {
    let wrong = |row: &Logged| {
        if !(row.propensity > 0.0 && row.propensity <= 1.0) {
            Some("no propensity between 0 and 1")
        } else if !(0.0..=1.0 + 1e-9).contains(&row.target) || !(0.0..=1.0 + 1e-9).contains(&row.unsupported) {
            Some("a candidate probability outside 0 to 1")
        } else if !row.reward.is_finite() {
            Some("a reward that is not a number")
        } else if row.expected.is_some_and(|e| !(e.taken.is_finite() && e.candidate.is_finite())) {
            Some("a model's expectation that is not a number")
        } else {
            None
        }
    };
    let mut seen = HashSet::new();
    for (row, logged) in log.iter().enumerate() {
        if let Some(what) = wrong(logged) {
            return Err(Refusal::BadRow { row, what });
        }
        let begins = row == 0 || log[row - 1].cluster != logged.cluster;
        if begins && !seen.insert(logged.cluster) {
            return Err(Refusal::BadRow { row, what: "a customer whose rows do not stand together" });
        }
    }
    Ok(())
}

/// Whether the log looks enough like the candidate. The mean weight is judged before clipping, and only where all of the
/// candidate's actions could have been logged: then its expectation is one.
fn check_support(log: &[Logged], options: &Options, unsupported: f64, effective_rows: f64) -> Result<(), Refusal> {
    if unsupported > options.most_unsupported {
        return Err(Refusal::NoSupport { share: unsupported });
    }
    if effective_rows < options.least_effective {
        return Err(Refusal::ThinSupport { rows: effective_rows, least: options.least_effective });
    }
    let n = log.len() as f64;
    let mean = sum(log, |row| row.target / row.propensity) / n;
    let variance = sum(log, |row| (row.target / row.propensity - mean).powi(2)) / (n - 1.0);
    let deviations = (mean - (1.0 - unsupported)).abs() / (variance / n).sqrt().max(1e-9);
    // Beyond chance and beyond what matters: five standard errors and five percent.
    if deviations > 5.0 && (mean - 1.0).abs() > 0.05 {
        return Err(Refusal::WrongPropensities { mean, deviations });
    }
    Ok(())
}

/// Sum over rows in fixed blocks.
fn sum(log: &[Logged], f: impl Fn(&Logged) -> f64 + Sync) -> f64 {
    let blocks: Vec<f64> = log.par_chunks(BLOCK).map(|block| block.iter().map(&f).sum()).collect();
    blocks.iter().sum()
}

/// Mean of `f` over rows; variance of the sum = C / (C - 1) sum over the C clusters of (sum of (f - mean))^2.
pub(super) fn mean_value(log: &[Logged], clusters: usize, level: Level, f: &(dyn Fn(&Logged) -> f64 + Sync)) -> Value {
    let n = log.len() as f64;
    let mean = sum(log, f) / n;
    let (mut squares, mut inside) = (0.0, 0.0);
    for (index, row) in log.iter().enumerate() {
        inside += f(row) - mean;
        if log.get(index + 1).is_none_or(|next| next.cluster != row.cluster) {
            squares += inside * inside;
            inside = 0.0;
        }
    }
    let c = clusters as f64;
    interval(mean, (squares * c / (c - 1.0)).sqrt() / n, level)
}

fn interval(estimate: f64, stderr: f64, level: Level) -> Value {
    let reach = normal_quantile(1.0 - level.alpha() / 2.0) * stderr;
    Value { estimate, stderr, ci_lower: estimate - reach, ci_upper: estimate + reach }
}

#[cfg(test)]
#[path = "off_policy_tests.rs"]
mod tests;
