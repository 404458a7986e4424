//! When in their own week customers are active.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::clock::{self, DAY, Timestamp};
use crate::customers::store as customers;
use crate::error::Result;
use crate::features::active_times;
use crate::ids::CustomerId;
use crate::models::timing::{Profile, hour_of_week};
use crate::operations::Workspace;

/// The hours of everybody who was active of late, as serving rows keep them.
pub(super) struct Hours {
    /// Whose, rising.
    customers: Vec<CustomerId>,
    texts: Vec<Box<str>>,
}

impl Hours {
    /// Reads them as of an instant.
    pub fn read(ws: &Workspace, now: Timestamp) -> Result<Hours> {
        let zones = ws.store().read(customers::zones)?;
        let mut clocks = Clocks { fallback: Clock::of(clock::zone(&ws.settings().zone)?), known: HashMap::new() };
        let mut hours = Hours { customers: Vec::new(), texts: Vec::new() };
        active_times(ws.history(), now, ws.features(), ws.settings(), |customer, times| {
            let clock = clocks.of(zones.get(&customer).map(String::as_str));
            let profile = Profile::of(times.iter().map(|&at| clock.hour_of_week(at)));
            hours.customers.push(customer);
            hours.texts.push(profile.to_string().into());
            Ok(())
        })?;
        Ok(hours)
    }

    /// Those of a customer; empty where nothing is known.
    pub fn of(&self, customer: CustomerId) -> &str {
        self.customers.binary_search(&customer).map_or("", |place| &self.texts[place])
    }
}

/// Clocks by the name of their zone.
struct Clocks {
    fallback: Clock,
    known: HashMap<String, Option<Clock>>,
}

impl Clocks {
    fn of(&mut self, name: Option<&str>) -> &mut Clock {
        let Some(name) = name else { return &mut self.fallback };
        if !self.known.contains_key(name) {
            self.known.insert(name.to_owned(), clock::zone(name).ok().map(Clock::of));
        }
        self.known.get_mut(name).and_then(Option::as_mut).unwrap_or(&mut self.fallback)
    }
}

/// A zone that remembers how far it was ahead of UTC on the days that were asked for: millions of times fall on hundreds of days. On
/// the two days of a year on which clocks change, some hours are an hour off.
struct Clock {
    zone: TimeZone,
    ahead: HashMap<i64, i32>,
}

impl Clock {
    fn of(zone: TimeZone) -> Clock {
        Clock { zone, ahead: HashMap::new() }
    }

    fn hour_of_week(&mut self, at: Timestamp) -> usize {
        let day = at.0.div_euclid(DAY);
        let noon = || Timestamp(day * DAY + DAY / 2).to_jiff();
        let ahead = *self.ahead.entry(day).or_insert_with(|| self.zone.to_offset(noon()).seconds());
        hour_of_week(at, ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter_have_the_same_hours_where_the_customer_lives() {
        let mut clock = Clock::of(clock::zone("Europe/Sofia").unwrap());
        let mut at = |text: &str| clock.hour_of_week(Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-01-05T17:30:00Z"), 19, "a Monday in winter");
        assert_eq!(at("2026-07-06T16:30:00Z"), 19, "a Monday in summer");
    }
}
