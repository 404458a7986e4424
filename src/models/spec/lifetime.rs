//! The spec of lifetime value: which purchase models compete, over which horizons, and how good is good enough.

use serde::{Deserialize, Serialize};

use super::check::{self, Faults};
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::models::lifetime::PurchaseKind;

/// What a lifetime model must reach on later days before it may serve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeGate {
    /// Least area under the ROC curve of who buys, ranked by expected purchases.
    pub min_auc: f64,
    /// Most difference between the sums of foretold and actual purchases, as a share of the actual.
    pub max_bias: f64,
    /// Fewest customers who had bought again at the cut, to train at all.
    pub min_repeaters: usize,
}

/// How often customers will still buy, and what that is worth.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `purchases` | all three | the purchase models that compete | bg_nbd, mbg_nbd, pareto_nbd |
/// | `horizon_days` | | days of the expected orders and of the next one | 1..=1830 |
/// | `value_days` | | days of the value | horizon..=18300 |
/// | `discount_rate` | the settings' | yearly rate for present values | 0..=1 |
/// | `interval` | 0.8 | share that each interval is to hold | 0.5..=0.98 |
/// | `sample` | 200000 | customers that are fitted on, at most | >= 1000 |
/// | `seed` | 1 | draws the sample | |
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifetimeSpec {
    /// The model's name.
    pub name: String,
    /// The purchase models that compete.
    pub purchases: Vec<PurchaseKind>,
    /// Days of the expected orders and of the next one.
    pub horizon_days: u32,
    /// Days of the value.
    pub value_days: u32,
    /// Yearly rate for present values; the settings' when absent.
    pub discount_rate: Option<f64>,
    /// Share that each interval is to hold.
    pub interval: f64,
    /// Customers that are fitted on, at most.
    pub sample: usize,
    /// Draws the sample.
    pub seed: u64,
    /// The days judged on.
    pub split: LifetimeSplit,
    /// What it must reach.
    pub gate: LifetimeGate,
}

/// As of when to fit, and which days to judge on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeSplit {
    /// The last share of the days of history, at most the horizon.
    Share(f64),
    /// So many days after an instant.
    Fixed {
        /// As of when to fit.
        cut: Timestamp,
        /// Days after it.
        holdout_days: u32,
    },
}

