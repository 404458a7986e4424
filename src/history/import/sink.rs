//! Where what is not a fact goes: the import hands customers, consents, suppressions and offers to a [`Sink`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::error::Result;
use crate::history::Value;
use crate::ids::CustomerId;

/// One record for the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreRow {
    /// The line of the file it comes from.
    pub line: u64,
    /// Whom it is about, where the target has a customer.
    pub customer: Option<(CustomerId, String)>,
    /// The fields that the mapping fills; amounts in minor units, times in microseconds UTC, yes and no as 1 and 0. A field
    /// that is absent here is not to be changed.
    pub fields: BTreeMap<String, Value>,
    /// Attributes of a customer.
    pub free: serde_json::Map<String, serde_json::Value>,
}

impl StoreRow {
    /// The text of a field; none when it is absent or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.fields.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The whole number, amount, instant or yes-or-no of a field.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.fields.get(name) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// The number of a field.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.fields.get(name) {
            Some(Value::Float(number)) => Some(*number),
            Some(Value::Int(number)) => Some(*number as f64),
            _ => None,
        }
    }
}

/// Takes what is not a fact.
pub trait Sink {
    /// What is wrong with a row, if anything: it is then rejected with this reason. Called while the file is read; changes
    /// nothing.
    fn fault(&self, target: &Target, row: &StoreRow) -> Option<String>;

    /// Takes everything an import has for the store, in one transaction: rows, and customers whom facts mention (who are only
    /// to be added when unknown). Answers how many of the latter were new.
    ///
    /// # Errors
    /// Unavailable, when the store fails; nothing is then changed.
    fn take(
        &mut self,
        rows: &mut dyn Iterator<Item = Result<(&'static Target, StoreRow)>>,
        mentioned: &mut dyn Iterator<Item = Result<(CustomerId, String)>>,
    ) -> Result<u64>;
}
