//! The fitted response model, and how it answers.

use serde::{Deserialize, Serialize};

use super::encoding::ContextEncoder;
use super::logged::Features;
use super::training::ResponseParams;
use super::treatments::Treatments;
use crate::models::algorithms::boosting::Boosting;
use crate::models::algorithms::{logit, sigmoid};
use crate::models::calibration::Platt;
use crate::models::challenge::{Choice, blended};
use crate::models::timing::{Fatigue, Tempo};
use crate::models::uplift::{Leaving, SEGMENT, Uplift};

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// P(convert), the posterior mean.
    pub mean: f64,
    /// The effective number of logged decisions of this offer behind it; 0 when only the stated rate speaks.
    pub evidence: f64,
}

/// An offer, or no contact, with what was stated of it and how much was logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseArm {
    /// The offer; None for no contact.
    pub offer: Option<String>,
    /// The stated rate, or that of the whole.
    pub base_rate: f64,
    /// The weight of that rate, in decisions.
    pub weight: f64,
    /// Effective number of logged decisions.
    pub evidence: f64,
    /// The share of them that converted, weighed by propensity; 0 without any.
    pub observed: f64,
}

impl ResponseArm {
    /// The mean of the beta posterior: what was stated and what was seen, each by its weight.
    pub(super) fn posterior(&self) -> f64 {
        let weight = self.weight + self.evidence;
        if weight > 0.0 {
            (self.weight * self.base_rate + self.evidence * self.observed) / weight
        } else {
            self.base_rate
        }
    }
}

/// Which column stands for what:
/// intercept, bins, arms, channels, arm x channel, arm x bin, channel x bin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Layout {
    bins: usize,
    arms: Vec<Option<String>>,
    channels: Vec<String>,
}

impl Layout {
    pub(super) fn new(bins: usize, arms: Vec<Option<String>>, channels: Vec<String>) -> Layout {
        // With one channel, channel and contact are the same thing: one column less to share an effect between.
        let channels = if channels.len() > 1 { channels } else { Vec::new() };
        Layout { bins, arms, channels }
    }

    pub(super) fn arm(&self, offer: Option<&str>) -> Option<usize> {
        self.arms.binary_search_by(|arm| arm.as_deref().cmp(&offer)).ok()
    }

    pub(super) fn channel(&self, channel: Option<&str>) -> Option<usize> {
        let channel = channel?;
        self.channels.binary_search_by(|known| known.as_str().cmp(channel)).ok()
    }

    pub(super) fn arms(&self) -> &[Option<String>] {
        &self.arms
    }

    /// The channels that are told apart.
    pub(super) fn channels(&self) -> &[String] {
        &self.channels
    }

    fn at_arms(&self) -> usize {
        1 + self.bins
    }

    fn at_channels(&self) -> usize {
        self.at_arms() + self.arms.len()
    }

    fn at_pairs(&self) -> usize {
        self.at_channels() + self.channels.len()
    }

    fn at_arm_crosses(&self) -> usize {
        self.at_pairs() + self.arms.len() * self.channels.len()
    }

    fn at_channel_crosses(&self) -> usize {
        self.at_arm_crosses() + self.arms.len() * self.bins
    }

    pub(super) fn count(&self) -> usize {
        self.at_channel_crosses() + self.channels.len() * self.bins
    }

    /// The columns that are 1 for a customer with these bins under this arm and channel.
    pub(super) fn columns(&self, bins: &[u32], arm: Option<usize>, channel: Option<usize>) -> Vec<u32> {
        let mut columns = Vec::with_capacity(4 + 3 * bins.len());
        let mut cross = |start: usize| columns.extend(bins.iter().map(|bin| (start as u32) + bin));
        cross(1);
        if let Some(arm) = arm {
            cross(self.at_arm_crosses() + arm * self.bins);
        }
        if let Some(channel) = channel {
            cross(self.at_channel_crosses() + channel * self.bins);
        }
        columns.push(0);
        columns.extend(arm.map(|arm| (self.at_arms() + arm) as u32));
        columns.extend(channel.map(|channel| (self.at_channels() + channel) as u32));
        if let (Some(arm), Some(channel)) = (arm, channel) {
            columns.push((self.at_pairs() + arm * self.channels.len() + channel) as u32);
        }
        columns
    }

