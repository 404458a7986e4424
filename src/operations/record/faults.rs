//! What can be wrong with a report, in words that name the field and the fix.

use crate::clock::{MINUTE, Timestamp};
use crate::error::Fault;
use crate::money::Money;

/// How far a sender's clock may be ahead of ours.
const SKEW: i64 = 5 * MINUTE;
/// 1900-01-01: what lies before is a fault of the sender, not a fact.
const EARLIEST: Timestamp = Timestamp(-2_208_988_800_000_000);
/// The largest amount, in minor units: sums of many still fit.
const LARGEST: i64 = 1_000_000_000_000_000;
/// The longest key of a customer or a fact, in characters: an index of PostgreSQL takes no more.
const LONGEST_KEY: usize = 200;
/// The longest name of a channel, a reason, a status.
const LONGEST_NAME: usize = 100;
/// Most faults that are named; whoever mends these sees the next.
const MOST: usize = 100;

/// Collects faults; each carries the number of its report.
pub(super) struct Faults {
    now: Timestamp,
    /// The number of the report that is being read, from 1.
    pub line: u64,
    /// What was found.
    pub found: Vec<Fault>,
}

impl Faults {
    pub fn new(now: Timestamp) -> Faults {
        Faults { now, line: 0, found: Vec::new() }
    }

    pub fn add(&mut self, fault: Fault) {
        if self.found.len() < MOST {
            self.found.push(fault.on_line(self.line));
        }
    }

    pub fn demand(&mut self, good: bool, key: &str, message: &str) {
        if !good {
            self.add(Fault::at(key, message));
        }
    }

    pub fn customer(&mut self, external_id: &str) {
        self.key("customer", external_id);
    }

    /// A key: of a customer, an order, a fact.
    pub fn key(&mut self, key: &str, text: &str) {
        self.demand(is_text(text, LONGEST_KEY), key, "must have 1 to 200 characters and no control characters");
    }

    /// A name: of a channel, a reason, an article.
    pub fn name(&mut self, key: &str, text: &str) {
        self.demand(is_text(text, LONGEST_NAME), key, "must have 1 to 100 characters and no control characters");
    }

    pub fn optional_key(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key, text);
        }
    }

    pub fn optional_name(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.name(key, text);
        }
    }

    pub fn one_of(&mut self, key: &str, text: &str, known: &[&str]) {
        if !known.contains(&text) {
            self.add(Fault::at(key, format!("must be one of {}", known.join(", "))));
        }
    }

    pub fn amount(&mut self, key: &str, amount: Option<Money>) {
        let good = amount.is_none_or(|amount| (0..=LARGEST).contains(&amount.0));
        self.demand(good, key, "must lie within 0..1000000000000000 minor units");
    }

    /// When it happened: the present when absent.
    pub fn instant(&mut self, at: Option<Timestamp>) -> Timestamp {
        let Some(at) = at else { return self.now };
        let ahead = at > self.now.plus(SKEW);
        self.demand(!ahead, "occurred_at", "lies in the future; facts are what has happened, check clock and zone");
        self.demand(at >= EARLIEST, "occurred_at", "lies before 1900; check the form of the date");
        at
    }
}

fn is_text(text: &str, longest: usize) -> bool {
    // Bytes first: most texts are short.
    (text.len() <= longest || text.chars().count() <= longest)
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control)
}
