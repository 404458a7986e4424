//! Campaigns that go client by client: what begins a journey, which steps follow, and what ends it.
//!
//! ```text
//!  a fact, or a segment entered --> step 0 (the campaign itself) --wait--> step 1 --wait--> ... --> done
//!  the run of a batch ------------------------------------------------->/   |
//!                                             an order, or another goal ----+--> reached
//! ```
//!
//! A **journey** is one client's way, from one reason to begin. Each step decides anew, at its own time and among its own offers and
//! channels, under the same limits as everything else; whoever is held out goes the same way in shadow.

pub mod store;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::offers::offer::is_name;
use crate::rules::{OneOrMany, RuleSpec};

/// Most steps that follow.
const MOST_STEPS: usize = 20;
/// Longest wait: a year.
const LONGEST_WAIT: u32 = 366 * 24;

/// Facts of the history, by their columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsSpec {
    /// `orders`, `events`, `interactions`, `returns`, `claims`, `subscriptions`.
    pub of: String,
    /// Columns that must have a value, or one of several.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, OneOrMany>,
}

/// What begins a journey: a fact that arrives, or a segment that a client enters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerSpec {
    /// A fact that arrives one by one (imports of files begin nothing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<FactsSpec>,
    /// Instead: a rule segment that the client enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enters: Option<String>,
    /// Hours from then to the first step.
    #[serde(default)]
    pub after_hours: u32,
    /// How long after one journey the same client may begin another.
    #[serde(default = "default_again")]
    pub again_after_days: u32,
    /// How late a step may still be taken; a later one is held.
    #[serde(default = "default_lateness")]
    pub lateness_hours: u32,
}

/// A step that follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// Its name.
    pub name: String,
    /// Hours since the step before.
    pub after_hours: u32,
    /// Only for clients for whom this holds then; others go on to the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<RuleSpec>,
    /// Passed over by whoever answered an earlier step in one of these ways: `open`, `click`, `reply`, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// Of the campaign's offers these; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<String>,
    /// Of the campaign's channels these; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The folder of templates; the campaign's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

fn default_again() -> u32 {
    30
}

/// A day.
pub(super) fn default_lateness() -> u32 {
    24
}

/// What ends a journey unless something else is said: an order.
pub(super) fn default_until() -> Vec<FactsSpec> {
    vec![FactsSpec { of: "orders".into(), only: BTreeMap::new() }]
}

impl TriggerSpec {
    pub(super) fn check(&self, demand: &mut impl FnMut(bool, &str, &str)) {
        let one = self.on.is_some() != self.enters.is_some();
        demand(one, "trigger", "needs `on` (a fact) or `enters` (a segment), and not both");
        demand(self.after_hours <= LONGEST_WAIT, "trigger.after_hours", "must be at most 8784");
        demand((1..=3_660).contains(&self.again_after_days), "trigger.again_after_days", "must lie within 1..3660");
        demand((1..=720).contains(&self.lateness_hours), "trigger.lateness_hours", "must lie within 1..720");
    }
}

/// Checks the steps of a campaign with these offers and channels.
pub(super) fn check_steps(
    steps: &[StepSpec],
    offers: &[String],
    channels: &[&str],
    demand: &mut impl FnMut(bool, &str, &str),
) {
    demand(steps.len() <= MOST_STEPS, "steps", "at most 20 steps");
    for (i, step) in steps.iter().enumerate() {
        let key = format!("steps[{i}]");
        demand(is_name(&step.name), &format!("{key}.name"), "must be 1 to 100 letters, digits, `-`, `_` or `.`");
        let again = steps[..i].iter().any(|other| other.name == step.name);
        demand(!again, &format!("{key}.name"), "stands twice; name each step once");
        let wait = (1..=LONGEST_WAIT).contains(&step.after_hours);
        demand(wait, &format!("{key}.after_hours"), "must lie within 1..8784");
        let known = step.offers.iter().all(|offer| offers.contains(offer));
        demand(known, &format!("{key}.offers"), "must be some of the campaign's offers");
        let known = step.channels.iter().all(|channel| channels.contains(&channel.as_str()));
        demand(known, &format!("{key}.channels"), "must be some of the campaign's channels");
    }
}
