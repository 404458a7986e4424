//! What is scarce, what one more of it is worth, and the proof by repetition: ten per cent more of the scarcest.

use crate::decisions::candidate::{Resource, TICKS, Unit};
use crate::decisions::sensitivity::sensitivity;
use crate::error::Result;
use crate::operations::batch::Batch;
use crate::operations::setup::Setup;
use crate::simulation::story::Price;

/// By how much the scarcest resource is raised.
const PART: f64 = 0.1;

/// The prices of a run, with the value obtained and its proven bound in minor units.
#[derive(Debug, Clone)]
pub struct Prices {
    /// One for each resource, the scarcest first.
    pub prices: Vec<Price>,
    /// Value of what was chosen.
    pub value: f64,
    /// No choice is worth more.
    pub bound: f64,
}

/// Prices, and the repetition with more of the resource of which a tenth is worth most.
pub fn prices(setup: &Setup, batch: &Batch) -> Result<Prices> {
    let result = &batch.result;
    let entries = &result.prices.entries;
    let tenth = |at: usize| entries[at].price * entries[at].resource.capacity as f64;
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by(|&a, &b| tenth(b).total_cmp(&tenth(a)));
    let mut prices = Vec::new();
    for (rank, at) in order.into_iter().enumerate() {
        let entry = &entries[at];
        let (unit, units) = words(&entry.resource);
        let mut price = Price { unit, price: entry.price * units / TICKS, tenth: None };
        if rank == 0 && entry.price > 0.0 {
            let when = (batch.seed, batch.now);
            let more = sensitivity(&batch.candidates, &batch.scarce.resources, &setup.policy, when, at, PART)?;
            price.tenth = Some((more.predicted / TICKS, more.obtained as f64 / TICKS));
        }
        prices.push(price);
    }
    Ok(Prices { prices, value: result.value as f64 / TICKS, bound: result.bound / TICKS })
}

/// What one more is, and how many units of the resource that is.
fn words(resource: &Resource) -> (String, f64) {
    match &resource.unit {
        // A tick of budget is worth `price` ticks: a unit of money holds a hundred minor units.
        Unit::Budget => ("unit of budget".into(), 100.0 * TICKS),
        Unit::Stock(offer) => (format!("piece of `{offer}`"), 1.0),
        Unit::Channel(channel) => (contact(channel).into(), 1.0),
        Unit::Place(place) => (format!("place in `{place}`"), 1.0),
        Unit::Promise(to) => (format!("contact promised to `{to}`"), 1.0),
    }
}

fn contact(channel: &str) -> &str {
    match channel {
        "email" => "e-mail",
        "sms" => "text message",
        other => other,
    }
}
