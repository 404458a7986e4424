//! A customer's story in lines, each decision with its why.

use serde_json::{Value, json};

use super::figures::{Show, tone_of};
use crate::decisions::store::DecisionRow;
use crate::reports::timeline::Entry;

/// The entries, newest first, as the page shows them.
pub fn lines(show: &Show<'_>, entries: &[Entry], decisions: &[DecisionRow]) -> Vec<Value> {
    let line = |entry: &Entry| {
        let decision = decisions.iter().find(|row| entry.kind == "decision" && Some(row.id.0) == entry.id);
        let mut title = entry.title.clone();
        if let Some(first) = title.get(..1) {
            title = first.to_uppercase() + &title[1..];
        }
        json!({
            "at": show.time(entry.at),
            "title": title,
            "detail": entry.detail,
            "amount": entry.amount.map(|amount| show.money(amount)),
            "amount_tone": entry.amount.map(|amount| tone_of(amount.0 as f64)),
            "why": decision.map(|row| why(show, &trace(row))),
            "tone": tone(entry),
        })
    };
    entries.iter().map(line).collect()
}

/// The newest decision, in full.
pub fn next(show: &Show<'_>, row: &DecisionRow) -> Value {
    let choice = match (&row.offer, &row.channel) {
        (Some(offer), Some(channel)) => format!("{offer} by {channel}"),
        _ => "Nothing: leave this customer alone".into(),
    };
    let when = row.slot_from.map_or_else(String::new, |at| format!(", for {}", show.time(at)));
    let held =
        if row.arm().is_some_and(crate::decisions::Arm::is_holdout) { "; held out, so it is not sent" } else { "" };
    let when = format!("Decided {}{when}{held}", show.time(row.decided_at));
    json!({ "choice": choice, "when": when, "why": why(show, &trace(row)) })
}

fn trace(row: &DecisionRow) -> Value {
    serde_json::from_str(&row.trace).unwrap_or_default()
}

/// Why this, and why not each other: of the kept trace one sentence for each treatment, that of its best slot, the choice first.
pub fn why(show: &Show<'_>, trace: &Value) -> Vec<String> {
    let mut best: Vec<(String, f64, String)> = Vec::new();
    for candidate in trace["candidates"].as_array().into_iter().flatten() {
        let (offer, channel) = (&candidate["treatment"]["offer_key"], &candidate["treatment"]["channel"]);
        let name = format!("{} by {}", offer.as_str().unwrap_or_default(), channel.as_str().unwrap_or_default());
        let chosen = ["chosen", "drawn", "substituted"].iter().any(|word| candidate["outcome"] == *word);
        let rank = if chosen { f64::INFINITY } else { candidate["value"]["total"].as_f64().unwrap_or(f64::MIN) };
        let line = format!("{name}: {}", outcome(show, candidate));
        match best.iter_mut().find(|(known, _, _)| *known == name) {
            Some(known) if known.1 >= rank => {}
            Some(known) => *known = (name, rank, line),
            None => best.push((name, rank, line)),
        }
    }
    // Decisions in real time keep the others by what became of them.
    for (became, treatments) in trace["others"].as_object().into_iter().flatten() {
        for (name, numbers) in treatments.as_object().into_iter().flatten() {
            let total = numbers[0].as_f64().unwrap_or_default();
            let worth = show.amount(total);
            best.push((name.clone(), total, format!("{name}: {}, it would add {worth}", became.replace('_', " "))));
        }
    }
    best.sort_by(|a, b| b.1.total_cmp(&a.1));
    best.into_iter().map(|(_, _, line)| line).collect()
}

fn outcome(show: &Show<'_>, candidate: &Value) -> String {
    let word = candidate["outcome"].as_str().unwrap_or_default();
    let worth = candidate["value"]["total"].as_f64().map_or_else(String::new, |total| show.amount(total));
    match word {
        "chosen" => format!("chosen, it adds {worth}"),
        "drawn" => "drawn at random, to learn from it".into(),
        "substituted" => "chosen in the place of one for which there was no capacity".into(),
        "not_drawn" => "another one was drawn at random".into(),
        "not_eligible" => format!("it needs {}", candidate["rule"].as_str().unwrap_or("another customer")),
        "refused" | "with_other" => format!("contact policy forbids it ({})", refusal(&candidate["refusal"])),
        "no_gain" => format!("it would add {worth}"),
        "priced" => {
            let resource = candidate["resource"].as_str().unwrap_or("what it uses");
            format!("it would add {worth}, but {resource} is worth more elsewhere")
        }
        "beaten" => format!("it would add {worth}; another is better"),
        "no_capacity" => "there was no capacity left".into(),
        "profiling_objection" => "the customer objects to profiling".into(),
        other => other.replace('_', " "),
    }
}

/// The name of a refusal, which stands in the trace as a word or as an object with one key or a `kind`.
fn refusal(value: &Value) -> String {
    let word = match value {
        Value::String(word) => word.as_str(),
        Value::Object(map) => {
            value["kind"].as_str().or_else(|| map.keys().next().map(String::as_str)).unwrap_or("refused")
        }
        _ => "refused",
    };
    word.replace('_', " ")
}

fn tone(entry: &Entry) -> &'static str {
    match (entry.kind, entry.title.as_str()) {
        ("order", _) | ("outcome", "conversion") => "good",
        ("return", _) | ("outcome", "complaint" | "unsubscribe" | "bounce") => "bad",
        _ => "",
    }
}
