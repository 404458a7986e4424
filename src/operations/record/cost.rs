//! Activity-based cost: what serving a customer costs, by the settings' rates.
//!
//! The same rule stands in `models/features/cost_to_serve.sql`, which looks back to any instant; a test compares them.

use crate::money::Money;
use crate::settings::Settings;

/// What an interaction costs: what was measured; else the rate of its reason (a complaint costs what a complaint costs,
/// whatever way it came); else the rate of its channel; else nothing.
pub fn interaction(settings: &Settings, reason: &str, channel: &str, measured: Option<Money>) -> Money {
    let rate = |activity: &str| settings.activity_rates.get(activity).copied().map(Money);
    measured.or_else(|| rate(reason)).or_else(|| rate(channel)).unwrap_or(Money::ZERO)
}

/// What a return costs, whatever it holds.
pub fn of_return(settings: &Settings) -> Money {
    Money(settings.activity_rates.get("return").copied().unwrap_or(0))
}

/// Margin of an order line: what was paid less cost of goods; the settings' margin where the cost is not known. Whole minor
/// units, so that a sum is the same in whatever order lines come.
pub fn margin(settings: &Settings, amount: Money, cost: Option<Money>) -> Money {
    match cost {
        Some(cost) => amount - cost,
        None => Money((amount.0 as f64 * settings.margin).round() as i64),
    }
}
