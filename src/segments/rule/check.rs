//! From a segment as written to one that can run: all faults at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::measure::{Measure, Only, Take};
use super::spec::{MeasureSpec, SegmentSpec};
use super::{RuleSegment, SEGMENTS, Since};
use crate::clock::DAY;
use crate::error::{Error, Fault, Result};
use crate::history::facts::{CLAIM, EVENT, INTERACTION, ORDER_ITEM, RETURN_ITEM, SUBSCRIPTION};
use crate::history::{Fact, FactType, Kind as ColumnKind};
use crate::rules::{Catalogue, Kind, OneOrMany, Rule, Value};

/// What `of` can name: the facts, and whether several of them are one (the lines of an order).
const SOURCES: [(&str, &FactType, bool); 7] = [
    ("orders", &ORDER_ITEM, true),
    ("order_lines", &ORDER_ITEM, false),
    ("returns", &RETURN_ITEM, true),
    ("interactions", &INTERACTION, false),
    ("events", &EVENT, false),
    ("claims", &CLAIM, true),
    ("subscriptions", &SUBSCRIPTION, true),
];

/// Columns on which facts can be chosen.
const CHOOSING: [&str; 11] =
    ["category", "sku", "channel", "direction", "reason", "outcome", "campaign", "name", "status", "plan", "kind"];

/// Most measures of a segment.
const MOST_MEASURES: usize = 20;
/// Most values of a condition.
const MOST_VALUES: usize = 1_000;
/// The longest window: ten years.
const LONGEST_DAYS: i64 = 3_660;
/// Names that stand for something else in the address of a segment.
const RESERVED: [&str; 1] = ["preview"];

impl SegmentSpec {
    /// Checks the segment against the facts of the profile that there are. `minor_units`: of the workspace's currency.
    ///
    /// # Errors
    /// Invalid, with every fault at once.
    pub fn check(self, profile: &Catalogue, minor_units: i64) -> Result<RuleSegment> {
        let mut faults = Vec::new();
        name_faults(&self, &mut faults);
        let mut catalogue = profile.clone();
        let (mut measures, mut since) = (Vec::new(), Vec::new());
        for (name, spec) in &self.measures {
            let key = format!("measures.{name}");
            if !is_identifier(name) {
                faults.push(Fault::at(&key, "the name must be letters, digits and `_`, beginning with a letter"));
            }
            if catalogue.insert(name.clone(), Kind::Number).is_some() {
                faults.push(Fault::at(&key, "there is a fact of this name already; choose another"));
            }
            if let Some(time) = &spec.since {
                since.extend(check_since(&key, name, spec, time, profile, &mut faults));
            } else {
                measures.extend(check_measure(&key, name, spec, minor_units, &mut faults));
            }
        }
        let rule = match self.rule.check("rule", &catalogue) {
            Ok(rule) => Some(rule),
            Err(error) => {
                faults.extend(error.fault_list().iter().cloned());
                None
            }
        };
        match rule {
            Some(rule) if faults.is_empty() => Ok(assemble(self, rule, measures, since, profile)),
            _ => Err(Error::faults(format!("the segment `{}` cannot be used", self.name), faults)),
        }
    }
}

/// Puts the checked parts together: what the rule does not name is not computed.
fn assemble(
    spec: SegmentSpec,
    rule: Rule,
    mut measures: Vec<Measure>,
    mut since: Vec<Since>,
    profile: &Catalogue,
) -> RuleSegment {
    let named = rule.fields();
    measures.retain(|measure| named.contains(&&*measure.name));
    since.retain(|measure| named.contains(&&*measure.name));
    for measure in &mut measures {
        measure.thresholds = thresholds(&rule, &measure.name);
    }
    for measure in &mut since {
        measure.thresholds = thresholds(&rule, &measure.name);
    }
    let mut fields: Vec<Arc<str>> = Vec::new();
    let facts = named.into_iter().filter(|name| profile.contains_key(*name));
    for name in facts.chain(since.iter().map(|measure| &*measure.time)) {
        if !fields.iter().any(|known| **known == *name) {
            fields.push(name.into());
        }
    }
    let kinds = fields.iter().filter_map(|name| Some((name.to_string(), *profile.get(&**name)?))).collect();
    RuleSegment { spec, rule, measures, since, fields, kinds }
}

