//! Whether one customer belongs, and when time alone may change that.

use super::measure::{days, next_passing};
use super::tally::Tally;
use super::{Entry, RuleSegment, Since};
use crate::clock::Timestamp;
use crate::ids::CustomerId;
use crate::rules::{Row, Value};

/// What a rule says of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Whether the customer belongs.
    pub member: bool,
    /// The next instant at which that may change though nothing happens, microseconds UTC.
    pub due_at: Option<i64>,
}

impl RuleSegment {
    /// What is kept of a customer after judging: one who belongs has entered now.
    pub fn entry(&self, customer: CustomerId, tallies: Vec<Tally>, profile: &[Option<Value>], now: Timestamp) -> Entry {
        let judged = self.judge(&tallies, profile, now);
        Entry { customer, entered_at: judged.member.then_some(now.0), due_at: judged.due_at, tallies }
    }

    /// Judges a customer by settled tallies (one a measure) and by the facts of the profile, in the order of
    /// [`RuleSegment::fields`].
    pub fn judge(&self, tallies: &[Tally], profile: &[Option<Value>], now: Timestamp) -> Judged {
        let row = Known { segment: self, tallies, profile, now };
        let by_facts = self.measures.iter().zip(tallies).filter_map(|(measure, tally)| measure.next_change(tally, now));
        let by_profile =
            self.since.iter().filter_map(|since| next_passing(row.instant(since)?, &since.thresholds, now));
        Judged { member: self.rule.holds(&row), due_at: by_facts.chain(by_profile).min() }
    }
}

struct Known<'a> {
    segment: &'a RuleSegment,
    tallies: &'a [Tally],
    profile: &'a [Option<Value>],
    now: Timestamp,
}

impl Known<'_> {
    fn of_profile(&self, name: &str) -> Option<&Value> {
        let at = self.segment.fields.iter().position(|field| **field == *name)?;
        self.profile.get(at)?.as_ref()
    }

    fn instant(&self, since: &Since) -> Option<Timestamp> {
        match self.of_profile(&since.time)? {
            Value::Time(at) => Some(*at),
            _ => None,
        }
    }
}

impl Row for Known<'_> {
    fn get(&self, field: &str) -> Option<Value> {
        if let Some(at) = self.segment.measures.iter().position(|measure| *measure.name == *field) {
            return self.segment.measures[at].value(&self.tallies[at], self.now).map(Value::Number);
        }
        if let Some(since) = self.segment.since.iter().find(|since| *since.name == *field) {
            return self.instant(since).map(|at| Value::Number(days(at, self.now)));
        }
        self.of_profile(field).cloned()
    }
}
