//! The variants of an experiment beside each other, and what follows.

use serde_json::{Value, json};

use super::figures::{Show, count, percent};
use crate::experiments::verdict::Choice;
use crate::operations::results::ExperimentResults;

/// The table of variants with the verdict above it.
pub fn view(show: &Show<'_>, experiment: &ExperimentResults, may_choose: bool) -> Value {
    let verdict = &experiment.verdict;
    let (words, tone) = match (verdict.choice, &verdict.winner) {
        (Choice::Ship, Some(winner)) => (format!("Variant {winner} is better."), "good"),
        (Choice::Ship | Choice::Keep, _) => ("Stay with the first variant.".into(), "warn"),
        (Choice::NoDifference, _) => ("No difference that matters.".into(), "warn"),
        (Choice::Inconclusive, _) => ("No winner: the data do not tell yet.".into(), "warn"),
        (Choice::Broken, _) => ("The assignment is broken; nothing can be read from it.".into(), "bad"),
    };
    json!({
        "name": experiment.name,
        "goal": experiment.goal,
        "words": words,
        "tone": tone,
        "may_choose": may_choose,
        "variants": variants(show, experiment),
        "reasons": verdict.reasons.iter().chain(&verdict.warnings).collect::<Vec<_>>(),
    })
}

fn variants(show: &Show<'_>, experiment: &ExperimentResults) -> Vec<Value> {
    let lines = experiment.variants.iter().map(|variant| {
        let compared = experiment.comparisons.iter().find(|comparison| comparison.variant == variant.name);
        let effect = compared.map(|comparison| {
            let of =
                if experiment.population == "assigned" { &comparison.assigned } else { &comparison.would_be_contacted };
            match of {
                Ok(effect) => format!(
                    "{} to {}",
                    shown(show, experiment, effect.ci_lower),
                    shown(show, experiment, effect.ci_upper)
                ),
                Err(_) => "–".to_owned(),
            }
        });
        json!({
            "name": variant.name,
            "drawn": percent(variant.propensity),
            "customers": count(variant.customers as i64),
            "converted": count(variant.converted as i64),
            "rate": percent(variant.rate),
            "clicked": count(variant.clicked as i64),
            "unsubscribed": count(variant.unsubscribed as i64),
            "profit": show.amount(variant.profit.0 as f64 / variant.customers.max(1) as f64),
            "effect": effect.unwrap_or_default(),
        })
    });
    lines.collect()
}

/// An amount, or a share in points.
fn shown(show: &Show<'_>, experiment: &ExperimentResults, value: f64) -> String {
    match experiment.goal {
        "revenue" | "margin" | "profit" => show.amount(value),
        _ => format!("{:+.2} points", value * 100.0),
    }
}
