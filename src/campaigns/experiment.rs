//! An experiment of a campaign: its variants and what they vary, what it is judged by, and how it ends.

use serde::{Deserialize, Serialize};

use crate::clock::HOUR;
use crate::offers::offer::is_name;

/// Buckets that the weights are shared out over.
pub const BUCKETS: u32 = 10_000;

/// An experiment. The first variant is the control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSpec {
    /// Its name.
    pub name: String,
    /// The variants with their weights; the first is what the others are compared with.
    pub variants: Vec<VariantSpec>,
    /// What it is judged by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub goal: Goal,
    /// The smallest difference that matters: of a share in absolute terms (0.005 when absent), of an amount in minor units a
    /// customer (a hundredth of the control's own when absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matters: Option<f64>,
    /// How often it may be looked at before it decides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub looks: Looks,
    /// Customers per variant that a test of one look waits for; what a power of 80 % needs when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<u32>,
    /// Whether the weights stay.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allocation: Allocation,
    /// The least share of each variant while the weights move.
    #[serde(default = "default_floor", skip_serializing_if = "is_default_floor")]
    pub floor: f64,
    /// Harm that is tolerated; beyond it a variant is stopped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub guardrails: Guardrails,
    /// Tries the variants on a share of each run's audience first; the rest gets the one that was decided for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestSpec>,
}

/// One variant and its weight. Without any of the optional keys it varies the messages alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantSpec {
    /// Its name, and that of its folder under `templates/` unless `template` names another.
    pub name: String,
    /// Its share of all weights.
    pub weight: u32,
    /// The folder under `templates/`; its own name where there is such a folder, else the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The only offers that it makes, of the campaign's; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<String>,
    /// The only channels that it uses, of the campaign's; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The only hours of the customer's day at which its contacts begin, of the channels' own; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<u8>,
    /// What foretells the response.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decides: Decides,
}

/// What an experiment is judged by, per customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// An order within the conversion window.
    #[default]
    Conversion,
    /// Revenue within the window.
    Revenue,
    /// Margin within the window.
    Margin,
    /// Margin less contacts.
    Profit,
    /// An order within `retention_days`.
    Retention,
    /// A link that a person followed.
    Click,
    /// An image that a person's program loaded: many never load it, and machines do, so that a warning stands beside it.
    Open,
}

impl Goal {
    /// Whether it is yes or no.
    pub fn is_share(self) -> bool {
        !matches!(self, Goal::Revenue | Goal::Margin | Goal::Profit)
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Goal::Conversion => "conversion",
            Goal::Revenue => "revenue",
            Goal::Margin => "margin",
            Goal::Profit => "profit",
            Goal::Retention => "retention",
            Goal::Click => "click",
            Goal::Open => "open",
        }
    }
}

/// How often an experiment may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looks {
    /// Once, at the planned size: the narrower intervals.
    #[default]
    Once,
    /// As often as one likes: wider intervals that hold all the same.
    Always,
}

/// Whether weights stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// As written.
    #[default]
    Fixed,
    /// Each run draws by the chance that a variant is the best (Thompson sampling), never below the floor.
    Thompson,
}

/// What foretells the response of a variant's customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decides {
    /// The model that serves.
    #[default]
    Model,
    /// The stated rates of the offers alone: the policy before anything was learned.
    Rates,
}

/// Harm that is tolerated, against the control.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guardrails {
    /// More unsubscribes, as a share of the contacted.
    pub unsubscribe: f64,
    /// More complaints.
    pub complaint: f64,
    /// More bounces.
    pub bounce: f64,
    /// Less margin, in minor units a customer.
    pub margin: f64,
}

impl Default for Guardrails {
    fn default() -> Guardrails {
        Guardrails { unsubscribe: 0.001, complaint: 0.0005, bounce: 0.005, margin: 0.0 }
    }
}

/// Test share, wait, decide, rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestSpec {
    /// The share of the audience that is tried on, 0..0.9.
    pub share: f64,
    /// Hours after the run in which outcomes come in.
    pub wait_hours: u32,
    /// Who decides.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decide: Decider,
    /// What follows where the data carry no winner.
    #[serde(default, skip_serializing_if = "is_default")]
    pub otherwise: Otherwise,
}

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// The data, when the time has come.
    #[default]
    Automatic,
    /// A person.
    ByHand,
}

