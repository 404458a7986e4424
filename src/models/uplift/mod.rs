//! Uplift: what a contact changes, P(convert | offer) - P(convert | no contact), from decisions that were left to chance.
//!
//! Three learners foretell it for each offer:
//!
//! * jointly (S): the difference of the response model's two answers;
//! * apart (T): a logistic regression of those who got the offer, another of those who were left alone (Kunzel et al. 2019);
//! * doubly robust (DR): a regression of a pseudo-outcome that is right when either its model of outcomes or the propensity is
//!   (Kennedy 2023).
//!
//! Each ranks customers of whose outcomes it knew nothing; the one with the best Qini (Radcliffe 2007) is taken, when its Qini is
//! more than chance gives a ranking without meaning. When none is, the offer is taken to do the same to everybody: its average
//! effect. Levels are posterior means, shrunk by offer and segment, and predictions are believed as far as a regression of
//! outcomes on them says. An offer that was tried too seldom to be judged alone takes the joint answer, believed as far as that
//! of all offers is. Lifts may be negative: who is put off by a contact gets none.

mod choose;
mod experiment;
mod learners;
mod leaving;
mod line;
mod posterior;
pub mod qini;
mod realised;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use choose::{LearnerFigures, OfferFigures};
pub(crate) use experiment::RANDOM_BELOW;
pub use experiment::fit;
pub use leaving::Leaving;
pub use realised::Realised;

use super::algorithms::sigmoid;
use super::response::EncodedCustomer;

/// The feature by which levels are told apart, where customers have it.
pub(crate) const SEGMENT: &str = "segment";

/// How an offer's lift is foretold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// The difference of the response model's two answers (S).
    Joint,
    /// Two models (T).
    Apart,
    /// A regression of pseudo-outcomes (DR).
    DoublyRobust,
    /// The same for everybody.
    Average,
}

impl Learner {
    /// Those that tell customers apart.
    pub const TELLING: [Learner; 3] = [Learner::Joint, Learner::Apart, Learner::DoublyRobust];

    /// For the card.
    pub fn words(self) -> &'static str {
        match self {
            Learner::Joint => "jointly (S)",
            Learner::Apart => "apart (T)",
            Learner::DoublyRobust => "doubly robust (DR)",
            Learner::Average => "the average effect",
        }
    }
}

/// What a learner keeps. Weights are of intercept, bins, and channels where they are told apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Surface {
    Joint,
    Apart {
        with: Vec<f64>,
        without: Vec<f64>,
    },
    DoublyRobust(Vec<f64>),
    /// By channel, and where the channel is not told apart.
    Average {
        by_channel: Vec<f64>,
        whole: f64,
    },
}

impl Surface {
    /// The lift of a customer who lights `bins`; `joint` is the response model's answer.
    fn lift(&self, bins: &[u32], channel: Option<usize>, bin_count: usize, joint: f64) -> f64 {
        let sum = |weights: &[f64], channel: Option<usize>| -> f64 {
            let of_bins: f64 = bins.iter().map(|&bin| weights[1 + bin as usize]).sum();
            weights[0] + of_bins + channel.map_or(0.0, |channel| weights[1 + bin_count + channel])
        };
        match self {
            Surface::Joint => joint,
            Surface::Apart { with, without } => sigmoid(sum(with, channel)) - sigmoid(sum(without, None)),
            Surface::DoublyRobust(weights) => sum(weights, channel),
            Surface::Average { by_channel, whole } => {
                channel.and_then(|channel| by_channel.get(channel)).copied().unwrap_or(*whole)
            }
        }
    }
}

/// An offer that was judged alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OfferLift {
    surface: Surface,
    /// How far differences between customers are believed, 0 to 1.
    slope: f64,
}

/// By how much an offer's level lies above the line: posterior means.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Level {
    whole: f64,
    /// Of a segment, beside that of the whole.
    by_segment: BTreeMap<String, f64>,
}

/// What a contact changes: `lift = offset + slope x foretold + level of offer and segment`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uplift {
    /// Bins that customers light in all.
    bin_count: usize,
    offers: BTreeMap<String, OfferLift>,
    /// For all offers.
    offset: f64,
    /// For offers that were not judged alone.
    slope: f64,
    levels: BTreeMap<String, Level>,
    /// How much of the best of these is realised.
    #[serde(default)]
    pub realised: Realised,
}

impl Default for Uplift {
    /// Predictions are believed as they are.
    fn default() -> Uplift {
        Uplift {
            bin_count: 0,
            offers: BTreeMap::new(),
            offset: 0.0,
            slope: 1.0,
            levels: BTreeMap::new(),
            realised: Realised::default(),
        }
    }
}

impl Uplift {
    /// The lift of a customer under an offer; `joint` is the response model's answer. It may be negative.
    pub fn lift(&self, seen: &EncodedCustomer, offer: &str, channel: Option<usize>, joint: f64) -> f64 {
        let (foretold, slope) = match self.offers.get(offer) {
            Some(judged) => (judged.surface.lift(seen.bins(), channel, self.bin_count, joint), judged.slope),
            None => (joint, self.slope),
        };
        self.offset + slope * foretold + self.level(offer, seen.segment())
    }

    /// By how much an offer's level in a segment lies above the line.
    fn level(&self, offer: &str, segment: Option<&str>) -> f64 {
        self.levels.get(offer).map_or(0.0, |level| {
            level.whole + segment.and_then(|segment| level.by_segment.get(segment)).copied().unwrap_or(0.0)
        })
    }
}

#[cfg(test)]
mod tests;
