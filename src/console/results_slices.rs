//! The lift by segment and by day.

use serde_json::{Value, json};

use super::figures::{Show, count};
use crate::experiments::Effect;
use crate::operations::results::RunResults;

fn interval(show: &Show<'_>, effect: &Effect) -> String {
    format!("{} to {}", show.amount(effect.ci_lower), show.amount(effect.ci_upper))
}

/// A line for each segment.
pub fn segments(show: &Show<'_>, run: &RunResults) -> Vec<Value> {
    let lines = run.by_segment.iter().map(|segment| {
        let effect = segment.lift.as_ref().ok().map(|lift| lift.per_customer);
        json!({
            "name": if segment.segment.is_empty() { "–" } else { &segment.segment },
            "treated": count(segment.treated as i64),
            "holdout": count(segment.holdout as i64),
            "effect": effect.map_or("–".into(), |effect| show.amount(effect.point_estimate)),
            "interval": effect.map_or("–".into(), |effect| interval(show, &effect)),
            "p": segment.adjusted_p_value.map_or("–".into(), |p| format!("{p:.3}")),
        })
    });
    lines.collect()
}

/// A line for each day that has passed.
pub fn days(show: &Show<'_>, run: &RunResults) -> Vec<Value> {
    let lines = run.by_day.iter().map(|day| {
        let effect = day.effect.as_ref().ok();
        json!({
            "day": day.day + 1,
            "treated": show.amount(day.treated),
            "holdout": show.amount(day.holdout),
            "effect": effect.map_or("–".into(), |effect| show.amount(effect.point_estimate)),
            "interval": effect.map_or("–".into(), |effect| interval(show, effect)),
        })
    });
    lines.collect()
}
