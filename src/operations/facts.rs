//! The facts that rules may name: features, scores, the profile and its attributes; and their values for one customer.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::customers::{Customer, CustomerState, store as customers};
use crate::decisions::Facts;
use crate::error::Result;
use crate::models::lifetime_score;
use crate::operations::Workspace;
use crate::rules::{Catalogue, Kind, Value};
use crate::segments::rule::SEGMENTS;
use crate::settings::ContextKind;
use crate::storage::Connection;

/// The placement that asks in real time; not known otherwise.
pub const PLACEMENT: &str = "placement";
/// What the names of facts begin with that come with a request in real time.
pub const CONTEXT: &str = "context.";

/// Facts of the profile and of the serving row, with their kinds.
const PROFILE: [(&str, Kind); 15] = [
    ("kind", Kind::Text),
    ("country", Kind::Text),
    ("locale", Kind::Text),
    ("zone", Kind::Text),
    ("tracking", Kind::Flag),
    ("acquired_at", Kind::Time),
    ("segment", Kind::Text),
    ("stage", Kind::Text),
    ("service_level", Kind::Text),
    ("orders", Kind::Number),
    ("revenue", Kind::Number),
    ("profit", Kind::Number),
    ("open_complaints", Kind::Number),
    ("last_order_at", Kind::Time),
    (SEGMENTS, Kind::List),
];

/// Scores that models write.
pub const SCORES: [&[&str]; 2] = [&["churn"], &lifetime_score::SERVING];

/// Customers whose attributes are looked at to learn which attributes there are.
const SAMPLE: i64 = 2_000;

/// Every fact a rule may name. Attributes of the profile are `attribute.NAME`; their kind is that of the first value found.
pub fn catalogue(ws: &Workspace, conn: &mut Connection) -> Result<Catalogue> {
    let mut facts: Catalogue = PROFILE.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
    facts.extend(SCORES.iter().copied().flatten().map(|name| ((*name).to_owned(), Kind::Number)));
    facts.insert(PLACEMENT.to_owned(), Kind::Text);
    facts.extend(ws.settings().context.iter().map(|(name, kind)| {
        let kind = match kind {
            ContextKind::Text => Kind::Text,
            ContextKind::Number => Kind::Number,
            ContextKind::Flag => Kind::Flag,
        };
        (format!("{CONTEXT}{name}"), kind)
    }));
    for family in ws.features().families() {
        facts.extend(family.features.iter().map(|feature| (feature.name.clone(), Kind::Number)));
    }
    for customer in customers::page(conn, None, SAMPLE)? {
        for (name, value) in customer.attribute_map() {
            let kind = match value {
                serde_json::Value::Bool(_) => Kind::Flag,
                serde_json::Value::Number(_) => Kind::Number,
                serde_json::Value::String(_) => Kind::Text,
                _ => continue,
            };
            facts.entry(format!("attribute.{name}")).or_insert(kind);
        }
    }
    Ok(facts)
}

/// What is known of one customer, by the names of the catalogue. Amounts are in units of the currency. `segments`: the rule
/// segments to which the customer belongs.
pub fn of(customer: &Customer, state: Option<&CustomerState>, segments: Vec<Arc<str>>, minor_units: f64) -> Facts {
    let mut facts: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let mut set = |name: &str, value: Value| {
        facts.insert(name.into(), value);
    };
    set("kind", Value::Text(customer.kind.as_str().into()));
    set("tracking", Value::Flag(customer.tracking));
    set(SEGMENTS, Value::List(segments));
    for (name, text) in [("country", &customer.country), ("locale", &customer.locale), ("zone", &customer.zone)] {
        if let Some(text) = text {
            set(name, Value::Text(text.as_str().into()));
        }
    }
    if let Some(at) = customer.acquired_at {
        set("acquired_at", Value::Time(at));
    }
    for (name, value) in customer.attribute_map() {
        let value = match value {
            serde_json::Value::Bool(flag) => Value::Flag(flag),
            serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Value::Text(text.as_str().into()),
            _ => continue,
        };
        set(&format!("attribute.{name}"), value);
    }
    if let Some(state) = state {
        for (name, value) in state.feature_map().into_iter().chain(state.score_map()) {
            set(&name, Value::Number(value));
        }
        if let Some(segment) = &state.segment {
            set("segment", Value::Text(segment.as_str().into()));
        }
        if let Some(stage) = &state.stage {
            set("stage", Value::Text(stage.as_str().into()));
        }
        if let Some(level) = &state.service_level {
            set("service_level", Value::Text(level.as_str().into()));
        }
        if let Some(at) = state.last_order_at {
            set("last_order_at", Value::Time(at));
        }
        set("orders", Value::Number(state.orders as f64));
        set("revenue", Value::Number(state.revenue.0 as f64 / minor_units));
        set("profit", Value::Number(state.profit.0 as f64 / minor_units));
        set("open_complaints", Value::Number(state.open_complaints as f64));
    }
    Facts::new(facts)
}
