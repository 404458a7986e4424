//! When a campaign runs by itself: a cron expression in a zone of its own.

use std::str::FromStr;

use croner::Cron;
use serde::{Deserialize, Serialize};

use crate::clock::{self, HOUR, Timestamp};
use crate::error::{Error, Fault, Result};

/// A recurring time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Minute, hour, day of month, month, day of week: `0 9 * * 1`.
    pub cron: String,
    /// The IANA zone in which the expression is meant.
    #[serde(default = "utc")]
    pub zone: String,
    /// How late a run may still start; a later one is held.
    #[serde(default = "one_hour")]
    pub lateness_hours: u32,
}

fn utc() -> String {
    "UTC".into()
}

fn one_hour() -> u32 {
    1
}

impl Schedule {
    /// Checks expression and zone.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(&self) -> Result<()> {
        let mut faults = Vec::new();
        if let Err(error) = Cron::from_str(&self.cron) {
            let message = format!("`{}` is not a cron expression ({error}); write one such as `0 9 * * 1`", self.cron);
            faults.push(Fault::at("schedule.cron", message));
        }
        if let Err(error) = clock::zone(&self.zone) {
            faults.push(Fault::at("schedule.zone", error.message()));
        }
        if faults.is_empty() { Ok(()) } else { Err(Error::faults("the schedule cannot be used", faults)) }
    }

    /// The next time after `after`. A local time that the change of clocks leaves out comes just after the gap; one that comes
    /// twice counts once.
    pub fn next(&self, after: Timestamp) -> Result<Timestamp> {
        self.check()?;
        let cron = Cron::from_str(&self.cron).map_err(|error| Error::invalid(format!("schedule.cron: {error}")))?;
        let from = after.to_jiff().to_zoned(clock::zone(&self.zone)?);
        let next = cron
            .find_next_occurrence(&from, false)
            .map_err(|error| Error::invalid(format!("schedule.cron: never comes ({error})")))?;
        Ok(Timestamp(next.timestamp().as_microsecond()))
    }

    /// Whether a run that was due at `due` may still start.
    pub fn in_time(&self, due: Timestamp, now: Timestamp) -> bool {
        now.0 - due.0 <= i64::from(self.lateness_hours) * HOUR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cron: &str, zone: &str, after: &str) -> String {
        let schedule = Schedule { cron: cron.into(), zone: zone.into(), lateness_hours: 1 };
        schedule.next(Timestamp::parse(after).unwrap()).unwrap().to_string()
    }

    #[test]
    fn times_are_meant_in_the_zone_and_survive_the_change_of_clocks() {
        assert_eq!(at("0 9 * * 1", "Europe/Sofia", "2026-11-22"), "2026-11-23T07:00:00Z");
        assert_eq!(at("0 9 * * 1", "Europe/Sofia", "2026-07-01"), "2026-07-06T06:00:00Z");
        // 2026-03-29: 03:00 -> 04:00 in Sofia; 03:30 does not exist that day and comes once, after the gap.
        let first = at("30 3 * * *", "Europe/Sofia", "2026-03-28T12:00:00Z");
        assert!(first.starts_with("2026-03-29T01:"), "{first}");
        let second = at("30 3 * * *", "Europe/Sofia", &first);
        assert!(second.starts_with("2026-03-30T00:30"), "{second}");
        // 2026-10-25: 04:00 -> 03:00; 03:30 comes twice and counts once.
        let once = at("30 3 * * *", "Europe/Sofia", "2026-10-24T12:00:00Z");
        let next = at("30 3 * * *", "Europe/Sofia", &once);
        assert!(next.starts_with("2026-10-26"), "{once} {next}");
    }

    #[test]
    fn faults_are_named() {
        let schedule = Schedule { cron: "every monday".into(), zone: "Mars".into(), lateness_hours: 1 };
        assert_eq!(schedule.check().unwrap_err().fault_list().len(), 2);
    }

    #[test]
    fn a_late_run_is_held() {
        let schedule = Schedule { cron: "0 9 * * 1".into(), zone: "UTC".into(), lateness_hours: 1 };
        let due = Timestamp::parse("2026-11-23T09:00:00Z").unwrap();
        assert!(schedule.in_time(due, due.plus(HOUR)) && !schedule.in_time(due, due.plus(HOUR + 1)));
    }
}
