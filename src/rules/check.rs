//! From a rule as written to one that can run: all faults at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::MAX_DEPTH;
use super::spec::{Literal, Op, RuleSpec};
use super::value::{Kind, Value};
use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};

/// The facts a rule may name, each with its kind.
pub type Catalogue = BTreeMap<String, Kind>;

/// A checked rule: every field exists and every comparison fits its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Every one must hold; with none, it holds.
    All(Vec<Rule>),
    /// At least one must hold; with none, it does not.
    Any(Vec<Rule>),
    /// It must not hold.
    Not(Box<Rule>),
    /// One fact against a constant.
    Compare {
        /// The fact.
        field: Arc<str>,
        /// How.
        op: Op,
        /// The constants: one, or for [`Op::In`] several, for [`Op::Exists`] a flag.
        with: Vec<Value>,
    },
}

impl Rule {
    /// The rule that always holds.
    pub fn always() -> Rule {
        Rule::All(Vec::new())
    }
}

impl RuleSpec {
    /// Checks the rule against the facts there are. `key` is where the rule stands, for the faults.
    ///
    /// # Errors
    /// Invalid, with every fault at once: unknown fields, comparisons that do not fit, nesting deeper than [`MAX_DEPTH`].
    pub fn check(&self, key: &str, catalogue: &Catalogue) -> Result<Rule> {
        let mut faults = Vec::new();
        let rule = self.build(key, catalogue, 1, &mut faults);
        match rule {
            Some(rule) if faults.is_empty() => Ok(rule),
            _ => Err(Error::faults(format!("the rule `{key}` cannot be used"), faults)),
        }
    }

    fn build(&self, key: &str, catalogue: &Catalogue, depth: usize, faults: &mut Vec<Fault>) -> Option<Rule> {
        if depth > MAX_DEPTH {
            faults.push(Fault::at(key, format!("is nested deeper than {MAX_DEPTH}; split the rule")));
            return None;
        }
        let forms = [self.all.is_some(), self.any.is_some(), self.not.is_some(), self.is_comparison()];
        if forms.iter().filter(|&&form| form).count() != 1 {
            faults.push(Fault::at(key, "must be exactly one of: all, any, not, or a comparison (field, op, value)"));
            return None;
        }
        let several = |rules: &[RuleSpec], name: &str, faults: &mut Vec<Fault>| -> Option<Vec<Rule>> {
            let built: Vec<Option<Rule>> = (rules.iter().enumerate())
                .map(|(i, rule)| rule.build(&format!("{key}.{name}[{i}]"), catalogue, depth + 1, faults))
                .collect();
            built.into_iter().collect()
        };
        if let Some(rules) = &self.all {
            return several(rules, "all", faults).map(Rule::All);
        }
        if let Some(rules) = &self.any {
            return several(rules, "any", faults).map(Rule::Any);
        }
        if let Some(rule) = &self.not {
            return rule.build(&format!("{key}.not"), catalogue, depth + 1, faults).map(|rule| Rule::Not(rule.into()));
        }
        self.build_comparison(key, catalogue, faults)
    }

    fn is_comparison(&self) -> bool {
        self.field.is_some() || self.op.is_some() || self.value.is_some()
    }

    fn build_comparison(&self, key: &str, catalogue: &Catalogue, faults: &mut Vec<Fault>) -> Option<Rule> {
        let (Some(field), Some(op)) = (&self.field, self.op) else {
            faults.push(Fault::at(key, "a comparison needs `field` and `op`"));
            return None;
        };
        let Some(&kind) = catalogue.get(field) else {
            faults.push(Fault::at(format!("{key}.field"), unknown_field(field, catalogue)));
            return None;
        };
        match constants(kind, op, self.value.as_ref()) {
            Ok(with) => Some(Rule::Compare { field: field.as_str().into(), op, with }),
            Err(message) => {
                faults.push(Fault::at(format!("{key}.value"), format!("`{field}` is {kind}: {message}")));
                None
            }
        }
    }
}

/// Says that a fact does not exist, and which one may have been meant.
fn unknown_field(field: &str, catalogue: &Catalogue) -> String {
    let near = catalogue.keys().min_by_key(|name| edit_distance(field, name));
    match near {
        Some(name) if edit_distance(field, name) <= 2 => format!("there is no fact `{field}`; did you mean `{name}`?"),
        _ => {
            let names: Vec<&str> = catalogue.keys().map(String::as_str).take(30).collect();
            format!("there is no fact `{field}`; there are: {}", names.join(", "))
        }
    }
}

/// Levenshtein's distance; the names here are short.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

/// The constants of a comparison, or why they do not fit the fact's kind.
fn constants(kind: Kind, op: Op, value: Option<&Literal>) -> Result<Vec<Value>, String> {
    match (op, kind) {
        (Op::Exists, _) => match value {
            None => Ok(vec![Value::Flag(true)]),
            Some(Literal::Flag(yes)) => Ok(vec![Value::Flag(*yes)]),
            Some(_) => Err("`exists` takes no value, or true or false".into()),
        },
        (Op::Contains, Kind::List | Kind::Text) => one(Kind::Text, value),
        (Op::Contains, _) => Err("`contains` works on lists and texts only".into()),
        (_, Kind::List) => Err("compare a list with `contains` or `exists`".into()),
        (Op::Lt | Op::Le | Op::Gt | Op::Ge, Kind::Text | Kind::Flag) => {
            Err("it has no order; use eq, ne, in or exists".into())
        }
        (Op::In, _) => match value {
            Some(Literal::Many(values)) if !values.is_empty() => {
                values.iter().map(|value| constant(kind, value)).collect()
            }
            _ => Err("`in` needs a list with at least one value".into()),
        },
        _ => one(kind, value),
    }
}

fn one(kind: Kind, value: Option<&Literal>) -> Result<Vec<Value>, String> {
    let value = value.ok_or_else(|| format!("the comparison needs a `value`, {kind}"))?;
    constant(kind, value).map(|value| vec![value])
}

fn constant(kind: Kind, literal: &Literal) -> Result<Value, String> {
    match (kind, literal) {
        (Kind::Number, Literal::Number(number)) if number.is_finite() => Ok(Value::Number(*number)),
        (Kind::Flag, Literal::Flag(yes)) => Ok(Value::Flag(*yes)),
        (Kind::Text, Literal::Text(text)) => Ok(Value::Text(text.as_str().into())),
        (Kind::Time, Literal::Text(text)) => {
            Timestamp::parse(text).map(Value::Time).map_err(|error| error.message().to_owned())
        }
        _ => Err(format!("the value must be {kind}")),
    }
}
