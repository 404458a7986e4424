//! A campaign's definition: `campaign.toml`, or the same as JSON over REST.

use serde::{Deserialize, Serialize};

use super::experiment::ExperimentSpec;
use super::journey::{self, FactsSpec, StepSpec, TriggerSpec};
use super::schedule::Schedule;
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Fault, Result};
use crate::money::Money;
use crate::offers::offer::is_name;
use crate::rules::RuleSpec;

/// The most shares of one campaign: a customer's are the bits of a number of 16.
pub const MOST_SHARES: usize = 16;

/// A campaign as written; [`CampaignSpec::check`] looks at each value, `operations::apply` at what they name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSpec {
    /// Unique key: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What people call it.
    #[serde(default)]
    pub title: String,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub goal: String,
    /// Who answers for it.
    #[serde(default)]
    pub owner: String,
    /// `marketing`, `service` or `transactional`.
    #[serde(default = "default_class")]
    pub class: String,
    /// Which go first where several campaigns that are decided together want the same client.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// Names of the offers it may make.
    pub offers: Vec<String>,
    /// One of them, which is proposed to whoever asks in real time when nothing is worth its price; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Who it is for; everybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<RuleSpec>,
    /// How it may reach people.
    pub channels: Vec<ChannelSpec>,
    /// The most it may spend on contacts and benefits, in minor units; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Money>,
    /// Of some customers, at least and at most how many get a contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<ShareSpec>,
    /// Contacts: how many per customer, and what differs from the workspace's policy.
    #[serde(default)]
    pub contact: ContactSpec,
    /// Share held out of this campaign, beside the global holdout.
    #[serde(default)]
    pub holdout: f64,
    /// Share tried at random; the workspace's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exploration: Option<f64>,
    /// An experiment over its messages, or over offers, channels, hours or what decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentSpec>,
    /// Days after the contact in which an order counts.
    #[serde(default = "default_window")]
    pub conversion_days: u32,
    /// Days after the decision in which an order says that the client was kept.
    #[serde(default = "default_retention", skip_serializing_if = "is_default_retention")]
    pub retention_days: u32,
    /// What a run costs beside its contacts (agency, design, lists), in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_cost: Option<Money>,
    /// When it runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What begins it client by client, instead of a schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerSpec>,
    /// What follows the first contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepSpec>,
    /// What ends a client's journey through the steps: an order, unless something else is said.
    #[serde(default = "journey::default_until", skip_serializing_if = "is_default_until")]
    pub until: Vec<FactsSpec>,
    /// Restarts the draws of holdout and experiments when changed.
    #[serde(default)]
    pub salt: String,
}

/// How a campaign stands to others that want the same client at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// It takes the clients whom the others leave.
    Low,
    /// Clients are left to the campaign to which they are worth most.
    #[default]
    Normal,
    /// It chooses before all others, whatever the clients are worth to them.
    High,
}

impl Priority {
    /// The class: the higher decides first.
    pub fn class(self) -> u8 {
        self as u8
    }

    fn is_normal(&self) -> bool {
        *self == Priority::Normal
    }
}

/// One channel of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSpec {
    /// `email`, `sms`, `call`, `letter`, ...
    pub channel: String,
    /// Cost of one contact, in minor units; the workspace's activity rate when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// The most contacts of a run, with those of real time until the next one; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i64>,
    /// The most contacts that begin in one hour; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<i64>,
    /// The most contacts that begin on one day of the workspace's zone; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<i64>,
    /// Hours of the customer's own day at which a contact may begin; any outside the quiet hours when empty.
    #[serde(default = "default_hours")]
    pub hours: Vec<u8>,
    /// Chance that one contact ends the permission to contact, of whoever has had none lately; recent ones add as much again.
    #[serde(default = "default_hazard")]
    pub hazard: f64,
}

/// Contacts with some customers, as a share of all of them who could be contacted: those of the audience who are in no holdout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareSpec {
    /// Its name, for plans and prices.
    pub name: String,
    /// Who belongs to it.
    pub who: RuleSpec,
    /// What is promised them: others do not outbid them below it. Nobody is contacted at a loss for its sake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The most; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// How often, and what differs from the workspace's contact policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSpec {
    /// Most contacts with one customer in one run.
    #[serde(default = "default_per_customer")]
    pub per_customer: u8,
    /// Overrides of the contact policy, checked when the campaign is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<serde_json::Value>,
    /// What a contact is worth in itself, in minor units, beside what it sells: care, a duty, a word that was promised. Without it
    /// a contact that sells nothing is never made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worth: Option<Money>,
}

