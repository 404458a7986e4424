//! Specs as written.

use serde::Deserialize;

use super::{ModelSpec, PurchaseLabel, check, churn, lifetime, segments};
use crate::error::{Error, Fault, Result};
use crate::models::response::ResponseParams;

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
        "churn" => churn::check(read(text, file)?, &mut faults).map(ModelSpec::Churn),
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
