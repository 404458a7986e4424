//! A decision: what was chosen for one customer, or nothing, and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::candidate::{Slot, Treatment};
use super::trace::Trace;
use crate::clock::Timestamp;
use crate::ids::CustomerId;

/// By which way the choice was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The best choice at the prices.
    Treated,
    /// A uniform draw over the feasible treatments and none.
    Exploration,
    /// No marketing contact in any campaign; decided in shadow.
    GlobalHoldout,
    /// No contact in this campaign; decided in shadow.
    CampaignHoldout,
}

impl Arm {
    /// The word in the store.
    pub fn name(self) -> &'static str {
        match self {
            Arm::Treated => "treated",
            Arm::Exploration => "exploration",
            Arm::GlobalHoldout => "global_holdout",
            Arm::CampaignHoldout => "campaign_holdout",
        }
    }

    /// Reads [`Arm::name`].
    pub fn parse(name: &str) -> Option<Arm> {
        [Arm::Treated, Arm::Exploration, Arm::GlobalHoldout, Arm::CampaignHoldout]
            .into_iter()
            .find(|arm| arm.name() == name)
    }

    /// Whether the decision is made in shadow: nothing is sent, nothing is used up.
    pub fn is_holdout(self) -> bool {
        matches!(self, Arm::GlobalHoldout | Arm::CampaignHoldout)
    }
}

/// One contact that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Its position among the candidates.
    pub candidate: usize,
    /// What is proposed and how.
    pub treatment: Arc<Treatment>,
    /// When.
    pub slot: Slot,
    /// Its value, in ticks.
    pub value: i64,
    /// Its value less what it uses at the prices, in ticks.
    pub net: f64,
    /// P(convert | this contact).
    pub p1: f64,
    /// P(convert | no contact).
    pub p0: f64,
    /// The share of the customer's activity that falls into the hour in which the slot begins, 0 to 1.
    pub hour_share: f64,
    /// Expected spending, in ticks.
    pub spend: i64,
}

/// What was decided for one customer.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The customer.
    pub customer_id: CustomerId,
    /// When.
    pub decided_at: Timestamp,
    /// By which way.
    pub arm: Arm,
    /// The variant of each experiment the customer is in: (experiment, variant).
    pub variants: Vec<(Arc<str>, Arc<str>)>,
    /// The chance with which the variant of the first experiment was drawn; none without one.
    pub variant_propensity: Option<f64>,
    /// The contacts; empty for none. In the holdout: what would have been chosen, never to be sent.
    pub chosen: Vec<Choice>,
    /// Probability of this very choice given the arm: exact for exploration, 1 for the others, whose choice is certain at the
    /// prices. Estimates of other policies use exploration only.
    pub propensity: f64,
    /// Whether keeping within the capacities forced another choice than the prices alone made.
    pub forced: bool,
    /// Why this, and why not each other candidate.
    pub trace: Trace,
}

impl Decision {
    /// The contacts to make: those chosen, unless the decision was made in shadow.
    pub fn to_make(&self) -> &[Choice] {
        if self.arm.is_holdout() { &[] } else { &self.chosen }
    }
}
