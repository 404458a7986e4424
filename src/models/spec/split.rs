//! What to train on and what to judge on: in time, the test always lies later.

use serde::{Deserialize, Serialize};

use super::check::Faults;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const DAY: i64 = 86_400_000_000;

/// What to train on and what to judge on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The test cut is the last midnight (UTC) for which the whole horizon is known. The last training cut lies one horizon
    /// before it, so that no label of training reaches into the days that are judged; the others lie `every_days` apart before
    /// that, so many as history reaches back for. Cuts nearer than a horizon share days, and show how the rate drifts.
    Last {
        /// How many cuts to train on at most.
        train_cuts: usize,
        /// Days between them; a horizon when absent.
        every_days: Option<u32>,
    },
    /// Fixed instants.
    Fixed {
        /// As of when to train.
        train: Vec<Timestamp>,
        /// As of when to test; later than all of them.
        test: Timestamp,
    },
    /// Each fold is foretold by a model of the others, and all are judged together. The model that serves is of all rows.
    Folds {
        /// How many.
        folds: usize,
        /// An attribute that numbers the rows: a row's fold is (its number less the least number) mod `folds`. By a hash of
        /// the customer when absent.
        index: Option<String>,
    },
    /// Rows are judged from a value of an attribute on, and trained on before it.
    From {
        /// The attribute: a number or a date.
        index: String,
        /// The first value that is judged.
        test_from: Bound,
    },
}

/// Where the rows that are judged begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// At a number.
    Number(f64),
    /// At a day or an instant.
    Time(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSplit {
    train_cuts: Option<usize>,
    every_days: Option<u32>,
    train: Option<Vec<String>>,
    test: Option<String>,
    folds: Option<usize>,
    index: Option<String>,
    test_from: Option<Bound>,
}

impl RawSplit {
    pub(super) fn check(self, faults: &mut Faults) -> Option<Split> {
        match self {
            RawSplit {
                train_cuts: Some(cuts),
                every_days,
                train: None,
                test: None,
                folds: None,
                index: None,
                test_from: None,
            } => {
                faults.demand((1..=24).contains(&cuts), "split.train_cuts", || format!("{cuts} is outside 1..24"));
                faults.demand(every_days != Some(0), "split.every_days", || "must be at least 1".into());
                Some(Split::Last { train_cuts: cuts, every_days })
            }
            RawSplit {
                train: Some(train),
                test: Some(test),
                train_cuts: None,
                every_days: None,
                folds: None,
                index: None,
                test_from: None,
            } => {
                let mut instants = train.iter().map(|text| instant("split.train", text, faults)).collect::<Vec<_>>();
                let test = instant("split.test", &test, faults)?;
                instants.sort();
                let train = instants.into_iter().collect::<Option<Vec<Timestamp>>>()?;
                let earlier = train.last().is_some_and(|&last| last < test);
                faults.demand(earlier, "split.test", || "must be later than each of split.train".into());
                Some(Split::Fixed { train, test })
            }
            RawSplit {
                folds: Some(folds),
                index,
                train_cuts: None,
                every_days: None,
                train: None,
                test: None,
                test_from: None,
            } => {
                faults.demand((2..=20).contains(&folds), "split.folds", || format!("{folds} is outside 2..20"));
                Some(Split::Folds { folds, index })
            }
            RawSplit {
                index: Some(index),
                test_from: Some(test_from),
                folds: None,
                train_cuts: None,
                every_days: None,
                train: None,
                test: None,
            } => {
                if let Bound::Time(text) = &test_from {
                    instant("split.test_from", text, faults)?;
                }
                Some(Split::From { index, test_from })
            }
            _ => {
                let ways =
                    "train_cuts (with every_days), or train and test, or folds (with index), or index and test_from";
                faults.at("split", format!("give one of: {ways}"));
                None
            }
        }
    }
}

/// A day (midnight UTC) or a full instant.
pub(super) fn instant(key: &str, text: &str, faults: &mut Faults) -> Option<Timestamp> {
    match Timestamp::parse(text) {
        Ok(instant) => Some(instant),
        Err(error) => {
            faults.at(key, error.message().to_owned());
            None
        }
    }
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
    /// Whether it is by instants as of which features are taken.
    pub fn is_in_time(&self) -> bool {
        matches!(self, Split::Last { .. } | Split::Fixed { .. })
    }

    /// The attribute that orders or numbers the rows, where one does.
    pub fn index(&self) -> Option<&str> {
        match self {
            Split::Folds { index, .. } => index.as_deref(),
            Split::From { index, .. } => Some(index),
            _ => None,
        }
    }

    /// The instants for facts that lie in `[first, last]`, with labels that look `horizon_days` ahead.
    ///
    /// # Errors
    /// Invalid, when history is too short: it says how much is needed.
    pub fn cuts(&self, first: Timestamp, last: Timestamp, horizon_days: u32) -> Result<Cuts> {
        let horizon = i64::from(horizon_days) * DAY;
        let cuts = match self {
            Split::Last { train_cuts, every_days } => {
                let end = last.0.div_euclid(DAY) * DAY;
                let test = end - horizon;
                let step = every_days.map_or(horizon, |days| i64::from(days) * DAY);
                let train = (0..*train_cuts as i64).rev().map(|k| Timestamp(test - horizon - k * step));
                Cuts { train: train.filter(|&cut| cut > first).collect(), test: Timestamp(test) }
            }
            Split::Fixed { train, test } => Cuts { train: train.clone(), test: *test },
            Split::Folds { .. } | Split::From { .. } => {
                return Err(Error::invalid("a split by folds or by an index has no cuts in time"));
            }
        };
        if cuts.train.first().is_some_and(|&cut| cut > first) && cuts.test.0 + horizon <= last.0 + DAY {
            return Ok(cuts);
        }
        let needed = match self {
            Split::Last { .. } => 2 * i64::from(horizon_days) + 1,
            _ => {
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
        let cuts = Split::Last { train_cuts: 1, every_days: None }.cuts(first, last, 90).unwrap();
        assert_eq!(cuts, Cuts { train: vec![at("2011-06-12T00:00:00Z")], test: at("2011-09-10T00:00:00Z") });
        // No more than history reaches back for: the fourth would lie before it began.
        let cuts = Split::Last { train_cuts: 4, every_days: None }.cuts(first, last, 90).unwrap();
        assert_eq!(cuts.train, ["2010-12-14", "2011-03-14", "2011-06-12"].map(|day| at(&format!("{day}T00:00:00Z"))));
        // Half a horizon apart: no label of training reaches beyond the test cut.
        let cuts = Split::Last { train_cuts: 3, every_days: Some(45) }.cuts(first, last, 90).unwrap();
        assert_eq!(cuts.train, ["2011-03-14", "2011-04-28", "2011-06-12"].map(|day| at(&format!("{day}T00:00:00Z"))));
        let error = Split::Last { train_cuts: 4, every_days: None }.cuts(first, at("2011-05-01"), 90).unwrap_err();
        assert!(error.message().contains("needs at least 181"), "{error}");
    }
}
