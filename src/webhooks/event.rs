//! Which events there are, and which of them somebody wants.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::{Fault, Result};
use crate::ids::{CampaignId, CustomerId};
use crate::storage::Connection;

/// The test that a person asks for; no subscription names it.
pub const PING: &str = "ping";

/// Every kind of event, with what it says.
pub const KINDS: [(&str, &str); 18] = [
    ("decision.made", "a contact was decided for a customer, in a run or in real time"),
    ("delivery.sent", "the receiver accepted the message"),
    ("delivery.failed", "the receiver refused the message for good, or it was given up"),
    ("delivery.suppressed", "the message was not sent: consent, contact policy, holdout, ..."),
    ("delivery.cancelled", "the message was taken back before it was sent"),
    ("delivery.held", "nobody knows whether the receiver has the message; a person must say"),
    ("outcome.open", "the message was opened"),
    ("outcome.machine_open", "a mail proxy or scanner opened the message"),
    ("outcome.click", "a link was followed"),
    ("outcome.machine_click", "a scanner followed a link"),
    ("outcome.unsubscribe", "the customer asked for no more"),
    ("outcome.bounce", "the message came back"),
    ("outcome.complaint", "the customer called the message spam, or complained"),
    ("outcome.conversion", "the customer did what the campaign was for"),
    ("experiment.measured", "the window of a run has ended: its lift and its verdict are final"),
    ("experiment.asking", "a test has ended and its rest waits for a person's choice"),
    ("experiment.decided", "a variant was chosen, by the data or by a person"),
    ("experiment.stopped", "a variant was stopped since it does harm"),
];

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// What it is in order with.
    pub stream: i64,
    /// Whom it is about.
    pub customer: Option<CustomerId>,
    /// When it happened.
    pub at: Timestamp,
    /// What is told of it; nothing personal.
    pub data: Value,
}

impl Event {
    /// One about a customer.
    pub fn of_customer(kind: &'static str, customer: CustomerId, at: Timestamp, data: Value) -> Event {
        Event { kind, stream: customer.0, customer: Some(customer), at, data }
    }

    /// One about a campaign's experiment. Customers' ids are not negative, so that the two never share a stream.
    pub fn of_campaign(kind: &'static str, campaign: CampaignId, at: Timestamp, data: Value) -> Event {
        Event { kind, stream: -campaign.0 - 1, customer: None, at, data }
    }
}

/// The kind with this noun and verb, as [`KINDS`] has it.
pub fn kind(noun: &str, verb: &str) -> Option<&'static str> {
    let named = |kind: &&'static str| kind.split_once('.') == Some((noun, verb));
    KINDS.iter().map(|(kind, _)| *kind).find(|kind| named(kind))
}

/// Checks the events of a subscription: names of kinds, `NOUN.*`, or `*`.
pub fn check(events: &[String], faults: &mut Vec<Fault>) {
    if events.is_empty() {
        faults.push(Fault::at("events", "names no event; write the kinds that are wanted, `delivery.*`, or `*`"));
    }
    for (i, event) in events.iter().enumerate() {
        if !KINDS.iter().any(|(kind, _)| matches(event, kind)) {
            let nouns = "decision.*, delivery.*, outcome.*, experiment.*";
            let message = format!("`{event}` is no event; use `*`, one of {nouns}, or a kind of docs/WEBHOOKS.md");
            faults.push(Fault::at(format!("events[{i}]"), message));
        }
    }
}

/// Whether a subscription that names `wanted` gets events of `kind`.
pub fn matches(wanted: &str, kind: &str) -> bool {
    wanted == "*"
        || wanted == kind
        || wanted.strip_suffix('*').is_some_and(|noun| noun.ends_with('.') && noun.len() > 1 && kind.starts_with(noun))
}

/// The kinds that at least one enabled webhook wants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted(BTreeSet<&'static str>);

impl Wanted {
    /// As of this transaction.
    pub fn read(conn: &mut Connection) -> Result<Wanted> {
        let lists = super::store::wanted(conn)?;
        let of = |kind: &str| lists.iter().flatten().any(|wanted| matches(wanted, kind));
        Ok(Wanted(KINDS.iter().map(|(kind, _)| *kind).filter(|kind| of(kind)).collect()))
    }

    /// Whether somebody wants this kind.
    pub fn includes(&self, kind: &str) -> bool {
        self.0.contains(kind)
    }

    /// Whether somebody wants anything of this noun.
    pub fn any_of(&self, noun: &str) -> bool {
        self.0.iter().any(|kind| kind.split('.').next() == Some(noun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::SignalKind;

    #[test]
    fn names_and_groups_are_understood_and_others_are_refused() {
        let good = ["*", "delivery.*", "outcome.click"].map(str::to_owned);
        let mut faults = Vec::new();
        check(&good, &mut faults);
        assert!(faults.is_empty());
        let bad = ["", ".*", "outcome", "outcome.*.x", "delivery", "ping", "out*"].map(str::to_owned);
        check(&bad, &mut faults);
        assert_eq!(faults.len(), bad.len(), "{faults:?}");
        assert!(matches("outcome.*", "outcome.click") && !matches("outcome.*", "delivery.sent"));
    }

    #[test]
    fn every_outcome_has_its_event() {
        for signal in SignalKind::ALL {
            assert!(kind("outcome", signal.name()).is_some(), "{}", signal.name());
        }
    }
}
