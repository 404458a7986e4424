//! A checked measure, and what it says of a tally.

use std::sync::Arc;

use super::tally::{Point, Tally};
use crate::clock::{DAY, Timestamp};
use crate::history::{Fact, FactType, Value};

/// What is made of the facts that a measure reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// How many facts, or the sum of a column.
    Total,
    /// How many different orders, returns, claims or contracts.
    Distinct,
    /// Days since the latest fact.
    Last,
    /// Days since the first fact.
    First,
    /// How many contracts have not ended.
    Active,
}

/// A condition on a column of the facts: its value is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// The column.
    pub column: &'static str,
    /// The values.
    pub values: Vec<String>,
}

/// One checked measure over facts.
#[derive(Debug, Clone)]
pub struct Measure {
    /// The name by which the rule calls it.
    pub name: Arc<str>,
    /// The facts it reads.
    pub fact_type: &'static FactType,
    /// What it makes of them.
    pub take: Take,
    /// The column that is added up; without one, facts are counted.
    pub column: Option<&'static str>,
    /// Whole units in one unit of the rule: 100 for cents.
    pub unit: f64,
    /// How far back, in microseconds.
    pub window: Option<i64>,
    /// Which facts count.
    pub only: Vec<Only>,
    /// Numbers that the rule compares it with: days at which time alone can change the truth.
    pub thresholds: Vec<f64>,
}

/// The column that tells one order, return, claim or contract from another.
pub fn key_column(fact_type: &FactType) -> Option<&'static str> {
    ["order_key", "claim_key", "subscription_key"].into_iter().find(|column| fact_type.position(column).is_some())
}

impl Measure {
    /// Whether points carry the key of their order, claim or contract.
    pub fn has_keys(&self) -> bool {
        matches!(self.take, Take::Distinct | Take::Active)
    }

    /// Whether points carry a value.
    pub fn has_values(&self) -> bool {
        matches!(self.take, Take::Total | Take::Active)
    }

    /// What a fact of the right type adds; `None` when it does not count.
    pub fn point(&self, fact: &Fact) -> Option<Point> {
        let text = |column: &str| match fact.values.get(self.fact_type.position(column)?) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let matches = |only: &Only| text(only.column).is_some_and(|found| only.values.iter().any(|v| v == found));
        if !self.only.iter().all(matches) {
            return None;
        }
        let value = match (self.take, self.column) {
            (Take::Total, Some(column)) => match fact.values.get(self.fact_type.position(column)?) {
                Some(Value::Int(value)) => *value,
                _ => return None,
            },
            (Take::Total, None) => 1,
            (Take::Active, _) => i64::from(text("status") != Some(ENDED)),
            _ => 0,
        };
        let key = if self.has_keys() { key_column(self.fact_type).and_then(text).map_or(0, key_of) } else { 0 };
        Some(Point { at: fact.occurred_at.0, key, value })
    }

    /// Takes a point in. What has happened and never leaves is folded at once; the rest waits for [`Measure::settle`].
    pub fn add(&self, tally: &mut Tally, point: Point, now: Timestamp) {
        let settled = point.at <= now.0;
        match self.take {
            Take::Total if settled && self.window.is_none() => {
                tally.total = Some(tally.total.unwrap_or(0).saturating_add(point.value));
            }
            Take::Last if settled => tally.total = Some(tally.total.map_or(point.at, |last| last.max(point.at))),
            Take::First if settled => tally.total = Some(tally.total.map_or(point.at, |first| first.min(point.at))),
            _ => tally.points.push(point),
        }
    }

    /// Adds what another tally of the same customer holds.
    pub fn merge(&self, tally: &mut Tally, other: Tally) {
        tally.total = match (tally.total, other.total) {
            (Some(a), Some(b)) => Some(match self.take {
                Take::Last => a.max(b),
                Take::First => a.min(b),
                _ => a.saturating_add(b),
            }),
            (a, b) => a.or(b),
        };
        tally.points.extend(other.points);
    }

