//! Prices of scarce resources, in words too.

use serde::{Deserialize, Serialize};

use crate::decisions::candidate::{Resource, Resources, TICKS, Unit};
use crate::decisions::trace::show_ticks;
use crate::money::Currency;

/// The price of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// The resource with its capacity.
    pub resource: Resource,
    /// What one more unit would be worth, in ticks; 0 where the capacity does not bind.
    pub price: f64,
    /// Units that the run uses.
    pub used: i64,
}

/// The prices of a run: what real-time decisions are made at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// One for each resource, in the order in which candidates name them.
    pub entries: Vec<Price>,
    /// Part of a value by which equal ones are told apart.
    pub jitter: f64,
}

impl Prices {
    /// Nothing is scarce.
    pub fn free(resources: Resources) -> Prices {
        let entries = resources.into_iter().map(|resource| Price { resource, price: 0.0, used: 0 }).collect();
        Prices { entries, jitter: 0.0 }
    }

    /// The numbers alone, in ticks for a unit.
    pub fn numbers(&self) -> Vec<f64> {
        self.entries.iter().map(|entry| entry.price).collect()
    }

    /// What the scarce resources are worth, in sentences, the dearest first.
    pub fn words(&self, currency: Currency) -> Vec<String> {
        let mut scarce: Vec<&Price> = self.entries.iter().filter(|entry| entry.price > 0.0).collect();
        scarce.sort_by(|a, b| b.price.total_cmp(&a.price).then_with(|| a.resource.name.cmp(&b.resource.name)));
        scarce.into_iter().map(|entry| entry.words(currency)).collect()
    }
}

impl Price {
    /// What one more unit is worth, in a sentence.
    pub fn words(&self, currency: Currency) -> String {
        let one_more = match &self.resource.unit {
            // A tick of budget is worth `price` ticks, so a unit of money is worth as many units of money.
            Unit::Budget => {
                let unit = currency.minor_units() as f64 * TICKS;
                return format!(
                    "one more {} of {} is worth {}",
                    currency.code(),
                    self.resource.name,
                    show_ticks(self.price * unit, currency)
                );
            }
            Unit::Stock(offer) => format!("piece of {offer}"),
            Unit::Channel(channel) => channel.to_string(),
            Unit::Place(place) => format!("place in {place}"),
            Unit::Promise(to) => {
                return format!("one contact fewer promised to {to} is worth {}", show_ticks(self.price, currency));
            }
        };
        format!("one more {one_more} is worth {}", show_ticks(self.price, currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_told_in_money() {
        let entry = |name: &str, unit, price| Price {
            resource: Resource { name: name.into(), unit, capacity: 10 },
            price,
            used: 10,
        };
        let prices = Prices {
            entries: vec![
                entry("budget", Unit::Budget, 0.42),
                entry("channel:call", Unit::Channel("call".into()), 31_000.0),
                entry("channel:email", Unit::Channel("email".into()), 42.0),
                entry("stock:x", Unit::Stock("x".into()), 0.0),
            ],
            jitter: 0.0,
        };
        let words = prices.words(Currency::parse("EUR").unwrap());
        assert_eq!(
            words,
            ["one more call is worth 3.10", "one more email is worth 0.0042", "one more EUR of budget is worth 0.42"]
        );
    }
}
