//! How well and how fast clients are known, one JSON line a figure: `cargo bench --bench clients -- CASE...`, of kmeans, lifetime,
//! logistic, starbucks and hillstrom.
//!
//! Settings of response models are those of `models/response.toml`; `SEED=2` changes the seed.

#![allow(clippy::print_stdout)] // its lines are its result

#[path = "clients/lifetime.rs"]
mod lifetime;

use serde_json::json;
use vizavi::models::ResponseParams;
use vizavi::models::spec::{EMBEDDED, ModelSpec};

#[path = "clients/hillstrom.rs"]
mod hillstrom;
#[path = "clients/kmeans.rs"]
mod kmeans;
#[path = "clients/logistic.rs"]
mod logistic;
#[path = "clients/starbucks.rs"]
mod starbucks;

const FOLDS: usize = 5;

fn line(case: &str, metric: &str, value: f64, unit: &str) {
    println!("{}", json!({"bench": "clients", "case": case, "metric": metric, "value": value, "unit": unit}));
}

fn main() {
    // `-- kmeans` for this case alone.
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |case: &str| named.is_empty() || named.iter().any(|name| name == case);
    if wanted("kmeans") {
        kmeans::run();
    }
    if wanted("lifetime") {
        lifetime::run();
    }
    if wanted("logistic") {
        logistic::run();
    }
    if wanted("starbucks") {
        starbucks::run();
    }
    if wanted("hillstrom") {
        hillstrom::run();
    }
}

/// The settings of the response model that come with the program, with the seed that is asked for.
fn learning() -> ResponseParams {
    let (name, text) = EMBEDDED.iter().find(|(name, _)| *name == "response").expect("the spec comes with the program");
    let Ok(ModelSpec::Response(spec)) = ModelSpec::parse(text, name) else { panic!("{name} is no response model") };
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(spec.learning.seed);
    ResponseParams { seed, ..spec.learning }
}