impl Default for ContactSpec {
    fn default() -> Self {
        ContactSpec { per_customer: default_per_customer(), policy: None, worth: None }
    }
}

fn default_class() -> String {
    "marketing".into()
}

fn default_window() -> u32 {
    14
}

fn default_retention() -> u32 {
    90
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_default_retention(days: &u32) -> bool {
    *days == default_retention()
}

fn default_hours() -> Vec<u8> {
    vec![10, 18]
}

fn default_hazard() -> f64 {
    0.001
}

fn default_per_customer() -> u8 {
    1
}

fn is_default_until(until: &[FactsSpec]) -> bool {
    until == journey::default_until()
}

impl CampaignSpec {
    /// Reads `campaign.toml`.
    ///
    /// # Errors
    /// Invalid, naming the line of what does not parse.
    pub fn from_toml(text: &str, file: &str) -> Result<CampaignSpec> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
            let fault = Fault { line, message: error.message().to_owned(), ..Fault::default() };
            Error::faults("the campaign does not parse", vec![fault.in_file(file)])
        })
    }

    /// Whether it goes client by client.
    pub fn has_journeys(&self) -> bool {
        self.trigger.is_some() || !self.steps.is_empty()
    }

    /// How late a step may still be taken, in hours.
    pub fn step_lateness_hours(&self) -> u32 {
        self.trigger.as_ref().map_or_else(journey::default_lateness, |trigger| trigger.lateness_hours)
    }

    /// The end of the conversion window of a contact.
    pub fn window_end(&self, contact: Timestamp) -> Timestamp {
        contact.plus(i64::from(self.conversion_days) * DAY)
    }

    /// The salt of the campaign's draws.
    pub fn draw_salt(&self, of: &str) -> String {
        format!("{}/{}/{of}", self.name, self.salt)
    }

    /// Checks every value that stands for itself.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(self) -> Result<CampaignSpec> {
        let mut faults = Vec::new();
        let mut demand = |good: bool, key: &str, message: &str| {
            if !good {
                faults.push(Fault::at(key, message));
            }
        };
        demand(is_name(&self.name), "name", "must be 1 to 100 letters, digits, `-`, `_` or `.`");
        let classes = ["marketing", "service", "transactional"];
        demand(classes.contains(&self.class.as_str()), "class", "must be one of: marketing, service, transactional");
        demand(!self.offers.is_empty(), "offers", "names no offer; a campaign needs at least one");
        demand(
            self.fallback.as_ref().is_none_or(|offer| self.offers.contains(offer)),
            "fallback",
            "must be one of the campaign's offers",
        );
        demand(!self.channels.is_empty(), "channels", "names no channel; a campaign needs at least one");
        demand((0.0..=0.9).contains(&self.holdout), "holdout", "must lie within 0..0.9");
        demand(
            self.exploration.is_none_or(|share| (0.0..=0.5).contains(&share)),
            "exploration",
            "must lie within 0..0.5",
        );
        demand((1..=365).contains(&self.conversion_days), "conversion_days", "must lie within 1..365");
        demand((1..=8).contains(&self.contact.per_customer), "contact.per_customer", "must lie within 1..8");
        demand(self.budget.is_none_or(|budget| budget >= Money::ZERO), "budget", "must not be below 0");
        let worth = self.contact.worth.is_none_or(|worth| worth >= Money::ZERO);
        demand(worth, "contact.worth", "must not be below 0");
        for (i, channel) in self.channels.iter().enumerate() {
            let again = self.channels[..i].iter().any(|other| other.channel == channel.channel);
            demand(!again, &format!("channels[{i}].channel"), "stands twice; name each channel once");
            channel.check(&format!("channels[{i}]"), &mut demand);
        }
        for (i, share) in self.shares.iter().enumerate() {
            let again = self.shares[..i].iter().any(|other| other.name == share.name);
            demand(!again, &format!("shares[{i}].name"), "stands twice; name each share once");
            share.check(&format!("shares[{i}]"), self.contact.per_customer, &mut demand);
        }
        demand(self.shares.len() <= MOST_SHARES, "shares", "at most 16 shares");
        demand((1..=730).contains(&self.retention_days), "retention_days", "must lie within 1..730");
        demand(self.fixed_cost.is_none_or(|cost| cost >= Money::ZERO), "fixed_cost", "must not be below 0");
        let channels: Vec<&str> = self.channels.iter().map(|channel| channel.channel.as_str()).collect();
        for (i, experiment) in self.experiments.iter().enumerate() {
            experiment.check(&format!("experiments[{i}]"), (&self.offers, &channels), &mut demand);
        }
        demand(self.experiments.len() <= 1, "experiments", "at most one experiment a campaign");
        journey::check_steps(&self.steps, &self.offers, &channels, &mut demand);
        if let Some(trigger) = &self.trigger {
            trigger.check(&mut demand);
            demand(self.schedule.is_none(), "trigger", "stands instead of `schedule`; leave one of them out");
            let tests = self.experiments.iter().any(|experiment| experiment.test.is_some());
            demand(!tests, "experiments[0].test", "tries variants on a part of a run first; a trigger has no run");
        }
        if let Some(schedule) = &self.schedule
            && let Err(error) = schedule.check()
        {
            faults.extend(error.fault_list().iter().cloned());
        }
        if faults.is_empty() {
            return Ok(self);
        }
        Err(Error::faults(format!("the campaign `{}` cannot be used", self.name), faults))
    }
}

