//! Numbers as people read them.

use serde::Serialize;

use crate::clock::{self, Timestamp};
use crate::money::Money;
use crate::operations::Workspace;

/// One number with its name and what it means.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    name: String,
    value: String,
    note: String,
    tone: &'static str,
}

/// A figure.
pub fn figure(name: &str, value: impl Into<String>, note: impl Into<String>) -> Figure {
    Figure { name: name.to_owned(), value: value.into(), note: note.into(), tone: "" }
}

impl Figure {
    /// The same, green when good and red when bad.
    #[must_use]
    pub fn toned(mut self, tone: &'static str) -> Figure {
        self.tone = tone;
        self
    }
}

/// Red for a loss, green for a gain.
pub fn tone_of(amount: f64) -> &'static str {
    if amount < 0.0 {
        "bad"
    } else if amount > 0.0 {
        "good"
    } else {
        ""
    }
}

/// A whole number with a thin space between thousands.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    if number < 0 { format!("\u{2212}{shown}") } else { shown }
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        "–".into()
    } else if share != 0.0 && share.abs() < 0.1 {
        format!("{:.1} %", share * 100.0)
    } else {
        format!("{:.0} %", share * 100.0)
    }
}

/// Shows amounts and times as the workspace has them.
pub struct Show<'a>(pub &'a Workspace);

impl Show<'_> {
    /// An amount with its currency; above 10,000 units without decimals.
    pub fn money(&self, amount: Money) -> String {
        let currency = self.0.settings().currency;
        let unit = currency.minor_units();
        let shown = if amount.0.abs() >= 10_000 * unit {
            count((amount.0 as f64 / unit as f64).round() as i64)
        } else {
            let plain = currency.show(amount);
            let (whole, rest) = plain.split_once('.').map_or((plain.as_str(), None), |(w, r)| (w, Some(r)));
            let whole = match whole {
                "-0" => "\u{2212}0".to_owned(),
                _ => whole.parse().map_or_else(|_| whole.to_owned(), count),
            };
            rest.map_or(whole.clone(), |rest| format!("{whole}.{rest}"))
        };
        format!("{shown}\u{a0}{}", currency.code())
    }

    /// An amount in fractions of minor units.
    pub fn amount(&self, minor_units: f64) -> String {
        self.money(Money(minor_units.round_ties_even() as i64))
    }

    /// A time in the workspace's zone, to the minute.
    pub fn time(&self, at: Timestamp) -> String {
        match clock::zone(&self.0.settings().zone) {
            Ok(zone) => at.to_jiff().to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// A time that is written in RFC 3339.
    pub fn written_time(&self, text: &str) -> String {
        Timestamp::parse(text).map_or_else(|_| text.to_owned(), |at| self.time(at))
    }
}

/// A text as one part of a path.
pub fn path_part(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_paths_escaped() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(-999), "\u{2212}999");
        assert_eq!(percent(0.034), "3.4 %");
        assert_eq!(path_part("a/b ü"), "a%2Fb%20%C3%BC");
    }
}
