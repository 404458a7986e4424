//! Shares of a campaign: of some customers, at least and at most how many get a contact.
//!
//! Who belongs to a share is told by its rule. Those are counted who are in the audience and in no holdout: they could be
//! contacted. A lower limit is a promise that others do not outbid; it contacts nobody at a loss, and where stock, budget or
//! channels do not allow it, the run says how much is missing.

use std::sync::Arc;

use crate::campaigns::ShareSpec;
use crate::decisions::{DecisionPolicy, Facts};
use crate::error::Result;
use crate::operations::people::Person;
use crate::rules::{Catalogue, Rule};

/// How many contacts.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// A part of the customers, 0..=1.
    Part(f64),
    /// So many.
    Contacts(i64),
}

impl Bound {
    fn of(self, customers: i64) -> i64 {
        match self {
            Bound::Part(part) => (part * customers as f64).floor() as i64,
            Bound::Contacts(contacts) => contacts,
        }
    }
}

/// One share, its rule checked.
#[derive(Debug, Clone)]
struct Share {
    name: Arc<str>,
    who: Rule,
    least: Option<Bound>,
    most: Option<Bound>,
}

/// The shares of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Shares(Vec<Share>);

/// A share as contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareLimit {
    /// Its name.
    pub name: Arc<str>,
    /// How many contacts are promised.
    pub least: Option<i64>,
    /// How many there may be.
    pub most: Option<i64>,
}

/// The shares that somebody belongs to, a bit each, in the order of the definition, which has at most 16 of them.
pub type Members = u16;

impl Shares {
    /// Checks the rules against the facts there are.
    ///
    /// # Errors
    /// Invalid, naming the share and the field.
    pub fn check(specs: &[ShareSpec], catalogue: &Catalogue) -> Result<Shares> {
        let share = |spec: &ShareSpec| {
            Ok(Share {
                name: spec.name.as_str().into(),
                who: spec.who.check(&format!("share {}: who", spec.name), catalogue)?,
                least: spec.at_least.map(Bound::Part),
                most: spec.at_most.map(Bound::Part),
            })
        };
        Ok(Shares(specs.iter().map(share).collect::<Result<_>>()?))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The shares that somebody with these facts belongs to.
    pub fn members(&self, facts: &Facts) -> Members {
        self.0.iter().enumerate().fold(0, |bits, (at, share)| bits | (Members::from(share.who.holds(facts)) << at))
    }

    /// The limits in contacts, among these people.
    pub fn limits(&self, people: &[Person], policy: &DecisionPolicy) -> Vec<ShareLimit> {
        let mut counts = vec![0i64; self.0.len()];
        if !self.0.is_empty() {
            let in_audience = |facts: &Facts| policy.audience.as_ref().is_none_or(|rule| rule.holds(facts));
            for person in people.iter().filter(|person| in_audience(&person.view.facts)) {
                if !policy.assignment.arm(&person.view.external_id).is_holdout() {
                    let bits = self.members(&person.view.facts);
                    counts.iter_mut().enumerate().for_each(|(at, count)| *count += i64::from(bits >> at & 1));
                }
            }
        }
        let limit = |(share, count): (&Share, i64)| ShareLimit {
            name: share.name.clone(),
            least: share.least.map(|bound| bound.of(count)),
            most: share.most.map(|bound| bound.of(count)),
        };
        self.0.iter().zip(counts).map(limit).collect()
    }

    /// Another limit in contacts, for a question: `NAME` for the most, `NAME/least` for what is promised. Whether there is such a
    /// share.
    pub fn ask(&mut self, limit: &str, contacts: i64) -> bool {
        let (name, least) = limit.strip_suffix("/least").map_or((limit, false), |name| (name, true));
        let Some(share) = self.0.iter_mut().find(|share| &*share.name == name) else { return false };
        let bound = if least { &mut share.least } else { &mut share.most };
        *bound = Some(Bound::Contacts(contacts));
        true
    }
}
