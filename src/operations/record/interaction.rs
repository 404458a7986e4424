//! Calls, messages, visits and complaints.

use serde::{Deserialize, Serialize};

use super::event::content_key;
use super::faults::Faults;
use super::state::Change;
use super::{Desk, Entry, Report, SOURCE, cost};
use crate::clock::Timestamp;
use crate::history::facts::INTERACTION;
use crate::history::{Fact, Value};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::settings::Settings;

/// A call, message, visit or complaint, in either direction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInteraction {
    /// The company's own key of the customer.
    pub customer: String,
    /// What identifies it at its source; its content when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// When; now when absent.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// `in` or `out`.
    pub direction: String,
    /// email, sms, call, letter, visit, ...
    pub channel: String,
    /// What it was about: complaint, order, ...
    pub reason: String,
    /// What came of it: open, solved, answered, ...
    #[serde(default)]
    pub outcome: Option<String>,
    /// How long it took, in seconds.
    #[serde(default)]
    pub duration_s: Option<f64>,
    /// What it cost, in minor units; by the activity rates when absent.
    #[serde(default)]
    pub cost: Option<Money>,
    /// The campaign it belongs to.
    #[serde(default)]
    pub campaign: Option<String>,
}

impl Report for NewInteraction {
    const NOUN: &'static str = "interactions";

    fn customer(&self) -> &str {
        &self.customer
    }

    fn read(self, desk: &Desk, customer: CustomerId, faults: &mut Faults, entries: &mut Vec<Entry>) {
        faults.optional_key("key", self.key.as_deref());
        faults.one_of("direction", &self.direction, &["in", "out"]);
        faults.name("channel", &self.channel);
        faults.name("reason", &self.reason);
        faults.optional_name("outcome", self.outcome.as_deref());
        faults.optional_name("campaign", self.campaign.as_deref());
        let lasted = self.duration_s.is_none_or(|seconds| (0.0..=31_622_400.0).contains(&seconds));
        faults.demand(lasted, "duration_s", "must be seconds, at least 0 and at most a year");
        faults.amount("cost", self.cost);
        let at = faults.instant(self.occurred_at);
        let change =
            interaction_change(desk.settings, &self.reason, &self.channel, self.outcome.as_deref(), self.cost, at);
        let key = self.key.clone().unwrap_or_else(|| content_key(&self, self.occurred_at, desk.now));
        let values = INTERACTION.columns.iter().map(|column| match column.name {
            "direction" => Value::Text(self.direction.clone()),
            "channel" => Value::Text(self.channel.clone()),
            "reason" => Value::Text(self.reason.clone()),
            "outcome" => Value::text(&self.outcome),
            "duration_s" => self.duration_s.map_or(Value::Null, Value::Float),
            "cost" => Value::money(self.cost),
            "campaign" => Value::text(&self.campaign),
            _ => Value::Null,
        });
        let fact = Fact { customer, occurred_at: at, source: SOURCE.into(), key, values: values.collect() };
        entries.push(Entry { fact_type: &INTERACTION, fact, change, personal: None });
    }
}

/// What an interaction changes in the serving row: its cost, and the complaint that it opens or closes.
pub fn interaction_change(
    settings: &Settings,
    reason: &str,
    channel: &str,
    outcome: Option<&str>,
    measured: Option<Money>,
    at: Timestamp,
) -> Change {
    let complaint = match (reason, outcome) {
        ("complaint", None | Some("open")) => Some((at, 1)),
        ("complaint", Some("solved" | "closed")) => Some((at, -1)),
        _ => None,
    };
    Change { cost: cost::interaction(settings, reason, channel, measured), complaint, ..Change::default() }
}
