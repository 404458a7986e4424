//! Segments that a rule defines, over profile, scores and behaviour, and that stay true as facts come in and as time goes by.
//!
//! ```text
//!  SegmentSpec --check()--> RuleSegment --+
//!                                         |   history (SQL made from the checked measures)
//!  full build:   facts in order ---fold---+--> tallies --judge--> members, due times --encode--> blocks in the store
//!  refresh:      new facts, changed profiles, customers who are due --> the same on their blocks alone
//! ```
//!
//! A **measure** is a number drawn from a customer's facts (`orders` within 90 days, days since the last visit). Its **tally**
//! remembers just what later instants need: the points inside the window, those dated in the future, and a total. Building from
//! history and taking in single facts go through the same tallies, so that both come to the same; a property test says so.
//! A **block** holds all customers of a small range of ids: whoever takes in a thousand facts rewrites at most a thousand blocks.

pub mod block;
mod check;
mod fold;
mod judge;
mod measure;
mod spec;
pub mod store;
mod tally;

use std::sync::Arc;

pub use block::{Block, Blocks, Entry};
pub use check::FactsOf;
pub use fold::{Folded, fold};
pub use judge::Judged;
pub use measure::{Measure, Take};
pub use spec::{MeasureSpec, SegmentSpec, named_in};
pub use tally::{Point, Tally};

use crate::rules::{Catalogue, Rule};

/// The fact that lists the rule segments of a customer.
pub const SEGMENTS: &str = "segments";

/// A checked segment: every fact exists, every measure can be computed.
#[derive(Debug, Clone)]
pub struct RuleSegment {
    /// As it was written.
    pub spec: SegmentSpec,
    /// Who belongs.
    pub rule: Rule,
    /// Measures over facts that the rule names.
    pub measures: Vec<Measure>,
    /// Measures over times of the profile that the rule names.
    pub since: Vec<Since>,
    /// The facts of the profile that are needed, in the order in which [`RuleSegment::judge`] takes them.
    pub fields: Vec<Arc<str>>,
    /// Their kinds.
    pub kinds: Catalogue,
}

/// Days since a time of the profile.
#[derive(Debug, Clone)]
pub struct Since {
    /// The name by which the rule calls it.
    pub name: Arc<str>,
    /// The fact of the profile.
    pub time: Arc<str>,
    /// Numbers that the rule compares it with.
    pub thresholds: Vec<f64>,
}

impl RuleSegment {
    /// Tallies of a customer of whom no fact is known.
    pub fn no_tallies(&self) -> Vec<Tally> {
        vec![Tally::default(); self.measures.len()]
    }

    /// Whether customers without facts and profile could belong: then everybody has to be looked at.
    pub fn needs_everybody(&self) -> bool {
        !self.fields.is_empty() || self.judge(&self.no_tallies(), &[], crate::clock::Timestamp(0)).member
    }
}