    /// Brings a tally to its one form as of `now`, whatever the order in which points came.
    pub fn settle(&self, tally: &mut Tally, now: Timestamp) {
        let mut points = std::mem::take(&mut tally.points);
        if let Some(window) = self.window {
            points.retain(|point| point.at > now.0.saturating_sub(window));
        }
        if points.is_empty() {
            return;
        }
        match self.take {
            Take::Total => {
                if self.window.is_none() {
                    let waiting = std::mem::take(&mut points);
                    waiting.into_iter().for_each(|point| self.add(tally, point, now));
                    points = std::mem::take(&mut tally.points);
                }
                points.sort_unstable();
                points.dedup_by(|next, kept| {
                    let same = next.at == kept.at;
                    if same {
                        kept.value = kept.value.saturating_add(next.value);
                    }
                    same
                });
            }
            Take::Last | Take::First => {
                let waiting = std::mem::take(&mut points);
                waiting.into_iter().for_each(|point| self.add(tally, point, now));
                points = std::mem::take(&mut tally.points);
                points.sort_unstable();
                points.dedup();
                if self.take == Take::First {
                    points.truncate(usize::from(tally.total.is_none()));
                }
            }
            Take::Distinct | Take::Active => self.settle_keys(&mut points, now),
        }
        tally.points = points;
    }

    /// Of each key the latest point that has happened stays, and those still to come.
    fn settle_keys(&self, points: &mut Vec<Point>, now: Timestamp) {
        let forever = self.take == Take::Distinct && self.window.is_none();
        if forever {
            // Once an order counts, when it was does not matter.
            points.iter_mut().filter(|point| point.at <= now.0).for_each(|point| point.at = LONG_AGO);
        }
        points.sort_unstable_by_key(|point| (point.key, point.at, point.value));
        let mut kept: Vec<Point> = Vec::with_capacity(points.len());
        for point in points.drain(..) {
            match kept.last_mut() {
                // Of two changes at one instant the end of a contract (0) counts.
                Some(last) if last.key == point.key && last.at == point.at => {}
                Some(last) if last.key == point.key && point.at <= now.0 => *last = point,
                Some(last) if last.key == point.key && forever && last.at <= now.0 => {}
                _ => kept.push(point),
            }
        }
        kept.sort_unstable();
        *points = kept;
    }

    /// The measure of a settled tally; `None` when nothing is known.
    pub fn value(&self, tally: &Tally, now: Timestamp) -> Option<f64> {
        let past = tally.points.iter().filter(|point| point.at <= now.0);
        match self.take {
            Take::Total => {
                let sum = past.fold(tally.total.unwrap_or(0), |sum, point| sum.saturating_add(point.value));
                Some(sum as f64 / self.unit)
            }
            Take::Distinct => Some(past.count() as f64),
            Take::Active => Some(past.map(|point| point.value).sum::<i64>() as f64),
            Take::Last | Take::First => tally.total.map(|at| days(Timestamp(at), now)),
        }
    }

    /// The next instant after `now` at which the value may change, or pass a threshold of the rule, by time alone.
    pub fn next_change(&self, tally: &Tally, now: Timestamp) -> Option<i64> {
        let moves = tally.points.iter().filter_map(|point| match self.window {
            _ if point.at > now.0 => Some(point.at),
            Some(window) => Some(point.at.saturating_add(window)),
            None => None,
        });
        let passes = match (self.take, tally.total) {
            (Take::Last | Take::First, Some(at)) => next_passing(Timestamp(at), &self.thresholds, now),
            _ => None,
        };
        moves.chain(passes).filter(|at| *at > now.0).min()
    }
}

/// Days from an instant to `now`, with fractions.
pub fn days(since: Timestamp, now: Timestamp) -> f64 {
    now.0.saturating_sub(since.0) as f64 / DAY as f64
}

/// The next instant after `now` at which the days since `since` may pass one of these numbers. A comparison of rounded numbers
/// can turn a microsecond beside the exact one, so that its neighbours are named too.
pub fn next_passing(since: Timestamp, thresholds: &[f64], now: Timestamp) -> Option<i64> {
    let near = |days: &f64| {
        let at = since.0.saturating_add((days * DAY as f64) as i64);
        (-2..=2).map(move |step: i64| at.saturating_add(step))
    };
    thresholds.iter().flat_map(near).filter(|at| *at > now.0).min()
}

/// A key as a tally keeps it: 48 bits of a hash, which tells apart the orders of one customer (a thousand of them collide once
/// in a billion customers).
pub fn key_of(text: &str) -> u64 {
    use std::hash::Hasher;
    let mut hasher = siphasher::sip::SipHasher13::new();
    hasher.write(text.as_bytes());
    hasher.finish() >> 16
}

/// The status with which a contract ends.
pub const ENDED: &str = "ended";
/// When an order that counts for ever happened.
const LONG_AGO: i64 = 0;
