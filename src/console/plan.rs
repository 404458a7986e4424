//! The kept plan of a campaign, as bars and sentences.

use serde_json::{Value, json};

use super::figures::{Show, count, figure, path_part, tone_of};
use super::{bar, figures};
use crate::decisions::waterfall::Step;
use crate::decisions::waterfall::Waterfall;
use crate::money::Money;
use crate::rules::{Literal, Op, RuleSpec};

/// What the page shows of a plan, which is read as it was kept.
pub fn view(show: &Show<'_>, plan: &Value) -> Value {
    let waterfall: Waterfall = serde_json::from_value(plan["waterfall"].clone()).unwrap_or_default();
    let lines = plan["waterfall_lines"].as_array().cloned().unwrap_or_default();
    let advice: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            line.as_str()?.trim().strip_prefix("No one is left: ").map(|rest| format!("No one is left: {rest}"))
        })
        .collect();
    let samples = plan["samples"].as_array().cloned().unwrap_or_default();
    json!({
        "decided_at": plan["decided_at"].as_str().map(|text| show.written_time(text)),
        "figures": plan_figures(show, plan),
        "waterfall": steps(&waterfall),
        "advice": advice,
        "split": split(&plan["forecast"]),
        "prices": plan["prices"],
        "relaxed": plan["relaxed"],
        "segments": segments(show, &plan["forecast"]["by_segment"]),
        "proof": proof(show, &plan["proof"]),
        "detectable": detectable(show, &plan["detectable"]),
        "samples": samples.iter().enumerate().map(|(i, sample)| sample_view(i, sample)).collect::<Vec<_>>(),
    })
}

fn plan_figures(show: &Show<'_>, plan: &Value) -> Vec<figures::Figure> {
    let forecast = &plan["forecast"];
    let number = |key: &str| forecast[key].as_i64().unwrap_or(0);
    let profit = number("profit");
    let interval =
        match forecast["interval"].as_array().map(|ends| ends.iter().filter_map(Value::as_i64).collect::<Vec<_>>()) {
            Some(ends) if ends.len() == 2 => {
                format!(
                    "incremental profit; 95 % interval {} to {}",
                    show.money(Money(ends[0])),
                    show.money(Money(ends[1]))
                )
            }
            _ => "incremental profit of the contacts".to_owned(),
        };
    vec![
        figure("Contacts", count(number("contacts")), "messages and calls to be made"),
        figure("Expected gain", show.money(Money(profit)), interval).toned(tone_of(profit as f64)),
        figure("Expected spend", show.money(Money(number("spend"))), "contacts and redeemed benefits"),
        figure("Tried at random", count(number("explorers")), "customers, to learn from"),
        figure("Held out", count(number("holdout")), "customers, to measure against"),
    ]
}

fn steps(waterfall: &Waterfall) -> Vec<Value> {
    let whole = waterfall.audience as f64;
    let line = |name: &str, left: u64, why: String, tone: &'static str| json!({ "name": name, "left": count(left as i64), "why": why, "bar": bar::share(left as f64, whole, tone) });
    let mut lines = vec![line("audience", waterfall.audience, String::new(), "")];
    for step in Step::ALL {
        let left = waterfall.left.get(&step).copied().unwrap_or(0);
        let mut reasons: Vec<(&String, &u64)> = waterfall.fell.get(&step).into_iter().flatten().collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let why: Vec<String> =
            reasons.iter().map(|(reason, n)| format!("{} {}", count(**n as i64), reason.replace('_', " "))).collect();
        lines.push(line(step.words(), left, why.join(", "), if step == Step::Chosen { "last" } else { "" }));
    }
    lines
}

/// Contacts by channel, and by offer.
fn split(forecast: &Value) -> Vec<Value> {
    let most = forecast["contacts"].as_f64().unwrap_or(0.0);
    let line = |(name, number): (&String, &Value)| {
        let number = number.as_i64().unwrap_or(0);
        json!({ "name": name, "count": count(number), "bar": bar::share(number as f64, most, "") })
    };
    [("By channel", "by_channel"), ("By offer", "by_offer")]
        .into_iter()
        .map(|(name, part)| {
            let lines: Vec<Value> = forecast[part].as_object().into_iter().flatten().map(line).collect();
            json!({ "name": name, "lines": lines })
        })
        .collect()
}

