//! What a fact can be.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// The kind of a fact; the catalogue says which one each name has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number.
    Number,
    /// A word.
    Text,
    /// Yes or no.
    Flag,
    /// An instant.
    Time,
    /// Several words, such as the segments of a customer.
    List,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Number => "a number",
            Kind::Text => "a text",
            Kind::Flag => "true or false",
            Kind::Time => "a time",
            Kind::List => "a list of texts",
        })
    }
}

/// A fact about one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A number; one that is not finite counts as missing.
    Number(f64),
    /// An instant.
    Time(Timestamp),
    /// A word.
    Text(Arc<str>),
    /// Several words.
    List(Vec<Arc<str>>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Flag(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Value::Number(number) => write!(f, "{number}"),
            Value::Time(at) => write!(f, "{at}"),
            Value::Text(text) => write!(f, "`{text}`"),
            Value::List(texts) => write!(f, "[{}]", texts.join(", ")),
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Value {
        Value::Flag(yes)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Value {
        Value::Time(at)
    }
}