/// The numbers with which a rule compares a fact.
fn thresholds(rule: &Rule, name: &str) -> Vec<f64> {
    match rule {
        Rule::All(rules) | Rule::Any(rules) => rules.iter().flat_map(|rule| thresholds(rule, name)).collect(),
        Rule::Not(rule) => thresholds(rule, name),
        Rule::Compare { field, with, .. } if **field == *name => with
            .iter()
            .filter_map(|value| if let Value::Number(number) = value { Some(*number) } else { None })
            .collect(),
        Rule::Compare { .. } => Vec::new(),
    }
}

fn name_faults(spec: &SegmentSpec, faults: &mut Vec<Fault>) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if spec.name.is_empty() || spec.name.len() > 100 || !spec.name.chars().all(plain) {
        faults.push(Fault::at("name", "must be 1 to 100 letters, digits, `-`, `_`, `.`"));
    } else if RESERVED.contains(&spec.name.as_str()) {
        faults.push(Fault::at("name", format!("`{}` has a meaning of its own; choose another", spec.name)));
    }
    if spec.title.as_ref().is_some_and(|title| title.len() > 200 || title.chars().any(char::is_control)) {
        faults.push(Fault::at("title", "must be at most 200 characters without control characters"));
    }
    if spec.measures.len() > MOST_MEASURES {
        faults.push(Fault::at("measures", format!("must be at most {MOST_MEASURES}")));
    }
    if spec.named_segments().contains(&spec.name) {
        faults.push(Fault::at("rule", "a segment cannot be defined by itself"));
    }
}

fn is_identifier(name: &str) -> bool {
    name.len() <= 60
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name != SEGMENTS
}

fn check_since(
    key: &str,
    name: &str,
    spec: &MeasureSpec,
    time: &str,
    profile: &Catalogue,
    faults: &mut Vec<Fault>,
) -> Option<Since> {
    if *spec != (MeasureSpec { since: spec.since.clone(), ..MeasureSpec::default() }) {
        faults.push(Fault::at(key, "`since` stands alone: it takes neither `of` nor anything that goes with it"));
        return None;
    }
    if profile.get(time) != Some(&Kind::Time) {
        let times = profile.iter().filter(|(_, kind)| **kind == Kind::Time).map(|(name, _)| name.as_str());
        let times: Vec<&str> = times.collect();
        faults.push(Fault::at(format!("{key}.since"), format!("must be one of {}", times.join(", "))));
        return None;
    }
    Some(Since { name: name.into(), time: time.into(), thresholds: Vec::new() })
}

fn check_measure(
    key: &str,
    name: &str,
    spec: &MeasureSpec,
    minor_units: i64,
    faults: &mut Vec<Fault>,
) -> Option<Measure> {
    let of = spec.of.as_deref().unwrap_or_default();
    let Some(&(_, fact_type, grouped)) = SOURCES.iter().find(|(source, ..)| *source == of) else {
        let sources: Vec<&str> = SOURCES.iter().map(|(source, ..)| *source).collect();
        faults.push(Fault::at(format!("{key}.of"), format!("must be one of {}", sources.join(", "))));
        return None;
    };
    let before = faults.len();
    let take = match spec.take.as_deref().unwrap_or("count") {
        "count" if grouped => Take::Distinct,
        "count" | "sum" => Take::Total,
        "last" => Take::Last,
        "first" => Take::First,
        "active" if of == "subscriptions" => Take::Active,
        "active" => {
            faults.push(Fault::at(format!("{key}.take"), "`active` is for subscriptions"));
            Take::Active
        }
        _ => {
            faults.push(Fault::at(format!("{key}.take"), "must be count, sum, last, first or active"));
            Take::Total
        }
    };
    let sum = spec.take.as_deref() == Some("sum");
    let column = if sum { check_column(key, spec, fact_type, faults) } else { None };
    if !sum && spec.column.is_some() {
        faults.push(Fault::at(format!("{key}.column"), "is for `take = \"sum\"`"));
    }
    let windowed = matches!(take, Take::Total | Take::Distinct);
    match spec.within_days {
        Some(_) if !windowed => faults.push(Fault::at(format!("{key}.within_days"), "is for counts and sums")),
        Some(days) if !(1..=LONGEST_DAYS).contains(&days) => {
            faults.push(Fault::at(format!("{key}.within_days"), format!("must be 1 to {LONGEST_DAYS}")));
        }
        _ => {}
    }
    let only = check_only(key, spec, fact_type, faults);
    (faults.len() == before).then(|| Measure {
        name: name.into(),
        fact_type,
        take,
        column: column.map(|(name, _)| name),
        unit: column.map_or(1.0, |(_, kind)| if kind == ColumnKind::Money { minor_units as f64 } else { 1.0 }),
        window: spec.within_days.map(|days| days * DAY),
        only,
        thresholds: Vec::new(),
    })
}

