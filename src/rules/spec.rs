//! A rule as it is written; nothing about it is known to be right yet.

use serde::{Deserialize, Serialize};

/// How a fact is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Below.
    Lt,
    /// At most.
    Le,
    /// Above.
    Gt,
    /// At least.
    Ge,
    /// One of a list.
    In,
    /// The list holds this text, or the text holds this part.
    Contains,
    /// The fact is known; with `value = false`: it is not.
    Exists,
}

/// The constant on the right of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text, or a time in RFC 3339.
    Text(String),
    /// Several of them, for `in`.
    Many(Vec<Literal>),
}

/// A rule as written: exactly one of `all`, `any`, `not`, or a comparison (`field`, `op`, `value`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSpec {
    /// Every one must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<RuleSpec>>,
    /// At least one must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<RuleSpec>>,
    /// It must not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<RuleSpec>>,
    /// The name of a fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How it is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<Op>,
    /// With what it is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Literal>,
}

impl RuleSpec {
    /// A comparison.
    pub fn compare(field: &str, op: Op, value: Literal) -> RuleSpec {
        RuleSpec { field: Some(field.into()), op: Some(op), value: Some(value), ..RuleSpec::default() }
    }

    /// Every one of `rules`.
    pub fn all(rules: Vec<RuleSpec>) -> RuleSpec {
        RuleSpec { all: Some(rules), ..RuleSpec::default() }
    }

    /// Any of `rules`.
    pub fn any(rules: Vec<RuleSpec>) -> RuleSpec {
        RuleSpec { any: Some(rules), ..RuleSpec::default() }
    }

    /// The opposite of `rule`.
    pub fn negate(rule: RuleSpec) -> RuleSpec {
        RuleSpec { not: Some(Box::new(rule)), ..RuleSpec::default() }
    }
}

/// A value, or several of which one must match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// This one.
    One(String),
    /// One of these.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values.
    pub fn values(&self) -> &[String] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}
