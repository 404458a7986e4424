//! The fact types. Adding one is adding one file here and its name to [`ALL`].
//!
//! Every fact begins with the same columns: who (`customer_id`), when (`occurred_at`), and what identifies it among the facts
//! of its type (`source`, `fact_key`); a fact that comes twice under one identity is kept once.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

mod claim;
mod decision;
mod event;
mod interaction;
mod order_item;
mod return_item;
mod subscription;

pub use claim::CLAIM;
pub use decision::DECISION;
pub use event::EVENT;
pub use interaction::INTERACTION;
pub use order_item::ORDER_ITEM;
pub use return_item::RETURN_ITEM;
pub use subscription::SUBSCRIPTION;

/// Every fact type, in the order in which a customer's day goes.
pub static ALL: [&FactType; 7] = [&ORDER_ITEM, &RETURN_ITEM, &INTERACTION, &EVENT, &SUBSCRIPTION, &CLAIM, &DECISION];

/// Every fact type by name: the order in which transactions lock their states, so that no two wait for each other.
pub(super) fn by_name() -> impl Iterator<Item = &'static FactType> {
    let mut types = ALL;
    types.sort_unstable_by_key(|fact_type| fact_type.name);
    types.into_iter()
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Int,
    /// An amount in minor units of the workspace's currency.
    Money,
    /// An instant; a fact's value holds its microseconds UTC.
    Time,
    /// A number.
    Float,
    /// Text.
    Text,
    /// A JSON object as text.
    Json,
}

impl Kind {
    /// How the column is stored in Parquet and shown to queries.
    pub fn data_type(self) -> DataType {
        match self {
            Kind::Int | Kind::Money => DataType::Int64,
            Kind::Time => time_type(),
            Kind::Float => DataType::Float64,
            Kind::Text | Kind::Json => DataType::Utf8,
        }
    }

    /// Whether it is kept as text.
    pub fn is_text(self) -> bool {
        matches!(self, Kind::Text | Kind::Json)
    }

    /// Whether it is kept as a number with fractions.
    pub fn is_float(self) -> bool {
        self == Kind::Float
    }
}

/// A column of a fact type, beside the common ones.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in SQL and in mappings.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a fact without it is refused.
    pub required: bool,
    /// What it means, with its unit.
    pub doc: &'static str,
}

impl Column {
    const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column { name, kind, required: true, doc }
    }

    const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Column {
        Column { name, kind, required: false, doc }
    }
}

/// A kind of fact: a table of history.
#[derive(Debug)]
pub struct FactType {
    /// The table's name in SQL, and the folder's.
    pub name: &'static str,
    /// What one row is.
    pub doc: &'static str,
    /// The columns after the common ones.
    pub columns: &'static [Column],
}

/// The columns that every fact begins with.
pub const COMMON: [&str; 4] = ["customer_id", "occurred_at", "source", "fact_key"];

/// The type of `occurred_at`: microseconds UTC.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl FactType {
    /// The fact type of this name.
    pub fn named(name: &str) -> Option<&'static FactType> {
        ALL.into_iter().find(|fact_type| fact_type.name == name)
    }

    /// The columns as Arrow knows them.
    pub fn schema(&self) -> SchemaRef {
        let mut fields = vec![
            Field::new("customer_id", DataType::Int64, false),
            Field::new("occurred_at", time_type(), false),
            Field::new("source", DataType::Utf8, false),
            Field::new("fact_key", DataType::Utf8, false),
        ];
        fields.extend(self.columns.iter().map(|c| Field::new(c.name, c.kind.data_type(), !c.required)));
        Arc::new(Schema::new(fields))
    }

    /// Where a column stands among [`FactType::columns`].
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_begin_alike() {
        for fact_type in ALL {
            assert!(std::ptr::eq(FactType::named(fact_type.name).unwrap(), fact_type));
            let schema = fact_type.schema();
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            assert_eq!(names[..4], COMMON);
            let mut unique = names.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), names.len(), "{}", fact_type.name);
        }
        assert!(FactType::named("weather").is_none());
    }
}
