//! As of when to train and when to test: the test always lies later.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

const DAY: i64 = 86_400_000_000;

/// As of when to train and to test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The test cut is the last midnight (UTC) for which the whole horizon is known; training cuts lie one horizon apart
    /// before it, so many as history reaches back for.
    Last {
        /// How many cuts to train on at most.
        train_cuts: usize,
    },
    /// Fixed instants.
    Fixed {
        /// As of when to train.
        train: Vec<Timestamp>,
        /// As of when to test; later than all of them.
        test: Timestamp,
    },
}

/// Instants, as of which features are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cuts {
    /// To train on, ascending.
    pub train: Vec<Timestamp>,
    /// To test on.
    pub test: Timestamp,
}

impl Split {
    /// The instants for facts that lie in `[first, last]`, with labels that look `horizon_days` ahead.
    ///
    /// # Errors
    /// Invalid, when history is too short: it says how much is needed.
    pub fn cuts(&self, first: Timestamp, last: Timestamp, horizon_days: u32) -> Result<Cuts> {
        let horizon = i64::from(horizon_days) * DAY;
        let cuts = match self {
            Split::Last { train_cuts } => {
                let end = last.0.div_euclid(DAY) * DAY;
                let test = end - horizon;
                let train = (1..=*train_cuts as i64).rev().map(|k| Timestamp(test - k * horizon));
                Cuts { train: train.filter(|&cut| cut > first).collect(), test: Timestamp(test) }
            }
            Split::Fixed { train, test } => Cuts { train: train.clone(), test: *test },
        };
        if cuts.train.first().is_some_and(|&cut| cut > first) && cuts.test.0 + horizon <= last.0 + DAY {
            return Ok(cuts);
        }
        let needed = match self {
            Split::Last { .. } => 2 * i64::from(horizon_days) + 1,
            Split::Fixed { .. } => {
                return Err(Error::invalid(format!(
                    "facts reach from {first} to {last}; the cuts of the spec and the {horizon_days} days after them lie outside"
                )));
            }
        };
        Err(Error::invalid(format!(
            "history reaches over {:.0} days; a horizon of {horizon_days} days needs at least {needed} to train and to test",
            last.days_since(first)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// The cuts used by the reference figures of the Online Retail data, from its first and last invoice.
    #[test]
    fn the_last_cuts_of_online_retail() {
        let (first, last) = (at("2010-12-01T08:26:00Z"), at("2011-12-09T12:50:00Z"));
        let cuts = Split::Last { train_cuts: 1 }.cuts(first, last, 90).unwrap();
        assert_eq!(cuts, Cuts { train: vec![at("2011-06-12T00:00:00Z")], test: at("2011-09-10T00:00:00Z") });
        // No more than history reaches back for: the fourth would lie before it began.
        let cuts = Split::Last { train_cuts: 4 }.cuts(first, last, 90).unwrap();
        assert_eq!(cuts.train, ["2010-12-14", "2011-03-14", "2011-06-12"].map(|day| at(&format!("{day}T00:00:00Z"))));
        let error = Split::Last { train_cuts: 4 }.cuts(first, at("2011-05-01"), 90).unwrap_err();
        assert!(error.message().contains("needs at least 181"), "{error}");
    }
}
