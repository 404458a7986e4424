//! What a context says of the offer, not of the customer: its reward, its price.
//!
//! Such a feature is the same in all decisions of an offer. As a feature of the customer it would tell the model of another offer
//! than the one it is asked about; as a property of the offer it tells which offers are alike.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::logged::{Context, LoggedDecision};

/// Features that describe offers, and the numbers among them by offer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Describing {
    /// Names of all features that describe offers.
    pub names: BTreeSet<String>,
    /// Numbers of each offer: one for each name that has any.
    numbers: BTreeMap<String, BTreeMap<String, f64>>,
}

/// A value to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown<'a> {
    Absent,
    Number(u64),
    Text(&'a str),
}

fn shown<'a>(context: &'a Context, name: &str) -> Shown<'a> {
    match (context.numbers.get(name), context.texts.get(name)) {
        (Some(number), _) => Shown::Number(number.to_bits()),
        (None, Some(text)) => Shown::Text(text),
        (None, None) => Shown::Absent,
    }
}

impl Describing {
    /// The features that are the same in all decisions of an offer, and differ between offers.
    pub fn of<L: Borrow<LoggedDecision>>(logs: &[L]) -> Describing {
        let logs: Vec<&LoggedDecision> = logs.iter().map(Borrow::borrow).collect();
        // What all decisions of an offer have, its first one has.
        let mut offers: BTreeSet<Option<&str>> = BTreeSet::new();
        let firsts = logs.iter().filter(|log| offers.insert(log.offer.as_deref()));
        let names: BTreeSet<&String> =
            firsts.flat_map(|log| log.context.numbers.keys().chain(log.context.texts.keys())).collect();
        let mut made = Describing::default();
        for name in names {
            let Some(values) = constant_by_offer(&logs, name) else { continue };
            made.names.insert(name.clone());
            for (offer, value) in values {
                if let (Some(offer), Shown::Number(bits)) = (offer, value) {
                    made.numbers.entry(name.clone()).or_default().insert(offer.to_owned(), f64::from_bits(bits));
                }
            }
        }
        made
    }

    /// The same but for features that may not be used.
    #[must_use]
    pub fn without(mut self, barred: &BTreeSet<String>) -> Describing {
        self.names.retain(|name| !barred.contains(name));
        self.numbers.retain(|name, _| !barred.contains(name));
        self
    }

    /// The numbers of an offer, in the order of their names. Who has none, as "no contact", stands below all others.
    pub fn numbers_of(&self, offer: Option<&str>) -> impl Iterator<Item = f64> + '_ {
        let offer = offer.map(str::to_owned);
        self.numbers.values().map(move |by_offer| {
            let known = offer.as_ref().and_then(|offer| by_offer.get(offer)).copied();
            known.unwrap_or_else(|| by_offer.values().copied().fold(f64::INFINITY, f64::min) - 1.0)
        })
    }
}

/// The value of each offer, when all its decisions agree on it and offers differ. Most features vary from one customer to the
/// next, so that the first rows decide.
fn constant_by_offer<'a>(logs: &[&'a LoggedDecision], name: &str) -> Option<BTreeMap<Option<&'a str>, Shown<'a>>> {
    let mut values: BTreeMap<Option<&str>, Shown<'_>> = BTreeMap::new();
    for log in logs {
        let value = shown(&log.context, name);
        if *values.entry(log.offer.as_deref()).or_insert(value) != value {
            return None;
        }
    }
    let distinct: BTreeSet<&Shown<'_>> = values.values().collect();
    (distinct.len() > 1).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;

    #[test]
    fn what_is_the_same_in_all_decisions_of_an_offer_describes_it() {
        let log = |offer: Option<&str>, age: f64, reward: Option<f64>| LoggedDecision {
            customer: CustomerId(1),
            context: Context {
                numbers: [("age".to_owned(), age), ("constant".to_owned(), 1.0)]
                    .into_iter()
                    .chain(reward.map(|reward| ("reward".to_owned(), reward)))
                    .collect(),
                texts: [("kind".to_owned(), offer.unwrap_or("none").to_owned())].into(),
            },
            offer: offer.map(str::to_owned),
            channel: None,
            propensity: 0.5,
            converted: 0.0,
        };
        let logs = [
            log(Some("a"), 30.0, Some(5.0)),
            log(Some("a"), 40.0, Some(5.0)),
            log(Some("b"), 30.0, Some(2.0)),
            log(None, 30.0, None),
        ];
        let found = Describing::of(&logs);
        assert_eq!(found.names.iter().collect::<Vec<_>>(), ["kind", "reward"]);
        let reward = |offer| found.numbers_of(offer).collect::<Vec<_>>();
        assert_eq!((reward(Some("a")), reward(Some("b")), reward(None)), (vec![5.0], vec![2.0], vec![1.0]));
    }
}
