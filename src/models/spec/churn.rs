//! The churn spec: the chance of an event, of whatever kind the label says.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::check::{self, Faults};
use super::split::{RawSplit, Split};
use super::{FeatureSpec, Transform};
use crate::models::algorithms::boosting::BoostingParams;

/// What a churn model must reach on later data before it may serve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChurnGate {
    /// Least area under the ROC curve.
    pub min_auc: f64,
    /// Most log-loss, in nats.
    pub max_log_loss: f64,
    /// Fewest events, and non-events, to train on at all.
    pub min_events: usize,
}

/// The event that is foretold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// No purchase within the horizon, of customers who have bought: leaving without contracts is silent.
    #[default]
    NoPurchase,
    /// A contract that runs at the cut ends within the horizon.
    ContractEnds,
    /// An attribute of the customer has this value; who has no value is left out.
    Attribute {
        /// The attribute.
        attribute: String,
        /// The value that is the event, as text.
        positive: String,
    },
}

impl Target {
    /// The attribute that is the label, where it is one.
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Target::Attribute { attribute, .. } => Some(attribute),
            _ => None,
        }
    }
}

/// How probabilities are calibrated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationChoice {
    /// Whichever has the lower log-loss on customers that it was not fitted on.
    #[default]
    Best,
    /// Two numbers (Platt 1999).
    Platt,
    /// A rising step function, drawn through (Zadrozny and Elkan 2002).
    Isotonic,
}

/// The chance of an event.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `target` | no purchase | `{ attribute, positive }` or `{ contract_ends = true }` | |
/// | `horizon_days` | | how far the label looks ahead; none for an attribute | 1..=1830 |
/// | `features` | none | features of the catalogue | |
/// | `attributes` | none | attributes of the customer: numbers, or with `transform = "categories"` texts | |
/// | `crosses` | none | pairs of features or attributes that act together in the logistic regression | |
/// | `l2` | | penalty of the logistic regression | > 0 |
/// | `boosting` | none | a challenger: boosted trees, and blends of both | |
/// | `calibration` | best | best, platt, isotonic | |
/// | `folds` | 5 | folds of customers to choose and calibrate on; below 2 neither is done | 0..=20 |
/// | `seed` | 1 | deals the folds, draws rows and columns of trees | |
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChurnSpec {
    /// The model's name.
    pub name: String,
    /// The event.
    pub target: Target,
    /// How far the label looks ahead, in days; None where the label is an attribute.
    pub horizon_days: Option<u32>,
    /// What it is predicted from: features of the catalogue.
    pub features: Vec<FeatureSpec>,
    /// What it is predicted from: attributes of the customer.
    pub attributes: Vec<FeatureSpec>,
    /// Pairs that act together.
    pub crosses: Vec<[String; 2]>,
    /// L2 penalty.
    pub l2: f64,
    /// The challenger.
    pub boosting: Option<BoostingParams>,
    /// How to calibrate.
    pub calibration: CalibrationChoice,
    /// Folds of customers to choose and calibrate on.
    pub folds: usize,
    /// Deals the folds.
    pub seed: u64,
    /// What to train on, and what to judge on.
    pub split: Split,
    /// What it must reach.
    pub gate: ChurnGate,
}

/// An attribute's column in a matrix of features.
pub fn attribute_column(attribute: &str) -> String {
    format!("attribute.{attribute}")
}

impl ChurnSpec {
    /// All columns, attributes under their names in the matrix.
    pub fn columns(&self) -> Vec<FeatureSpec> {
        let of_attribute = |spec: &FeatureSpec| FeatureSpec { name: attribute_column(&spec.name), ..spec.clone() };
        self.features.iter().cloned().chain(self.attributes.iter().map(of_attribute)).collect()
    }

