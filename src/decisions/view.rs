//! What is known about one customer at the moment of the decision.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::contact_policy::{ContactFacts, MessageClass};
use crate::clock::Timestamp;
use crate::ids::CustomerId;
use crate::models::timing::pressure;
use crate::rules::{Row, Value};

/// A customer's answer to being contacted by a channel for a purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The channel it is for.
    pub channel: Arc<str>,
    /// The purpose it is for, such as `marketing`.
    pub purpose: Arc<str>,
    /// Whether it was given; `false` is a refusal or a withdrawal.
    pub granted: bool,
}

/// A contact that was made or is reserved, from the contact ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The channel.
    pub channel: Arc<str>,
    /// The class of the message.
    pub class: MessageClass,
    /// When it was or will be made.
    pub at: Timestamp,
}

/// Named facts, sorted by name: features, scores, attributes, segments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts(Vec<(Arc<str>, Value)>);

impl Facts {
    /// Facts from pairs; of two with one name the last stays.
    pub fn new(pairs: impl IntoIterator<Item = (Arc<str>, Value)>) -> Facts {
        let sorted: std::collections::BTreeMap<Arc<str>, Value> = pairs.into_iter().collect();
        Facts(sorted.into_iter().collect())
    }

    /// Adds facts; of two with one name the new one stays.
    pub fn extend(&mut self, pairs: impl IntoIterator<Item = (Arc<str>, Value)>) {
        *self = Facts::new(std::mem::take(&mut self.0).into_iter().chain(pairs));
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl Row for Facts {
    fn get(&self, field: &str) -> Option<Value> {
        self.0.binary_search_by(|(name, _)| (**name).cmp(field)).ok().map(|at| self.0[at].1.clone())
    }
}

/// One customer as the decision sees them. `None` in a field that a policy needs means "not known", and fails closed.
#[derive(Debug, Clone)]
pub struct CustomerView {
    /// The internal id.
    pub customer_id: CustomerId,
    /// The company's own key: what every hash draws from.
    pub external_id: Arc<str>,
    /// The customer's zone, or the workspace's.
    pub zone: TimeZone,
    /// Answers about contact; no answer is no consent.
    pub consents: Vec<Consent>,
    /// Channels that must not be used (bounced for good, complained, struck out by hand).
    pub suppressed: Vec<Arc<str>>,
    /// Contacts made and reserved, any order; `None` when the ledger could not be read.
    pub contacts: Option<Vec<Contact>>,
    /// The household or account, when it is known.
    pub household: Option<i64>,
    /// Contacts of all others in the household; empty without one.
    pub household_contacts: Vec<Contact>,
    /// Complaints not closed yet; `None` when not known.
    pub open_complaints: Option<u32>,
    /// The last purchase; `None` when there was none.
    pub last_purchase: Option<Timestamp>,
    /// The last return; `None` when there was none.
    pub last_return: Option<Timestamp>,
    /// The last complaint; `None` when there was none.
    pub last_complaint: Option<Timestamp>,
    /// The customer objects to profiling: no personal choice is made.
    pub profiling_objection: bool,
    /// When the serving state was last brought up to date; `None` when it never was.
    pub state_at: Option<Timestamp>,
    /// Features, scores, attributes and segments, for rules and for the log.
    pub facts: Facts,
}

impl CustomerView {
    /// The pressure of marketing on the customer at an instant; an unreadable ledger tells of none, and contact policy then refuses.
    pub fn pressure(&self, at: Timestamp) -> f64 {
        let marketing = |contact: &&Contact| contact.class == MessageClass::Marketing;
        pressure(self.contacts.iter().flatten().filter(marketing).map(|contact| contact.at), at)
    }

    /// The part that contact policy reads.
    pub fn contact_facts(&self) -> ContactFacts<'_> {
        ContactFacts {
            zone: &self.zone,
            consents: &self.consents,
            suppressed: &self.suppressed,
            contacts: self.contacts.as_deref(),
            household_contacts: &self.household_contacts,
            open_complaints: self.open_complaints,
            last_purchase: self.last_purchase,
            last_return: self.last_return,
            last_complaint: self.last_complaint,
            state_at: self.state_at,
        }
    }
}