    pub(super) fn penalties(&self, params: &ResponseParams) -> Vec<f64> {
        let mut penalties = vec![0.0];
        let mut fill = |until: usize, penalty: f64| penalties.resize(until, penalty);
        fill(self.at_arms(), params.l2_main);
        fill(self.at_channels(), params.l2_arm);
        fill(self.at_arm_crosses(), params.l2_main);
        fill(self.count(), params.l2_cross);
        penalties
    }
}

/// Boosted trees beside the logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Trees {
    pub(super) boosting: Boosting,
    pub(super) treatments: Treatments,
}

/// P(convert | customer, offer, channel). Serialise it with serde; scoring needs nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseModel {
    pub(super) encoder: ContextEncoder,
    pub(super) layout: Layout,
    /// One weight a column of the layout; empty when each offer's own rate speaks.
    pub(super) weights: Vec<f64>,
    #[serde(default)]
    pub(super) trees: Option<Trees>,
    /// How much the trees count in the log-odds, 0 to 1.
    #[serde(default)]
    pub(super) share: f64,
    /// Champion and challengers; None when nothing was learned.
    #[serde(default)]
    pub choice: Option<Choice>,
    pub(super) calibration: Platt,
    pub(super) centre: f64,
    /// By offer; no contact first.
    arms: Vec<ResponseArm>,
    /// What a contact changes, as far as decisions that were left to chance tell.
    #[serde(default)]
    pub uplift: Uplift,
    /// Whom a contact loses; of a model of who buys later.
    #[serde(default)]
    pub leaving: Option<Leaving>,
    /// What the hour of a contact does to that.
    #[serde(default)]
    pub tempo: Tempo,
    /// What earlier contacts do to it.
    #[serde(default)]
    pub fatigue: Fatigue,
}

/// A customer as the model sees them: make it once, ask for many treatments.
#[derive(Debug, Clone)]
pub struct EncodedCustomer {
    bins: Vec<u32>,
    main: f64,
    /// Log-odds by the trees of every treatment.
    trees: Vec<f64>,
    segment: Option<String>,
}

impl EncodedCustomer {
    pub(super) fn main(&self) -> f64 {
        self.main
    }

    /// The bin that each feature lights.
    pub fn bins(&self) -> &[u32] {
        &self.bins
    }

    /// The customer's segment, where it is known.
    pub fn segment(&self) -> Option<&str> {
        self.segment.as_deref()
    }
}

impl ResponseModel {
    /// Each offer's own rate, the same for every customer.
    pub(super) fn of_rates(arms: Vec<ResponseArm>) -> ResponseModel {
        ResponseModel {
            encoder: ContextEncoder::default(),
            layout: Layout::default(),
            weights: Vec::new(),
            trees: None,
            share: 0.0,
            choice: None,
            calibration: Platt::default(),
            centre: 0.0,
            arms,
            uplift: Uplift::default(),
            leaving: None,
            tempo: Tempo::default(),
            fatigue: Fatigue::default(),
        }
    }

    /// Whether anything was learned of who differs from whom; if not, each offer's rate speaks, the same for all.
    pub fn has_learned(&self) -> bool {
        !self.weights.is_empty()
    }

    /// (P with the contact, P without), the lift between them as [`Uplift`] learned it. An offer that was never tried keeps what
    /// was stated of it.
    pub fn with_and_without(&self, seen: &EncodedCustomer, offer: &str, channel: &str) -> (f64, f64) {
        let without = self.predict_encoded(seen, None, None).mean;
        let with = self.predict_encoded(seen, Some(offer), Some(channel));
        if with.evidence <= 0.0 {
            return (with.mean, without);
        }
        let lift = self.uplift.lift(seen, offer, self.layout.channel(Some(channel)), with.mean - without);
        ((without + lift).clamp(0.0, 1.0), without)
    }

    /// Whether boosted trees have a say.
    pub fn trees_count(&self) -> bool {
        self.trees.is_some() && self.share > 0.0
    }

    /// The bins that a customer lights.
    pub fn bins_of<F: Features + ?Sized>(&self, customer: &F) -> Vec<u32> {
        self.encoder.encode(customer)
    }

    /// The place of a channel among [`ResponseModel::channels`].
    pub fn channel_of(&self, channel: Option<&str>) -> Option<usize> {
        self.layout.channel(channel)
    }

