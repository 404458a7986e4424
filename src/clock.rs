//! Time: instants in UTC, the clock that is passed in, and a customer's own zone.

use std::sync::atomic::{AtomicI64, Ordering};

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::BigInt;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// An instant: microseconds since 1970-01-01 UTC, as it stands in the store and in history. JSON shows it as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Timestamp(pub i64);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in 24 hours.
pub const DAY: i64 = 24 * HOUR;

impl Timestamp {
    /// The same instant for calendar arithmetic. Instants outside the years -9999..9999 are clamped.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// Reads RFC 3339 (`2026-01-31T12:00:00Z`) or a date (midnight UTC).
    pub fn parse(text: &str) -> Result<Timestamp> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Timestamp(instant.as_microsecond()));
        }
        let date: jiff::civil::Date = text
            .parse()
            .map_err(|_| Error::invalid(format!("`{text}` is not a time; write 2026-01-31 or 2026-01-31T12:00:00Z")))?;
        let midnight = date.to_zoned(TimeZone::UTC).map_err(|e| Error::invalid(format!("`{text}`: {e}")))?;
        Ok(Timestamp(midnight.timestamp().as_microsecond()))
    }

    /// This instant moved by `micros`; saturates.
    #[must_use]
    pub fn plus(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros))
    }

    /// Days from `earlier` to here, with fractions.
    pub fn days_since(self, earlier: Timestamp) -> f64 {
        (self.0 - earlier.0) as f64 / DAY as f64
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<DB: diesel::backend::Backend> ToSql<BigInt, DB> for Timestamp
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: diesel::backend::Backend> FromSql<BigInt, DB> for Timestamp
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        i64::from_sql(bytes).map(Timestamp)
    }
}

/// Where the present comes from. Passed in everywhere, so that a test or the simulated company decides what time it is.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Shows `at` from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Checks an IANA zone name, such as `Europe/Sofia`.
///
/// # Errors
/// Invalid, naming the zone, when the embedded time zone database does not know it.
pub fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name)
        .map_err(|_| Error::invalid(format!("`{name}` is not an IANA time zone; write one such as Europe/Sofia")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_instants() {
        let at = Timestamp::parse("2011-06-12").unwrap();
        assert_eq!(at.to_string(), "2011-06-12T00:00:00Z");
        assert_eq!(Timestamp::parse("2011-06-12T01:00:00+01:00").unwrap(), at);
        assert!(Timestamp::parse("12.06.2011").is_err());
        assert_eq!(at.plus(36 * HOUR).days_since(at), 1.5);
    }

    #[test]
    fn zones_are_checked() {
        assert!(zone("Europe/Sofia").is_ok());
        assert!(zone("Europe/Atlantis").is_err());
    }
}
