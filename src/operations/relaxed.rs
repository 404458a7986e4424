//! What a little more of each limit would bring.

use serde::Serialize;

use crate::decisions::candidate::{TICKS, Unit};
use crate::decisions::sensitivity::sensitivities;
use crate::error::Result;
use crate::money::{Currency, Money};
use crate::operations::batch::Batch;
use crate::operations::setup::Setup;

/// By how much each limit is raised.
const PART: f64 = 0.1;

/// A limit that was raised by a tenth, all else equal. Amounts in minor units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Relaxed {
    /// The limit: `budget`, `channel:email`, `stock:winback-10`.
    pub limit: String,
    /// By how much it was raised: minor units of a budget, pieces or contacts of others.
    pub raised_by: i64,
    /// What that brings: value of the choice after less before.
    pub brings: Money,
    /// No more than this, by the price.
    pub at_most: Money,
    /// The same in a sentence.
    pub words: String,
}

/// Solves again with a tenth more of each limit that binds, one after the other, the dearest first.
///
/// # Errors
/// As a decision.
pub fn relaxed(setup: &Setup, batch: &Batch, currency: Currency) -> Result<Vec<Relaxed>> {
    let entries = &batch.result.prices.entries;
    let tenth = |at: usize| entries[at].price * entries[at].resource.capacity.abs() as f64;
    let mut scarce: Vec<usize> = (0..entries.len()).filter(|&at| entries[at].price > 0.0).collect();
    scarce.sort_by(|&a, &b| tenth(b).total_cmp(&tenth(a)));
    if scarce.is_empty() {
        return Ok(Vec::new());
    }
    let when = (batch.seed, batch.now);
    let found = sensitivities(&batch.candidates, &batch.scarce.resources, &setup.policy, when, &scarce, PART)?;
    let of = |(&at, found): (&usize, crate::decisions::sensitivity::Sensitivity)| {
        let unit = &entries[at].resource.unit;
        let raised_by = if *unit == Unit::Budget { (found.extra as f64 / TICKS).round() as i64 } else { found.extra };
        let money = |ticks: f64| Money((ticks / TICKS).round() as i64);
        let (brings, at_most) = (money(found.obtained as f64), money(found.predicted));
        let more = match unit {
            Unit::Budget => format!("{} more of {}", currency.show(Money(raised_by)), found.resource),
            Unit::Stock(offer) => format!("{raised_by} more of {offer}"),
            Unit::Channel(channel) => format!("{raised_by} more by {channel}"),
            Unit::Place(place) => format!("{raised_by} more places in {place}"),
            Unit::Promise(to) => {
                let words =
                    format!("a tenth less, {raised_by} fewer promised to {to}, would bring {}", currency.show(brings));
                return Relaxed { limit: found.resource.to_string(), raised_by, brings, at_most, words };
            }
        };
        let words = format!("a tenth more, {more}, would bring {}", currency.show(brings));
        Relaxed { limit: found.resource.to_string(), raised_by, brings, at_most, words }
    };
    Ok(scarce.iter().zip(found).map(of).collect())
}