    /// How many bins customers light in all.
    pub fn bins(&self) -> usize {
        self.encoder.bins()
    }

    /// The channels that are told apart, sorted; none when there is but one.
    pub fn channels(&self) -> &[String] {
        self.layout.channels()
    }

    /// The offers known, and no contact.
    pub fn arms(&self) -> &[ResponseArm] {
        &self.arms
    }

    /// The features that matter to the model, by name.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.encoder.names()
    }

    /// Sees a customer.
    pub fn encode<F: Features + ?Sized>(&self, customer: &F) -> EncodedCustomer {
        let bins = self.encoder.encode(customer);
        let main = if self.has_learned() { bins.iter().map(|&bin| self.weights[1 + bin as usize]).sum() } else { 0.0 };
        let of_trees = |trees: &Trees| trees.treatments.log_odds(&trees.boosting, &self.encoder.plain(customer));
        let trees = self.trees.as_ref().map(of_trees).unwrap_or_default();
        EncodedCustomer { bins, main, trees, segment: customer.text(SEGMENT).map(str::to_owned) }
    }

    /// P(convert) of a customer given an offer by a channel; `offer` None is no contact.
    pub fn predict<F: Features + ?Sized>(&self, customer: &F, offer: Option<&str>, channel: Option<&str>) -> Estimate {
        self.predict_encoded(&self.encode(customer), offer, channel)
    }

    /// The same for a customer already seen: about a hundred additions. (The trees answered for all treatments when the customer
    /// was seen.)
    ///
    /// mean = (weight x stated + evidence x model) / (weight + evidence): the mean of a beta posterior whose data are the model's
    /// rate for customers like this one. The stated rate is moved by the customer's main effect (on the log-odds), since
    /// who buys more under all offers will probably buy more under a new one.
    pub fn predict_encoded(&self, customer: &EncodedCustomer, offer: Option<&str>, channel: Option<&str>) -> Estimate {
        let arm = match self.arms.binary_search_by(|arm| arm.offer.as_deref().cmp(&offer)) {
            Ok(index) => &self.arms[index],
            // An offer of which nothing was stated or logged is claimed to do nothing: it responds as no contact does.
            Err(_) if offer.is_some() => {
                return Estimate { evidence: 0.0, ..self.predict_encoded(customer, None, None) };
            }
            Err(_) => return Estimate { mean: 0.0, evidence: 0.0 },
        };
        let slope = self.calibration.slope;
        let stated = if arm.base_rate <= 0.0 {
            0.0 // a rate stated as 0 is an impossibility, which no main effect moves
        } else {
            sigmoid(logit(arm.base_rate) + slope * (customer.main - self.centre))
        };
        if !self.has_learned() {
            return Estimate { mean: arm.posterior(), evidence: arm.evidence };
        }
        if arm.evidence <= 0.0 {
            return Estimate { mean: stated, evidence: 0.0 };
        }
        let modelled = sigmoid(self.calibration.log_odds(self.log_odds(customer, offer, channel)));
        let mean = (arm.weight * stated + arm.evidence * modelled) / (arm.weight + arm.evidence);
        Estimate { mean, evidence: arm.evidence }
    }

    fn log_odds(&self, customer: &EncodedCustomer, offer: Option<&str>, channel: Option<&str>) -> f64 {
        let layout = &self.layout;
        let channel = layout.channel(channel);
        let cross = |start: usize| -> f64 {
            let weights = &self.weights[start..start + layout.bins];
            customer.bins.iter().map(|&bin| weights[bin as usize]).sum()
        };
        let mut sum = self.weights[0] + customer.main;
        let arm = layout.arm(offer);
        if let Some(arm) = arm {
            sum += self.weights[layout.at_arms() + arm] + cross(layout.at_arm_crosses() + arm * layout.bins);
        }
        if let Some(channel) = channel {
            sum += self.weights[layout.at_channels() + channel];
            sum += cross(layout.at_channel_crosses() + channel * layout.bins);
            if let Some(arm) = arm {
                sum += self.weights[layout.at_pairs() + arm * layout.channels.len() + channel];
            }
        }
        match (&self.trees, arm) {
            (Some(trees), Some(arm)) => {
                let place = trees.treatments.place(arm, channel);
                blended([sum, customer.trees[place]], self.share)
            }
            _ => sum,
        }
    }
}