impl ChannelSpec {
    fn check(&self, key: &str, demand: &mut impl FnMut(bool, &str, &str)) {
        demand(is_name(&self.channel), &format!("{key}.channel"), "must be a name such as email, sms, call, letter");
        demand(self.cost.is_none_or(|cost| cost >= Money::ZERO), &format!("{key}.cost"), "must not be below 0");
        demand(self.capacity.is_none_or(|most| most >= 0), &format!("{key}.capacity"), "must not be below 0");
        demand(self.per_hour.is_none_or(|most| most >= 0), &format!("{key}.per_hour"), "must not be below 0");
        demand(self.per_day.is_none_or(|most| most >= 0), &format!("{key}.per_day"), "must not be below 0");
        let hours = &self.hours;
        let good = hours.len() <= 24 && hours.iter().all(|&hour| hour < 24);
        demand(good, &format!("{key}.hours"), "must be hours of the day, 0 to 23; none for any");
        demand((0.0..=1.0).contains(&self.hazard), &format!("{key}.hazard"), "must lie within 0..1");
    }
}

impl ShareSpec {
    fn check(&self, key: &str, per_customer: u8, demand: &mut impl FnMut(bool, &str, &str)) {
        demand(is_name(&self.name), &format!("{key}.name"), "must be 1 to 100 letters, digits, `-`, `_` or `.`");
        let most = f64::from(per_customer);
        let good = |share: Option<f64>| share.is_none_or(|share| (0.0..=most).contains(&share));
        let range = "must lie within 0..1, or up to the contacts per customer where there may be several";
        demand(good(self.at_least), &format!("{key}.at_least"), range);
        demand(good(self.at_most), &format!("{key}.at_most"), range);
        let both = self.at_least.zip(self.at_most);
        demand(both.is_none_or(|(least, most)| least <= most), &format!("{key}.at_least"), "must not exceed at_most");
        let any = self.at_least.or(self.at_most).is_some();
        demand(any, key, "limits nothing; give at_least, at_most or both");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIN_BACK: &str = "name = 'win-back'\noffers = ['ten-off']\n[[channels]]\nchannel = 'email'\n";

    #[test]
    fn defaults_make_a_short_definition_usable_and_the_round_trip_loses_nothing() {
        let spec = CampaignSpec::from_toml(WIN_BACK, "campaign.toml").unwrap().check().unwrap();
        assert_eq!((spec.class.as_str(), spec.conversion_days, spec.channels[0].hours.len()), ("marketing", 14, 2));
        let again: CampaignSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
        assert_eq!(again, spec);
    }

    #[test]
    fn faults_are_all_named_with_file_and_line_where_the_text_is_wrong() {
        let error = CampaignSpec::from_toml("name = 'x'\nofers = []\n", "c.toml").unwrap_err();
        assert_eq!((error.fault_list()[0].line, error.fault_list()[0].file.as_deref()), (Some(2), Some("c.toml")));
        let mut spec = CampaignSpec::from_toml(WIN_BACK, "c.toml").unwrap();
        spec.holdout = 2.0;
        spec.channels[0].hours = vec![24];
        spec.channels.push(spec.channels[0].clone());
        let error = spec.check().unwrap_err();
        let keys: Vec<&str> = error.fault_list().iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["holdout", "channels[0].hours", "channels[1].channel", "channels[1].hours"]);
    }
}