/// What each segment gets and brings.
fn segments(show: &Show<'_>, by_segment: &Value) -> Vec<Value> {
    let line = |(name, part): (&String, &Value)| {
        let number = |key: &str| part[key].as_i64().unwrap_or(0);
        json!({
            "name": name,
            "customers": count(number("customers")),
            "contacts": count(number("contacts")),
            "spend": show.money(Money(number("spend"))),
            "profit": show.money(Money(number("profit"))),
        })
    };
    by_segment.as_object().into_iter().flatten().map(line).collect()
}

fn proof(show: &Show<'_>, proof: &Value) -> Option<String> {
    let (value, bound, gap) = (proof["value"].as_i64()?, proof["bound"].as_f64()?, proof["gap"].as_f64()?);
    Some(format!(
        "The choice is worth {}; no choice within the same limits is worth more than {} (proven gap {}).",
        show.money(Money(value)),
        show.amount(bound),
        if gap < 0.0001 { "below 0.01 %".to_owned() } else { format!("{:.2} %", gap * 100.0) },
    ))
}

fn detectable(show: &Show<'_>, found: &Value) -> Option<String> {
    let least = found["per_customer"].as_f64()?;
    let expected = found["expected_per_customer"].as_f64()?;
    let (treated, holdout) = (found["treated"].as_i64()?, found["holdout"].as_i64()?);
    let judged = if expected >= least { "so it should show" } else { "so one run may not show it" };
    Some(format!(
        "With {} customers against {} held out, a true effect of {} per customer would be found four times in five; {} is \
         expected, {judged}.",
        count(treated),
        count(holdout),
        show.amount(least),
        show.amount(expected),
    ))
}

fn sample_view(index: usize, sample: &Value) -> Value {
    let arm = sample["arm"].as_str().unwrap_or_default();
    let tone = match arm {
        _ if !sample["choice"].is_string() => "",
        "treated" => "brand",
        "exploration" => "warn",
        _ => "",
    };
    let message = &sample["message"];
    let customer = sample["customer"].as_str().unwrap_or_default();
    json!({
        "index": index,
        "arm": arm.replace('_', " "),
        "tone": tone,
        "customer": customer,
        "customer_path": path_part(customer),
        "choice": sample["choice"].as_str().unwrap_or("nothing"),
        "why": sample["why"],
        "message": message.is_object(),
        "locale": message["locale"],
        "subject": message["subject"],
        "html": message["html"].is_string(),
        "text": message["text"],
    })
}

/// A rule as written, in words; the names of facts stay as they are.
pub fn rule_words(rule: &RuleSpec) -> String {
    let joined = |rules: &[RuleSpec], word: &str| {
        rules.iter().map(|rule| format!("({})", rule_words(rule))).collect::<Vec<_>>().join(word)
    };
    if let Some(all) = &rule.all {
        return if all.len() == 1 { rule_words(&all[0]) } else { joined(all, " and ") };
    }
    if let Some(any) = &rule.any {
        return if any.len() == 1 { rule_words(&any[0]) } else { joined(any, " or ") };
    }
    if let Some(not) = &rule.not {
        return format!("not ({})", rule_words(not));
    }
    let verb = match rule.op {
        Some(Op::Eq) => "is",
        Some(Op::Ne) => "is not",
        Some(Op::Lt) => "is below",
        Some(Op::Le) => "is at most",
        Some(Op::Gt) => "is above",
        Some(Op::Ge) => "is at least",
        Some(Op::In) => "is one of",
        Some(Op::Contains) => "contains",
        Some(Op::Exists) | None => "is known:",
    };
    let value = rule.value.as_ref().map_or_else(String::new, literal_words);
    format!("{} {verb} {value}", rule.field.as_deref().unwrap_or_default().replace('_', " "))
}

fn literal_words(literal: &Literal) -> String {
    match literal {
        Literal::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => text.clone(),
        Literal::Many(many) => many.iter().map(literal_words).collect::<Vec<_>>().join(", "),
    }
}
