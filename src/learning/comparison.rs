//! Which of several policies is the best on one log, or that the data do not tell.

use serde::Serialize;

use super::off_policy::{Logged, Options, Value, clusters_of, evaluate, mean_value};
use crate::experiments::Level;

/// A policy on the log: the rows of all contenders are the same, with the probabilities and expectations of each.
#[derive(Debug, Clone)]
pub struct Contender {
    /// What it is called.
    pub name: String,
    /// The log as it sees it.
    pub log: Vec<Logged>,
}

/// The best contender beside another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The other.
    pub name: String,
    /// What the best one gains over it, paired row by row. The intervals of all pairs hold together.
    pub gain: Value,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The one with the highest estimate; chance may have put it there.
    pub best: Option<String>,
    /// The one that is better than every other; none where the data do not tell it from one of them.
    pub winner: Option<String>,
    /// The best one against each other, the nearest first.
    pub against: Vec<Against>,
    /// Contenders that the log cannot judge, each with the reason.
    pub unjudged: Vec<(String, String)>,
    /// In a sentence.
    pub words: String,
}

/// Compares contenders by what each row is worth under them: doubly robust where all have expectations, else by inverse
/// propensity. The best is picked by the same data, so that the intervals hold for all pairs together (Bonferroni).
pub fn compare(contenders: &[Contender], options: &Options) -> Comparison {
    let mut unjudged = Vec::new();
    let mut judged: Vec<(&Contender, f64)> = Vec::new();
    for contender in contenders {
        match evaluate(&contender.log, options) {
            Ok(made) => judged.push((contender, made.dr.unwrap_or(made.ips).estimate)),
            Err(refusal) => unjudged.push((contender.name.clone(), refusal.to_string())),
        }
    }
    let best = judged.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(best, _)| *best);
    let Some(best) = best.filter(|_| judged.len() > 1) else {
        let words = "No winner: the log carries an estimate of fewer than two policies.".to_owned();
        return Comparison { best: None, winner: None, against: Vec::new(), unjudged, words };
    };
    let robust = judged.iter().all(|(contender, _)| contender.log.iter().all(|row| row.expected.is_some()));
    let pairs = (judged.len() * (judged.len() - 1) / 2) as f64;
    let level = Level::new(options.level.alpha() / pairs).unwrap_or(options.level);
    let others = judged.iter().filter(|(other, _)| other.name != best.name);
    let mut against: Vec<Against> = others
        .map(|(other, _)| Against { name: other.name.clone(), gain: gain(best, other, robust, options, level) })
        .collect();
    against.sort_by(|a, b| a.gain.ci_lower.total_cmp(&b.gain.ci_lower));
    let tied: Vec<&Against> = against.iter().filter(|other| other.gain.ci_lower <= 0.0).collect();
    let words = words(&best.name, &against, &tied);
    let winner = tied.is_empty().then(|| best.name.clone());
    Comparison { best: Some(best.name.clone()), winner, against, unjudged, words }
}

fn words(best: &str, against: &[Against], tied: &[&Against]) -> String {
    let shown = |other: &Against| {
        let Value { estimate, ci_lower, ci_upper, .. } = other.gain;
        format!("{} ({estimate:+.4} a decision, between {ci_lower:.4} and {ci_upper:.4})", other.name)
    };
    match (tied, against) {
        ([], [nearest, ..]) => format!("{best} is better than every other; the nearest is {}.", shown(nearest)),
        _ => {
            let names: Vec<String> = tied.iter().map(|other| shown(other)).collect();
            format!("No winner: the data does not tell {best} apart from {}.", names.join(", nor from "))
        }
    }
}

/// What one policy gains over another on the same log, row by row: doubly robust where both have expectations.
pub fn paired_gain(one: &[Logged], other: &[Logged], options: &Options) -> Value {
    let robust = one.iter().chain(other).all(|row| row.expected.is_some());
    gain_of(one, other, robust, options, options.level)
}

fn gain(one: &Contender, other: &Contender, robust: bool, options: &Options, level: Level) -> Value {
    gain_of(&one.log, &other.log, robust, options, level)
}

fn gain_of(one: &[Logged], other: &[Logged], robust: bool, options: &Options, level: Level) -> Value {
    let worth = |row: &Logged| {
        let weight = options.clip.map_or(row.target / row.propensity, |most| (row.target / row.propensity).min(most));
        match row.expected.filter(|_| robust) {
            Some(expected) => expected.candidate + weight * (row.reward - expected.taken),
            None => weight * row.reward,
        }
    };
    let paired = one.iter().zip(other);
    let gains: Vec<Logged> = paired.map(|(a, b)| Logged { reward: worth(a) - worth(b), ..*a }).collect();
    mean_value(&gains, clusters_of(&gains), level, &|row| row.reward)
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
