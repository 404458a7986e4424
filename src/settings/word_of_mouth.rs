//! What clients tell others, and who of those who complained stays.

use serde::{Deserialize, Serialize};

/// How word of mouth is priced when a complaint is to be made good.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `told_unhappy` | 9 | people whom an unhappy client tells | 0..1000 |
/// | `loses` | 0.02 | share of these who are lost as clients | 0..1 |
/// | `told_happy` | 5 | people whom one who was won back tells | 0..1000 |
/// | `wins` | 0.01 | share of these who become clients | 0..1 |
/// | `stay_solved` | 0.54 | share of complainers who stay where the complaint was solved | 0..1 |
/// | `stay_unsolved` | 0.19 | the same where it was not | 0..1 |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WordOfMouth {
    /// People whom an unhappy client tells.
    pub told_unhappy: f64,
    /// Share of these who are lost as clients.
    pub loses: f64,
    /// People whom one who was won back tells.
    pub told_happy: f64,
    /// Share of these who become clients.
    pub wins: f64,
    /// Share of complainers who stay where the complaint was solved.
    pub stay_solved: f64,
    /// The same where it was not.
    pub stay_unsolved: f64,
}

impl Default for WordOfMouth {
    fn default() -> WordOfMouth {
        WordOfMouth {
            told_unhappy: 9.0,
            loses: 0.02,
            told_happy: 5.0,
            wins: 0.01,
            stay_solved: 0.54,
            stay_unsolved: 0.19,
        }
    }
}

impl WordOfMouth {
    /// What lies outside its range: name and message.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        [
            ("told_unhappy", self.told_unhappy, 1_000.0),
            ("loses", self.loses, 1.0),
            ("told_happy", self.told_happy, 1_000.0),
            ("wins", self.wins, 1.0),
            ("stay_solved", self.stay_solved, 1.0),
            ("stay_unsolved", self.stay_unsolved, 1.0),
        ]
        .into_iter()
        .filter(|(_, value, most)| !(0.0..=*most).contains(value))
        .map(|(name, value, most)| (name, format!("{value} is outside 0..{most}")))
        .collect()
    }
}
