//! Times as files write them.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::field::{FieldTable, unit_of};
use crate::clock::{DAY, HOUR, MINUTE, SECOND, Timestamp};

type Why = &'static str;

const UNKNOWN: Why = "is not a time of the expected form";
const SKIPPED: Why = "is a local time that its zone skips when clocks go forward";

/// How the times of a field are written.
#[derive(Debug, Clone)]
pub(super) struct TimeReader {
    zone: TimeZone,
    is_utc: bool,
    format: Option<String>,
    /// Microseconds of the unit in which times are counted, and since when.
    counted: Option<(i64, Timestamp)>,
}

impl TimeReader {
    /// A reader for a field.
    pub fn new(table: &FieldTable, zone: &TimeZone, format: Option<&str>) -> TimeReader {
        let counted = table.unit.as_deref().and_then(unit_of).zip(table.since);
        let is_utc = *zone == TimeZone::UTC || zone.iana_name() == Some("UTC");
        TimeReader { zone: zone.clone(), is_utc, format: format.map(str::to_owned), counted }
    }

    /// The instant of a text, in microseconds UTC.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, text: &str) -> Result<i64, Why> {
        if let Some((unit, since)) = self.counted {
            let count: f64 = text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or("is not a number")?;
            let micros = count * unit as f64;
            return if micros.abs() > 1e17 { Err("is out of range") } else { Ok(since.plus(micros.round() as i64).0) };
        }
        let at = match self.plain(text) {
            Some(at) => at,
            None => match self.format.as_deref().and_then(|format| self.formatted(format, text)) {
                Some(instant) => instant?,
                None => self.iso(text)?,
            },
        };
        // A year 20111 is a slip of the pen, not an instant.
        const FROM: i64 = -2_208_988_800 * SECOND;
        const UNTIL: i64 = 7_258_118_400 * SECOND;
        if (FROM..UNTIL).contains(&at) { Ok(at) } else { Err("is outside the years 1900 to 2199") }
    }

    /// The forms that nearly all files use, read without looking for others: `2026-01-31`, with a time of the day after a T or a
    /// blank, in UTC. None for anything else.
    fn plain(&self, text: &str) -> Option<i64> {
        match self.format.as_deref() {
            None | Some("%Y-%m-%d %H:%M:%S" | "%Y-%m-%d") => {}
            Some(_) => return None,
        }
        let bytes = text.as_bytes();
        let (bytes, is_utc) = match bytes.split_last() {
            Some((b'Z', rest)) if rest.len() == 19 => (rest, true),
            _ => (bytes, self.is_utc),
        };
        if !is_utc || !(bytes.len() == 10 || bytes.len() == 19) || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let two = |at: usize| {
            let (tens, ones) = (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
            (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
        };
        let (year, month, day) = (two(0)? * 100 + two(2)?, two(5)?, two(8)?);
        let mut at = days_of(year, month, day)? * DAY;
        if bytes.len() == 19 {
            let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
            let is_time = matches!(bytes[10], b'T' | b' ') && bytes[13] == b':' && bytes[16] == b':';
            if !is_time || hour > 23 || minute > 59 || second > 59 {
                return None;
            }
            at += hour * HOUR + minute * MINUTE + second * SECOND;
        }
        Some(at)
    }

    /// None when the text has not this form, and may have another.
    fn formatted(&self, format: &str, text: &str) -> Option<Result<i64, Why>> {
        let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
        if let Ok(instant) = parsed.to_timestamp() {
            return Some(Ok(instant.as_microsecond()));
        }
        let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(Into::into)).ok()?;
        Some(self.local(civil))
    }

    fn iso(&self, text: &str) -> Result<i64, Why> {
        if text.contains('[') {
            // A zone in the text must exist, and agree with the offset beside it.
            let zoned: jiff::Zoned =
                text.parse().map_err(|_| "names a zone that does not exist, or not with this offset")?;
            return Ok(zoned.timestamp().as_microsecond());
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(instant.as_microsecond());
        }
        let civil: DateTime = text.parse().map_err(|_| UNKNOWN)?;
        self.local(civil)
    }

    /// A civil time in the field's zone. Of one that comes twice, when clocks go back, the first is meant.
    fn local(&self, civil: DateTime) -> Result<i64, Why> {
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return Err(SKIPPED);
        }
        ambiguous.compatible().map(|instant| instant.as_microsecond()).map_err(|_| "is out of range")
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; none when there is no such day. The count of H. Hinnant,
/// "chrono-compatible low-level date algorithms": years begin in March, so that the leap day is the last.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(zone: &str, format: Option<&str>) -> TimeReader {
        TimeReader::new(&FieldTable::default(), &TimeZone::get(zone).unwrap(), format)
    }

    #[test]
    fn the_quick_way_reads_what_the_library_reads() {
        let quick = reader("UTC", None);
        for day in (0..120_000).step_by(13) {
            let at = jiff::Timestamp::from_second(-2_208_988_800 + day * 86_400 + day % 86_400).unwrap();
            if at.as_second() >= 7_258_118_400 {
                break;
            }
            let text = at.to_string();
            assert_eq!(quick.plain(&text), Some(at.as_microsecond()), "{text}");
            assert_eq!(quick.read(&text[..19]), Ok(at.as_microsecond()), "{text}");
        }
    }

    #[test]
    fn impossible_times_are_told_from_unusual_ones() {
        let sofia = reader("Europe/Sofia", None);
        let utc = |text: &str| Timestamp::parse(text).unwrap().0;
        for (text, instant) in [
            ("2026-03-29 02:59:59", "2026-03-29T00:59:59Z"),
            // The hour that comes twice: the first.
            ("2026-10-25T03:30:00", "2026-10-25T00:30:00Z"),
            ("2026-01-31", "2026-01-30T22:00:00Z"),
            ("2026-01-31T12:00:00+05:00", "2026-01-31T07:00:00Z"),
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00+02:00[Europe/Sofia]", "2026-01-31T10:00:00Z"),
        ] {
            assert_eq!(sofia.read(text), Ok(utc(instant)), "{text}");
        }
        for text in [
            "2026-03-29 03:30:00",
            "2026-02-30",
            "2026-13-02",
            "2025-02-29T00:00:00Z",
            "2026-01-31T12:00:00[Mars/Base]",
            "2026-01-31T12:00:00+07:00[Europe/Sofia]",
            "2026-01-31T12:00:00+99:00",
            "2026-01-31T25:00:00Z",
            "20111-01-01",
            "1899-12-31",
            "NaN",
            "٢٠٢٦-01-31",
        ] {
            assert!(sofia.read(text).is_err(), "{text}: {:?}", sofia.read(text));
        }
        assert_eq!(sofia.read("2026-03-29 03:30:00"), Err(SKIPPED));
    }
}
