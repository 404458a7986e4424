//! What a segment should be, told from all facts in the plainest way: no tallies, no windows that slide, no SQL.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::{DAY, Timestamp};
use crate::history::{Fact, FactType, Value as FactValue};
use crate::rules::Value;
use crate::segments::rule::{MeasureSpec, RuleSegment};

/// The value of a measure for the facts of one customer.
fn measure(spec: &MeasureSpec, facts: &[(&'static FactType, Fact)], now: Timestamp) -> Option<f64> {
    let of = spec.of.as_deref()?;
    let fact_type = match of {
        "orders" | "order_lines" => "order_item",
        "returns" => "return_item",
        "interactions" => "interaction",
        "subscriptions" => "subscription",
        other => panic!("no facts for {other}"),
    };
    let read = |fact: &Fact, of: &FactType, column: &str| fact.values[of.position(column).unwrap()].clone();
    let counted: Vec<&(&FactType, Fact)> = facts
        .iter()
        .filter(|(of, fact)| of.name == fact_type && fact.occurred_at <= now)
        .filter(|(_, fact)| spec.within_days.is_none_or(|days| fact.occurred_at > now.plus(-days * DAY)))
        .filter(|(of, fact)| {
            spec.only.iter().all(|(column, wanted)| match read(fact, of, column) {
                FactValue::Text(found) => wanted.values().contains(&found),
                _ => false,
            })
        })
        .collect();
    let key = if of == "subscriptions" { "subscription_key" } else { "order_key" };
    let text = |value: FactValue| if let FactValue::Text(text) = value { text } else { String::new() };
    let ago = |at: Timestamp| now.days_since(at);
    match spec.take.as_deref().unwrap_or("count") {
        "count" if ["orders", "returns", "subscriptions"].contains(&of) => {
            let keys: BTreeSet<String> = counted.iter().map(|(of, fact)| text(read(fact, of, key))).collect();
            Some(keys.len() as f64)
        }
        "count" => Some(counted.len() as f64),
        "sum" => {
            let amounts = counted.iter().map(|(of, fact)| match read(fact, of, "amount") {
                FactValue::Int(amount) => amount,
                _ => 0,
            });
            Some(amounts.sum::<i64>() as f64 / 100.0)
        }
        "last" => counted.iter().map(|(_, fact)| fact.occurred_at).max().map(ago),
        "first" => counted.iter().map(|(_, fact)| fact.occurred_at).min().map(ago),
        "active" => {
            let mut latest: BTreeMap<String, (Timestamp, bool)> = BTreeMap::new();
            for (of, fact) in counted {
                let change = (fact.occurred_at, text(read(fact, of, "status")) != "ended");
                latest
                    .entry(text(read(fact, of, key)))
                    .and_modify(|known| {
                        // At one instant the end counts.
                        if change.0 > known.0 || change.0 == known.0 && !change.1 {
                            *known = change;
                        }
                    })
                    .or_insert(change);
            }
            Some(latest.values().filter(|(_, active)| *active).count() as f64)
        }
        other => panic!("no way to take {other}"),
    }
}

/// Whether a customer with these facts, in this country, belongs.
pub fn belongs(
    segment: &RuleSegment,
    facts: &[(&'static FactType, Fact)],
    profile: &BTreeMap<String, Value>,
    now: Timestamp,
) -> bool {
    let mut row = profile.clone();
    for (name, spec) in &segment.spec.measures {
        if let Some(value) = measure(spec, facts, now) {
            row.insert(name.clone(), Value::Number(value));
        }
    }
    segment.rule.holds(&row)
}