    /// The crosses, attributes under their names in the matrix.
    pub fn cross_columns(&self) -> Vec<[String; 2]> {
        let column = |name: &String| {
            if self.attributes.iter().any(|spec| spec.name == *name) { attribute_column(name) } else { name.clone() }
        };
        self.crosses.iter().map(|pair| [column(&pair[0]), column(&pair[1])]).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChurn {
    name: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    target: RawTarget,
    horizon_days: Option<u32>,
    #[serde(default)]
    features: Vec<FeatureSpec>,
    #[serde(default)]
    attributes: Vec<FeatureSpec>,
    #[serde(default)]
    crosses: Vec<[String; 2]>,
    l2: f64,
    boosting: Option<BoostingParams>,
    #[serde(default)]
    calibration: CalibrationChoice,
    #[serde(default = "five")]
    folds: usize,
    #[serde(default = "one")]
    seed: u64,
    split: RawSplit,
    gate: ChurnGate,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTarget {
    attribute: Option<String>,
    positive: Option<String>,
    contract_ends: bool,
}

fn one() -> u64 {
    1
}

fn five() -> usize {
    5
}

fn target(raw: RawTarget, faults: &mut Faults) -> Target {
    match raw {
        RawTarget { attribute: None, positive: None, contract_ends: false } => Target::NoPurchase,
        RawTarget { attribute: None, positive: None, contract_ends: true } => Target::ContractEnds,
        RawTarget { attribute: Some(attribute), positive: Some(positive), contract_ends: false } => {
            Target::Attribute { attribute, positive }
        }
        _ => {
            faults.at("target", "give both attribute and positive, or contract_ends = true, or neither".into());
            Target::NoPurchase
        }
    }
}

pub(super) fn check(raw: RawChurn, faults: &mut Faults) -> Option<ChurnSpec> {
    check::name(&raw.name, faults);
    let target = target(raw.target, faults);
    inputs(&target, &raw.features, &raw.attributes, &raw.crosses, faults);
    match (raw.horizon_days, target.attribute()) {
        (Some(days), None) => {
            faults.demand((1..=1830).contains(&days), "horizon_days", || format!("{days} is outside 1..1830"));
        }
        (None, None) => faults.at("horizon_days", "say how far the label looks ahead".into()),
        (Some(_), Some(_)) => faults.at("horizon_days", "a label that is an attribute looks at no time".into()),
        (None, Some(_)) => {}
    }
    faults.demand(raw.l2 > 0.0 && raw.l2.is_finite(), "l2", || format!("{} must be above 0", raw.l2));
    faults.demand(raw.folds <= 20, "folds", || format!("{} is above 20", raw.folds));
    if let Some(Err(error)) = raw.boosting.as_ref().map(BoostingParams::check_ref) {
        faults.at("boosting", error.to_string());
    }
    let gate = raw.gate;
    faults.demand((0.5..1.0).contains(&gate.min_auc), "gate.min_auc", || {
        format!("{} is outside 0.5..1; 0.5 is a coin", gate.min_auc)
    });
    faults.demand(gate.max_log_loss > 0.0, "gate.max_log_loss", || {
        format!("{} must be above 0; 0.693 is a coin", gate.max_log_loss)
    });
    let split = raw.split.check(faults)?;
    faults.demand(split.is_in_time() == target.attribute().is_none(), "split", || match target.attribute() {
        Some(_) => "a label that is an attribute is split by folds, or by index and test_from".into(),
        None => "a label that looks ahead is split by train_cuts, or by train and test".into(),
    });
    Some(ChurnSpec {
        name: raw.name,
        target,
        horizon_days: raw.horizon_days,
        features: raw.features,
        attributes: raw.attributes,
        crosses: raw.crosses,
        l2: raw.l2,
        boosting: raw.boosting,
        calibration: raw.calibration,
        folds: raw.folds,
        seed: raw.seed,
        split,
        gate,
    })
}

fn inputs(
    target: &Target,
    features: &[FeatureSpec],
    attributes: &[FeatureSpec],
    crosses: &[[String; 2]],
    faults: &mut Faults,
) {
    if attributes.is_empty() || !features.is_empty() {
        check::features(features, faults);
    }
    if !attributes.is_empty() {
        check::features_at("attributes", attributes, faults);
    }
    for feature in features.iter().filter(|feature| feature.transform == Transform::Categories) {
        faults.at("features", format!("`{}`: features are numbers; categories are for attributes", feature.name));
    }
    if let Some(label) = target.attribute() {
        faults.demand(!attributes.iter().any(|spec| spec.name == label), "attributes", || {
            format!("`{label}` is the label: it cannot foretell itself")
        });
    }
    for name in crosses.iter().flatten() {
        faults.demand(features.iter().chain(attributes).any(|spec| spec.name == *name), "crosses", || {
            format!("`{name}` is none of the features and attributes")
        });
    }
}