impl LifetimeSplit {
    /// The cut, a midnight (UTC), and the end of the days judged, for purchases that lie in `[first, last]`.
    ///
    /// # Errors
    /// Invalid, when history is too short.
    pub fn cut(&self, first: Timestamp, last: Timestamp, horizon_days: u32) -> Result<(Timestamp, Timestamp)> {
        let end = last.0.div_euclid(DAY) + 1;
        let days = end - first.0.div_euclid(DAY);
        match *self {
            LifetimeSplit::Share(share) => {
                let held = ((days as f64 * share).floor() as i64).min(i64::from(horizon_days));
                if held < 14 || days - held < 14 {
                    return Err(Error::invalid(format!(
                        "history reaches over {days} days; at least two weeks are needed to fit and two to judge"
                    )));
                }
                Ok((Timestamp((end - held) * DAY), Timestamp(end * DAY)))
            }
            LifetimeSplit::Fixed { cut, holdout_days } => {
                let until = cut.plus(i64::from(holdout_days) * DAY);
                if cut <= first || until.0 > end * DAY {
                    return Err(Error::invalid(format!(
                        "purchases reach from {first} to {last}; the cut {cut} and the {holdout_days} days after it lie outside"
                    )));
                }
                Ok((cut, until))
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLifetime {
    name: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default = "all_kinds")]
    purchases: Vec<PurchaseKind>,
    horizon_days: u32,
    value_days: u32,
    discount_rate: Option<f64>,
    #[serde(default = "four_fifths")]
    interval: f64,
    #[serde(default = "two_hundred_thousand")]
    sample: usize,
    #[serde(default = "one")]
    seed: u64,
    split: RawSplit,
    gate: LifetimeGate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSplit {
    holdout_share: Option<f64>,
    cut: Option<String>,
    holdout_days: Option<u32>,
}

fn all_kinds() -> Vec<PurchaseKind> {
    vec![PurchaseKind::BgNbd, PurchaseKind::MbgNbd, PurchaseKind::ParetoNbd]
}

fn four_fifths() -> f64 {
    0.8
}

fn two_hundred_thousand() -> usize {
    200_000
}

fn one() -> u64 {
    1
}

pub(super) fn check(raw: RawLifetime, faults: &mut Faults) -> Option<LifetimeSpec> {
    check::name(&raw.name, faults);
    let mut twice = raw.purchases.clone();
    twice.sort_by_key(|kind| kind.as_str());
    twice.dedup();
    faults.demand(!raw.purchases.is_empty() && twice.len() == raw.purchases.len(), "purchases", || {
        "name at least one of bg_nbd, mbg_nbd, pareto_nbd, each once".into()
    });
    let horizon = raw.horizon_days;
    faults.demand((1..=1830).contains(&horizon), "horizon_days", || format!("{horizon} is outside 1..1830"));
    let value = raw.value_days;
    faults.demand((horizon.max(1)..=18_300).contains(&value), "value_days", || {
        format!("{value} is outside {horizon}..18300: it may not be shorter than horizon_days")
    });
    if let Some(rate) = raw.discount_rate {
        faults.demand((0.0..=1.0).contains(&rate), "discount_rate", || format!("{rate} is outside 0..1"));
    }
    let interval = raw.interval;
    faults.demand((0.5..=0.98).contains(&interval), "interval", || format!("{interval} is outside 0.5..0.98"));
    faults.demand(raw.sample >= 1_000, "sample", || format!("{} is below 1000", raw.sample));
    let gate = raw.gate;
    faults.demand((0.5..1.0).contains(&gate.min_auc), "gate.min_auc", || {
        format!("{} is outside 0.5..1; 0.5 is a coin", gate.min_auc)
    });
    faults.demand(gate.max_bias > 0.0, "gate.max_bias", || format!("{} must be above 0", gate.max_bias));
    let split = split(&raw.split, faults)?;
    Some(LifetimeSpec {
        name: raw.name,
        purchases: raw.purchases,
        horizon_days: horizon,
        value_days: value,
        discount_rate: raw.discount_rate,
        interval,
        sample: raw.sample,
        seed: raw.seed,
        split,
        gate,
    })
}

fn split(raw: &RawSplit, faults: &mut Faults) -> Option<LifetimeSplit> {
    match raw {
        RawSplit { holdout_share: Some(share), cut: None, holdout_days: None } => {
            faults.demand((0.05..=0.9).contains(share), "split.holdout_share", || {
                format!("{share} is outside 0.05..0.9")
            });
            Some(LifetimeSplit::Share(*share))
        }
        RawSplit { holdout_share: None, cut: Some(cut), holdout_days: Some(days) } => {
            faults.demand((1..=3_660).contains(days), "split.holdout_days", || format!("{days} is outside 1..3660"));
            let cut = super::split::instant("split.cut", cut, faults)?;
            Some(LifetimeSplit::Fixed { cut, holdout_days: *days })
        }
        _ => {
            faults.at("split", "give either holdout_share, or both cut and holdout_days".into());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::ModelSpec;

    const EMBEDDED: &str = include_str!("../../../models/lifetime.toml");

    /// Fader, Hardie and Lee (2005) fit on 39 weeks of CDNOW and judge on the 39 after.
    #[test]
    fn the_later_half_of_cdnow() {
        let at = |day: &str| Timestamp::parse(day).unwrap();
        let cut = LifetimeSplit::Share(0.5).cut(at("1997-01-01"), at("1998-06-30"), 365).unwrap();
        assert_eq!(cut, (at("1997-10-01"), at("1998-07-01")));
        let fixed = LifetimeSplit::Fixed { cut: at("1997-10-01"), holdout_days: 273 };
        assert_eq!(fixed.cut(at("1997-01-01"), at("1998-06-30"), 365).unwrap(), cut);
        assert!(fixed.cut(at("1997-01-01"), at("1998-06-29"), 365).is_err());
        assert!(LifetimeSplit::Share(0.5).cut(at("1997-01-01"), at("1997-01-20"), 365).is_err());
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        assert!(matches!(ModelSpec::parse(EMBEDDED, "lifetime.toml").unwrap(), ModelSpec::Lifetime(_)));
        let text = EMBEDDED
            .replace("value_days = 1095", "value_days = 30")
            .replace("interval = 0.8", "interval = 1.0")
            .replace("holdout_share = 0.5", "cut = \"1997-10-01\"");
        let error = ModelSpec::parse(&text, "lifetime.toml").unwrap_err();
        let keys: Vec<(&str, bool)> = error.fault_list().iter().map(|f| (f.key.as_str(), f.line.is_some())).collect();
        assert_eq!(keys, [("value_days", true), ("interval", true), ("split", false)]);
    }
}