/// Facts that are waited for, by type and the values of their columns.
#[derive(Debug, Clone)]
pub struct FactsOf(Measure);

impl FactsOf {
    /// Checks which facts are meant; what is wrong is named under `key`.
    pub fn check(key: &str, of: &str, only: &BTreeMap<String, OneOrMany>, faults: &mut Vec<Fault>) -> Option<FactsOf> {
        let spec = MeasureSpec {
            of: Some(of.to_owned()),
            take: Some("last".to_owned()),
            only: only.clone(),
            ..MeasureSpec::default()
        };
        check_measure(key, "facts", &spec, 1, faults).map(FactsOf)
    }

    /// Their type.
    pub fn fact_type(&self) -> &'static FactType {
        self.0.fact_type
    }

    /// Whether this fact, which is of their type, is one of them.
    pub fn includes(&self, fact: &Fact) -> bool {
        self.0.point(fact).is_some()
    }

    /// The SQL condition on the columns of their type that says the same; `TRUE` where all count.
    pub fn condition(&self) -> String {
        let parts = super::fold::conditions(&self.0.only);
        if parts.is_empty() { "TRUE".to_owned() } else { parts.join(" AND ") }
    }
}

/// What a sum adds up: a column of whole numbers.
fn check_column(
    key: &str,
    spec: &MeasureSpec,
    fact_type: &'static FactType,
    faults: &mut Vec<Fault>,
) -> Option<(&'static str, ColumnKind)> {
    let sums = |kind: ColumnKind| matches!(kind, ColumnKind::Money | ColumnKind::Int);
    let all: Vec<_> = fact_type.columns.iter().filter(|c| sums(c.kind) && !c.name.ends_with("_id")).collect();
    let standard =
        all.iter().find(|column| column.kind == ColumnKind::Money && ["amount", "value"].contains(&column.name));
    let found = match &spec.column {
        Some(name) => all.iter().find(|column| column.name == name),
        None => standard,
    };
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|column| column.name).collect();
        faults.push(Fault::at(format!("{key}.column"), format!("must be one of {}", names.join(", "))));
    }
    found.map(|column| (column.name, column.kind))
}

fn check_only(key: &str, spec: &MeasureSpec, fact_type: &'static FactType, faults: &mut Vec<Fault>) -> Vec<Only> {
    let mut only = Vec::new();
    for (column, wanted) in &spec.only {
        let known = fact_type.columns.iter().find(|c| c.name == column && CHOOSING.contains(&c.name));
        let values = wanted.values();
        match known {
            None => {
                let columns = fact_type.columns.iter().map(|c| c.name).filter(|name| CHOOSING.contains(name));
                let columns: Vec<&str> = columns.collect();
                faults
                    .push(Fault::at(format!("{key}.where.{column}"), format!("must be one of {}", columns.join(", "))));
            }
            Some(_) if values.is_empty() || values.len() > MOST_VALUES => {
                let message = format!("must be a text or a list of 1 to {MOST_VALUES} texts");
                faults.push(Fault::at(format!("{key}.where.{column}"), message));
            }
            Some(known) => only.push(Only { column: known.name, values: values.to_vec() }),
        }
    }
    only
}
