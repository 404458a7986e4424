//! Specs as written.

use serde::Deserialize;

use super::{ChurnGate, FeatureSpec, ModelSpec, PurchaseLabel, check, lifetime, segments};
use crate::error::{Error, Fault, Result};
use crate::models::response::ResponseParams;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChurn {
    pub name: String,
    #[serde(rename = "kind")]
    _kind: String,
    pub horizon_days: u32,
    pub features: Vec<FeatureSpec>,
    pub l2: f64,
    #[serde(default = "five")]
    pub folds: usize,
    #[serde(default = "one")]
    pub seed: u64,
    pub split: RawSplit,
    pub gate: ChurnGate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSplit {
    pub train_cuts: Option<usize>,
    pub train: Option<Vec<String>>,
    pub test: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResponse {
    pub name: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    pub label: Option<PurchaseLabel>,
    #[serde(default)]
    pub learning: ResponseParams,
    pub split: RawResponseSplit,
    pub gate: RawResponseGate,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResponseSplit {
    pub test_share: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawResponseGate {
    pub min_gain: f64,
}

fn one() -> u64 {
    1
}

fn five() -> usize {
    5
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    kind: String,
}

pub(super) fn parse(text: &str, file: &str) -> Result<ModelSpec> {
    let kind = read::<Kind>(text, file)?.kind;
    let mut faults = check::Faults::default();
    let spec = match kind.as_str() {
        "segments" => Some(ModelSpec::Segments(segments::checked(read(text, file)?, &mut faults))),
        "churn" => check::churn(read(text, file)?, &mut faults).map(ModelSpec::Churn),
        "lifetime" => lifetime::check(read(text, file)?, &mut faults).map(ModelSpec::Lifetime),
        "response" => Some(ModelSpec::Response(check::response(read(text, file)?, &mut faults))),
        _ => {
            faults.at("kind", format!("`{kind}` is none of segments, churn, lifetime, response"));
            None
        }
    };
    faults.into_result(spec, text, file)
}

fn read<T: serde::de::DeserializeOwned>(text: &str, file: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count() as u64);
        let fault = Fault { line, message: error.message().to_owned(), ..Fault::default() };
        Error::faults("the model spec does not parse", vec![fault.in_file(file)])
    })
}
