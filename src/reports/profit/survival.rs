//! How many of those who came in a year are still active one to five years later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::activity::Life;
use crate::clock::{DAY, Timestamp};

/// Years looked at.
pub const YEARS: usize = 5;

/// One year's newcomers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CohortSurvival {
    /// The calendar year (UTC) of the first order or contract.
    pub year: i64,
    /// Clients who came in it.
    pub clients: i64,
    /// After one to five years of 365 days.
    pub after: Vec<Survivors>,
}

/// Those of a cohort who have been there long enough to tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Survivors {
    /// Clients who came at least so many years ago.
    pub known: i64,
    /// Of these, active so many years after they came.
    pub active: i64,
    /// Their share; none where it is too early to tell of anybody.
    pub share: Option<f64>,
}

/// Counts by year.
#[derive(Debug, Clone, Default)]
pub struct Survival(BTreeMap<i64, (i64, [Survivors; YEARS])>);

impl Survival {
    /// Adds a client as of an instant.
    pub fn add(&mut self, life: &Life, as_of: Timestamp) {
        let Some(begin) = life.begin() else { return };
        let year = i64::from(begin.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).year());
        let (clients, after) = self.0.entry(year).or_default();
        *clients += 1;
        for (years, survivors) in (1..).zip(after.iter_mut()) {
            let anniversary = begin.plus(years * 365 * DAY);
            if anniversary <= as_of {
                survivors.known += 1;
                // The instant after it, so that the order with which the client came does not count for the first year.
                survivors.active += i64::from(life.is_active(anniversary.plus(1)));
            }
        }
    }

    /// Adds other clients.
    pub fn merge(&mut self, other: Survival) {
        for (year, (more, later)) in other.0 {
            let (clients, after) = self.0.entry(year).or_default();
            *clients += more;
            for (sum, more) in after.iter_mut().zip(later) {
                sum.known += more.known;
                sum.active += more.active;
            }
        }
    }

    /// The cohorts, oldest first.
    pub fn cohorts(self) -> Vec<CohortSurvival> {
        let share = |s: Survivors| Survivors { share: (s.known > 0).then(|| s.active as f64 / s.known as f64), ..s };
        let of = |(year, (clients, after)): (i64, (i64, [Survivors; YEARS]))| CohortSurvival {
            year,
            clients,
            after: after.into_iter().map(share).collect(),
        };
        self.0.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_order_keeps_nobody_and_who_came_too_lately_is_not_counted() {
        let day = |day: i64| Timestamp(day * DAY);
        let mut survival = Survival::default();
        for orders in [vec![10], vec![10, 375], vec![20, 400]] {
            survival.add(&Life::of_orders(orders.into_iter().map(day)), day(750));
        }
        let cohorts = survival.cohorts();
        assert_eq!((cohorts.len(), cohorts[0].year, cohorts[0].clients), (1, 1970, 3));
        let told = |years: usize| (cohorts[0].after[years - 1].known, cohorts[0].after[years - 1].active);
        // After one year only the order of day 375 lies within (10, 375]; after two, that of day 400 lies within (385, 750].
        assert_eq!([told(1), told(2), told(3)], [(3, 1), (3, 1), (0, 0)]);
    }
}