/// What follows where no variant is shown to be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The rest gets the control.
    #[default]
    Control,
    /// The rest waits for a person.
    Wait,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn default_floor() -> f64 {
    0.01
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_floor(floor: &f64) -> bool {
    *floor == default_floor()
}

impl VariantSpec {
    /// Whether it differs from the others in its messages alone, so that whom to contact does not depend on it.
    pub fn varies_messages_only(&self) -> bool {
        self.offers.is_empty() && self.channels.is_empty() && self.hours.is_empty() && self.decides == Decides::Model
    }
}

impl TestSpec {
    /// The wait, in microseconds.
    pub fn wait(&self) -> i64 {
        i64::from(self.wait_hours) * HOUR
    }
}

impl ExperimentSpec {
    /// The variant of this name.
    pub fn variant(&self, name: &str) -> Option<&VariantSpec> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// Whether the variants differ in their messages alone.
    pub fn varies_messages_only(&self) -> bool {
        self.variants.iter().all(VariantSpec::varies_messages_only)
    }

    pub(super) fn check(
        &self,
        key: &str,
        (offers, channels): (&[String], &[&str]),
        demand: &mut impl FnMut(bool, &str, &str),
    ) {
        demand(is_name(&self.name), &format!("{key}.name"), "must be a name");
        demand(self.variants.len() >= 2, &format!("{key}.variants"), "needs at least two variants");
        demand(self.variants.len() <= 20, &format!("{key}.variants"), "at most 20 variants");
        for (i, variant) in self.variants.iter().enumerate() {
            let at = format!("{key}.variants[{i}]");
            demand(is_name(&variant.name), &format!("{at}.name"), "must be a name");
            demand(variant.weight > 0, &format!("{at}.weight"), "must be above 0");
            let again = self.variants[..i].iter().any(|other| other.name == variant.name);
            demand(!again, &format!("{at}.name"), "stands twice");
            let known = variant.offers.iter().all(|offer| offers.contains(offer));
            demand(known, &format!("{at}.offers"), "must be among the campaign's offers");
            let known = variant.channels.iter().all(|channel| channels.contains(&channel.as_str()));
            demand(known, &format!("{at}.channels"), "must be among the campaign's channels");
            demand(variant.hours.iter().all(|&hour| hour < 24), &format!("{at}.hours"), "must be hours, 0 to 23");
        }
        let positive = |value: Option<f64>| value.is_none_or(|value| value.is_finite() && value >= 0.0);
        demand(positive(self.matters), &format!("{key}.matters"), "must not be below 0");
        demand(self.planned.is_none_or(|n| n >= 2), &format!("{key}.planned"), "must be at least 2");
        let most = 1.0 / self.variants.len().max(1) as f64;
        demand((0.0..=most).contains(&self.floor), &format!("{key}.floor"), "must lie within 0 and 1 / variants");
        let thompson = self.allocation == Allocation::Thompson;
        demand(!thompson || self.goal.is_share(), &format!("{key}.allocation"), "moves by a yes or no goal only");
        demand(!thompson || self.goal != Goal::Open, &format!("{key}.goal"), "opens are no basis for weights");
        demand(!thompson || self.test.is_none(), &format!("{key}.test"), "has fixed weights; leave thompson out");
        let Guardrails { unsubscribe, complaint, bounce, margin } = self.guardrails;
        for (name, value) in
            [("unsubscribe", unsubscribe), ("complaint", complaint), ("bounce", bounce), ("margin", margin)]
        {
            demand(positive(Some(value)), &format!("{key}.guardrails.{name}"), "must not be below 0");
        }
        if let Some(test) = &self.test {
            demand(test.share > 0.0 && test.share <= 0.9, &format!("{key}.test.share"), "must lie within 0..0.9");
            demand((1..=720).contains(&test.wait_hours), &format!("{key}.test.wait_hours"), "must lie within 1..720");
        }
    }

    /// The weights as buckets that sum to 10,000; the last variant takes what rounding leaves.
    pub fn buckets(&self) -> Vec<(String, u32)> {
        let weights: Vec<f64> = self.variants.iter().map(|variant| f64::from(variant.weight)).collect();
        let names = self.variants.iter().map(|variant| variant.name.clone());
        names.zip(buckets_of(&weights)).collect()
    }
}

/// Weights of any scale as buckets that sum to [`BUCKETS`]; the last one takes what rounding leaves.
pub fn buckets_of(weights: &[f64]) -> Vec<u32> {
    let total: f64 = weights.iter().sum();
    let mut left = BUCKETS;
    let last = weights.len().saturating_sub(1);
    let share = |weight: f64| if total > 0.0 { (weight * f64::from(BUCKETS) / total) as u32 } else { 0 };
    let each = weights.iter().enumerate().map(|(i, &weight)| {
        let share = if i == last { left } else { share(weight).min(left) };
        left -= share;
        share
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_become_buckets() {
        assert_eq!(buckets_of(&[1.0, 1.0, 1.0]), [3_333, 3_333, 3_334]);
        assert_eq!(buckets_of(&[0.0, 2.0]), [0, 10_000]);
        assert_eq!(buckets_of(&[7.0, 3.0]).iter().sum::<u32>(), BUCKETS);
    }

    #[test]
    fn what_an_experiment_leaves_out_is_not_written() {
        let text = r#"{"name":"x","variants":[{"name":"a","weight":1},{"name":"b","weight":1}]}"#;
        let spec: ExperimentSpec = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&spec).unwrap(), text, "digests of known definitions stay");
        assert!(spec.varies_messages_only() && spec.goal.is_share());
    }

    #[test]
    fn faults_name_their_key() {
        let text = r#"{"name":"x","goal":"profit","allocation":"thompson","floor":0.8,
            "variants":[{"name":"a","weight":1,"offers":["other"]},{"name":"b","weight":1,"hours":[30]}],
            "test":{"share":1.5,"wait_hours":0}}"#;
        let spec: ExperimentSpec = serde_json::from_str(text).unwrap();
        let mut keys = Vec::new();
        spec.check("e", (&["ten".to_owned()], &["email"]), &mut |good, key, _| {
            if !good {
                keys.push(key.to_owned());
            }
        });
        let expected =
            ["e.variants[0].offers", "e.variants[1].hours", "e.floor", "e.allocation", "e.test", "e.test.share"];
        assert_eq!(keys[..6], expected);
    }
}
