//! What governs a decision: eligibility, contact policy, holdouts, experiments, exploration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assignment::AssignmentPolicy;
use super::contact_policy::ContactPolicy;
use super::exploration::Exploration;
use crate::ids::OfferId;
use crate::rules::Rule;

/// All checked parts that a decision needs besides the customer, the candidates and the prices.
#[derive(Debug, Clone)]
pub struct DecisionPolicy {
    /// Who may be shown each offer; an offer without a rule may be shown to all.
    pub eligibility: BTreeMap<OfferId, Arc<Rule>>,
    /// The campaign's audience; others are not eligible for anything.
    pub audience: Option<Arc<Rule>>,
    /// Whom one may contact, when, how often.
    pub contact: ContactPolicy,
    /// Holdouts and experiments.
    pub assignment: AssignmentPolicy,
    /// How much is tried at random.
    pub exploration: Exploration,
    /// At most this many contacts for a customer in one decision (1..=8).
    pub per_customer: usize,
    /// A contact that adds no more than this, before prices, is not worth making; in minor units, 0 by default.
    pub least_value: f64,
}

impl Default for DecisionPolicy {
    fn default() -> DecisionPolicy {
        DecisionPolicy {
            eligibility: BTreeMap::new(),
            audience: None,
            contact: ContactPolicy::default(),
            assignment: AssignmentPolicy::default(),
            exploration: Exploration::default(),
            per_customer: 1,
            least_value: 0.0,
        }
    }
}
