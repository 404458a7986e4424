//! What `vizavi.toml` says of a sender who is not known yet.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::clock::DAY;

/// How a sender whom receivers do not know yet begins: with few messages, and more every day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// The first day, in the workspace's zone.
    pub from: Date,
    /// Messages of that day.
    pub first_day: i64,
    /// Every day so many times as many as the day before.
    #[serde(default = "default_growth")]
    pub growth: f64,
    /// From so many a day on there is no need of it any more.
    pub full: i64,
}

impl Warmup {
    /// The least time between two messages on a day, in microseconds; 0 once it is over. Before the first day it is as on it.
    pub fn gap(&self, today: Date) -> i64 {
        let days = (today - self.from).get_days().max(0);
        let volume = self.first_day as f64 * self.growth.powi(days);
        if volume >= self.full as f64 { 0 } else { (DAY as f64 / volume.max(1.0)) as i64 }
    }

    /// What is wrong with it: field and message.
    pub fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let mut faults = Vec::new();
        if self.first_day < 1 {
            faults.push(("first_day", "must be at least 1"));
        }
        if !(1.01..=10.0).contains(&self.growth) {
            faults.push(("growth", "must lie within 1.01..10"));
        }
        if self.full <= self.first_day {
            faults.push(("full", "must be more than first_day"));
        }
        faults
    }
}

fn default_growth() -> f64 {
    1.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn a_day_holds_as_many_messages_as_it_should() {
        let from = jiff::civil::date(2026, 11, 30);
        let warmup = Warmup { from, first_day: 200, growth: 1.5, full: 2_000 };
        assert!(warmup.faults().is_empty());
        let volumes: Vec<i64> = (-3..9)
            .map(|day: i64| warmup.gap(from.checked_add(day.days()).unwrap()))
            .map(|gap| if gap == 0 { 0 } else { DAY / gap })
            .collect();
        assert_eq!(volumes, [200, 200, 200, 200, 300, 450, 675, 1_012, 1_518, 0, 0, 0]);
        let wrong = Warmup { first_day: 0, growth: 1.0, full: 0, ..warmup };
        assert_eq!(wrong.faults().len(), 3);
    }
}
