//! Checks specs: all faults at once.

use linfa::ParamGuard;

use super::raw::RawResponse;
use super::{FeatureSpec, ModelSpec, ResponseSpec};
use crate::error::{Error, Fault, Result};
use crate::models::algorithms::boosting::BoostingParams;

#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn at(&mut self, key: &str, message: String) {
        self.0.push(Fault::at(key, message));
    }

    pub(super) fn demand(&mut self, good: bool, key: &str, message: impl FnOnce() -> String) {
        if !good {
            self.at(key, message());
        }
    }

    pub(super) fn into_result(self, spec: Option<ModelSpec>, text: &str, file: &str) -> Result<ModelSpec> {
        if let (Some(spec), true) = (spec, self.0.is_empty()) {
            return Ok(spec);
        }
        let placed = self.0.into_iter().map(|fault| {
            let line = line_of(text, &fault.key);
            let fault = fault.in_file(file);
            line.map_or(fault.clone(), |line| fault.on_line(line))
        });
        Err(Error::faults("the model spec cannot be used", placed.collect()))
    }
}

/// The line of a key, `table.key` or `key`; None when it does not stand on a line of its own.
fn line_of(text: &str, key: &str) -> Option<u64> {
    let (table, name) = key.split_once('.').map_or((None, key), |(table, name)| (Some(table), name));
    let mut inside: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = Some(header);
        } else if inside == table && line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return Some(number);
        }
    }
    None
}

pub(super) fn name(name: &str, faults: &mut Faults) {
    let good =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
    faults.demand(good, "name", || format!("`{name}` must be made of a-z, 0-9, - and _"));
}

pub(super) fn features(features: &[FeatureSpec], faults: &mut Faults) {
    features_at("features", features, faults);
}

pub(super) fn features_at(key: &str, features: &[FeatureSpec], faults: &mut Faults) {
    faults.demand(!features.is_empty(), key, || "name at least one feature".into());
    for (index, feature) in features.iter().enumerate() {
        let twice = features[..index].iter().any(|other| other.name == feature.name);
        faults.demand(!twice, key, || format!("`{}` stands there twice", feature.name));
        faults.demand((2..=50).contains(&feature.bins), key, || {
            format!("`{}`: {} bins are outside 2..50", feature.name, feature.bins)
        });
    }
}

pub(super) fn response(raw: RawResponse, faults: &mut Faults) -> ResponseSpec {
    name(&raw.name, faults);
    let share = raw.split.test_share;
    faults.demand((0.05..=0.5).contains(&share), "split.test_share", || format!("{share} is outside 0.05..0.5"));
    let gain = raw.gate.min_gain;
    faults.demand(gain.is_finite(), "gate.min_gain", || format!("{gain} is not a number"));
    let learning = raw.learning;
    faults.demand((2..=50).contains(&learning.bins), "learning.bins", || format!("{} is outside 2..50", learning.bins));
    for (key, penalty) in [
        ("learning.l2_main", learning.l2_main),
        ("learning.l2_arm", learning.l2_arm),
        ("learning.l2_cross", learning.l2_cross),
    ] {
        faults.demand(penalty > 0.0 && penalty.is_finite(), key, || format!("{penalty} must be above 0"));
    }
    let limit = learning.weight_limit;
    faults.demand(limit >= 1.0, "learning.weight_limit", || format!("{limit} is below 1"));
    let weight = learning.default_weight;
    faults.demand(weight >= 0.0, "learning.default_weight", || format!("{weight} is below 0"));
    if let Some(Err(error)) = learning.boosting.as_ref().map(BoostingParams::check_ref) {
        faults.at("learning.boosting", error.to_string());
    }
    faults.demand(learning.folds <= 20, "learning.folds", || format!("{} is above 20", learning.folds));
    if let Some(label) = raw.label {
        let good = label.from_days < label.until_days && label.until_days <= 3_650;
        faults.demand(good, "label.until_days", || "must lie after from_days and within ten years".to_owned());
    }
    ResponseSpec { name: raw.name, label: raw.label, learning, test_share: share, min_gain: gain }
}
