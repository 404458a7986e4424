//! Filling in what a feature family's SQL leaves open.

use crate::clock::Timestamp;
use crate::money::Currency;
use crate::settings::Settings;

/// Replaces the placeholders:
///
/// | Placeholder | becomes |
/// |---|---|
/// | `:as_of` | the instant |
/// | `:days(EXPRESSION)` | days from that instant to `:as_of`, with fractions |
/// | `:unit` | minor units in one unit of the currency: amounts divided by it are in units |
/// | `:margin` | the margin where an order line has no cost |
/// | `:activity_rates` | a table `(activity, rate)` of costs in minor units |
///
/// Whether a fact is early enough is not left to the SQL: the tables it sees end before `:as_of`.
pub(super) fn bind(sql: &str, as_of: Timestamp, settings: &Settings) -> String {
    let instant = format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", as_of.0);
    let mut bound = String::with_capacity(sql.len() + 256);
    for line in sql.lines().filter(|line| !line.trim_start().starts_with("--")) {
        bound.push_str(line);
        bound.push('\n');
    }
    while let Some(start) = bound.find(":days(") {
        let Some(length) = closing(&bound[start + 6..]) else { break };
        let inner = bound[start + 6..start + 6 + length].to_owned();
        let days = format!("(({}.0 - arrow_cast({inner}, 'Int64')) / 86400000000.0)", as_of.0);
        bound.replace_range(start..start + 6 + length + 1, &days);
    }
    bound
        .replace(":activity_rates", &rates(settings))
        .replace(":as_of", &instant)
        .replace(":margin", &format!("{:?}", settings.margin))
        .replace(":unit", &unit(settings.currency))
}

fn unit(currency: Currency) -> String {
    format!("{}.0", currency.minor_units())
}

/// How many bytes stand before the parenthesis that closes the one already open.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The activity rates as a table; a row of nothing when there are none, because SQL has no empty VALUES.
fn rates(settings: &Settings) -> String {
    let mut rows: Vec<String> = settings
        .activity_rates
        .iter()
        .map(|(activity, cost)| format!("('{}', {cost})", activity.replace('\'', "''")))
        .collect();
    if rows.is_empty() {
        rows.push("('', 0)".into());
    }
    format!("(SELECT * FROM (VALUES {}) AS rates (activity, rate))", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_and_names_cannot_break_out() {
        let settings = Settings { activity_rates: [("o'call".to_owned(), 5)].into(), ..Settings::default() };
        let bound =
            bind("-- :as_of\nSELECT :days(max(occurred_at)), a / :unit FROM :activity_rates", Timestamp(7), &settings);
        assert_eq!(
            bound,
            "SELECT ((7.0 - arrow_cast(max(occurred_at), 'Int64')) / 86400000000.0), a / 100.0 FROM \
             (SELECT * FROM (VALUES ('o''call', 5)) AS rates (activity, rate))\n"
        );
    }
}
