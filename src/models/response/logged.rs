//! What was decided in the past, how likely that choice was, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::CustomerId;

/// What was known of a customer when a decision was taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// Features with a size: recency in days, orders, ...
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, f64>,
    /// Features with a name: segment, country, ...
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
}

/// One logged decision with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedDecision {
    /// Whose decision it was: all of one customer's stand in the same fold.
    pub customer: CustomerId,
    /// What was known of the customer then.
    pub context: Context,
    /// The offer made; None when the customer was not contacted.
    pub offer: Option<String>,
    /// The channel used; None when it is not known or there was no contact.
    pub channel: Option<String>,
    /// Probability with which this very choice was made, in (0, 1].
    pub propensity: f64,
    /// 1 when the customer converted within the window, 0 when not.
    pub converted: f64,
}

/// Anything that knows features of one customer by name.
pub trait Features {
    /// A number, when it is known.
    fn number(&self, name: &str) -> Option<f64>;
    /// A text, when it is known.
    fn text(&self, name: &str) -> Option<&str>;
}

impl Features for Context {
    fn number(&self, name: &str) -> Option<f64> {
        self.numbers.get(name).copied()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }
}

impl Features for [(&str, f64)] {
    fn number(&self, name: &str) -> Option<f64> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn text(&self, _name: &str) -> Option<&str> {
        None
    }
}

/// A row of a feature matrix with the names of its columns.
#[derive(Debug, Clone, Copy)]
pub struct NamedRow<'a> {
    /// Names of the columns.
    pub names: &'a [String],
    /// One value a column; NaN when missing.
    pub values: &'a [f64],
}

impl Features for NamedRow<'_> {
    fn number(&self, name: &str) -> Option<f64> {
        let column = self.names.iter().position(|known| known == name)?;
        self.values.get(column).copied()
    }

    fn text(&self, _name: &str) -> Option<&str> {
        None
    }
}
