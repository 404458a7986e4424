//! A rule segment as it is written; nothing about it is known to be right yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Fault, Result};
use crate::rules::{OneOrMany, RuleSpec};

/// A segment by rule, as written in TOML or JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentSpec {
    /// The company's own key: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is measured of each customer's behaviour; the rule names them like any other fact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, MeasureSpec>,
    /// Who belongs.
    pub rule: RuleSpec,
}

/// One measure of a customer's behaviour.
///
/// | Key | Default | Meaning |
/// |---|---|---|
/// | `of` | | which facts: `orders`, `order_lines`, `returns`, `interactions`, `events`, `claims`, `subscriptions` |
/// | `take` | `count` | `count`; `sum` of a column; `last`, `first`: days since; `active`: contracts that have not ended |
/// | `column` | `amount` (`value` of events) | what `sum` adds up; money is in units of the currency |
/// | `within_days` | all time | counts and sums look back this far from now |
/// | `where` | | columns of the facts that must have a value, or one of several |
/// | `since` | | instead of `of`: days since a time of the profile, such as `acquired_at` |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeasureSpec {
    /// Which facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// What is made of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take: Option<String>,
    /// What a sum adds up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How far back; all time when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_days: Option<i64>,
    /// Only facts with these values.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, OneOrMany>,
    /// Days since a time of the profile, instead of facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

impl SegmentSpec {
    /// Reads a segment from the text of a file: JSON when it begins with `{`, else TOML.
    ///
    /// # Errors
    /// Invalid, with the line where it does not parse.
    pub fn parse(text: &str) -> Result<SegmentSpec> {
        let parsed = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| {
                Fault::at("", error.to_string()).on_line(u64::try_from(error.line()).unwrap_or_default())
            })
        } else {
            toml::from_str(text).map_err(|error: toml::de::Error| {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                Fault::at("", error.message()).on_line(before.matches('\n').count() as u64 + 1)
            })
        };
        parsed.map_err(|fault| Error::faults("the segment does not parse", vec![fault]))
    }

    /// The other segments that the rule names, each once.
    pub fn named_segments(&self) -> Vec<String> {
        named_in(&self.rule)
    }
}

/// The names that a rule compares the fact `segments` with.
fn collect(rule: &RuleSpec, names: &mut Vec<String>) {
    if rule.field.as_deref() == Some(super::SEGMENTS)
        && let Some(crate::rules::Literal::Text(name)) = &rule.value
        && !names.contains(name)
    {
        names.push(name.clone());
    }
    let parts = rule.all.iter().flatten().chain(rule.any.iter().flatten()).chain(rule.not.iter().map(AsRef::as_ref));
    parts.for_each(|part| collect(part, names));
}

/// The segments that a rule of an offer or a campaign names.
pub fn named_in(rule: &RuleSpec) -> Vec<String> {
    let mut names = Vec::new();
    collect(rule, &mut names);
    names
}
