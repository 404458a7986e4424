//! Facts as rows, and rows as Arrow batches.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use serde::{Deserialize, Serialize};

use super::facts::{FactType, Kind};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::money::Money;

/// The value of one column of one fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// A whole number, an amount in minor units, or an instant in microseconds UTC.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text or JSON.
    Text(String),
}

impl Value {
    /// The text, or nothing.
    pub fn text(text: &Option<String>) -> Value {
        text.clone().map_or(Value::Null, Value::Text)
    }

    /// The amount, or nothing.
    pub fn money(amount: Option<Money>) -> Value {
        amount.map_or(Value::Null, |amount| Value::Int(amount.0))
    }
}

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Whose it is.
    pub customer: CustomerId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The system it comes from.
    pub source: String,
    /// What identifies it within source and type.
    pub key: String,
    /// The values, in the order of the type's columns.
    pub values: Vec<Value>,
}

enum Builder {
    Int(Int64Builder),
    Time(TimestampMicrosecondBuilder),
    Float(Float64Builder),
    Text(StringBuilder),
}

impl Builder {
    fn finish(&mut self) -> ArrayRef {
        match self {
            Builder::Int(b) => Arc::new(b.finish()),
            Builder::Time(b) => Arc::new(b.finish().with_timezone("UTC")),
            Builder::Float(b) => Arc::new(b.finish()),
            Builder::Text(b) => Arc::new(b.finish()),
        }
    }

    /// Adds a value; false when it is not of the column's kind.
    fn push(&mut self, value: &Value) -> bool {
        match (self, value) {
            (Builder::Int(b), Value::Int(v)) => b.append_value(*v),
            (Builder::Int(b), Value::Null) => b.append_null(),
            (Builder::Time(b), Value::Int(v)) => b.append_value(*v),
            (Builder::Time(b), Value::Null) => b.append_null(),
            (Builder::Float(b), Value::Float(v)) => b.append_value(*v),
            // JSON writes 1.0 as 1: a whole number is a number.
            (Builder::Float(b), Value::Int(v)) => b.append_value(*v as f64),
            (Builder::Float(b), Value::Null) => b.append_null(),
            (Builder::Text(b), Value::Text(v)) => b.append_value(v),
            (Builder::Text(b), Value::Null) => b.append_null(),
            _ => return false,
        }
        true
    }
}

/// Collects facts of one type into an Arrow batch.
pub struct FactBatch {
    fact_type: &'static FactType,
    customer: Int64Builder,
    occurred_at: TimestampMicrosecondBuilder,
    source: StringBuilder,
    key: StringBuilder,
    columns: Vec<Builder>,
    rows: usize,
}

impl FactBatch {
    /// An empty batch.
    pub fn new(fact_type: &'static FactType) -> FactBatch {
        let builder = |kind: Kind| match kind {
            Kind::Int | Kind::Money => Builder::Int(Int64Builder::new()),
            Kind::Time => Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::Float => Builder::Float(Float64Builder::new()),
            Kind::Text | Kind::Json => Builder::Text(StringBuilder::new()),
        };
        FactBatch {
            fact_type,
            customer: Int64Builder::new(),
            occurred_at: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            source: StringBuilder::new(),
            key: StringBuilder::new(),
            columns: fact_type.columns.iter().map(|column| builder(column.kind)).collect(),
            rows: 0,
        }
    }

    /// The type of these facts.
    pub fn fact_type(&self) -> &'static FactType {
        self.fact_type
    }

    /// How many facts are in.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// Invalid, naming the column, when a required value is absent or of another kind; the fact is then not added.
    pub fn push(&mut self, fact: &Fact) -> Result<()> {
        check(self.fact_type, &fact.values)?;
        for (builder, value) in self.columns.iter_mut().zip(&fact.values) {
            let fits = builder.push(value);
            debug_assert!(fits, "check() compares kinds");
        }
        self.customer.append_value(fact.customer.0);
        self.occurred_at.append_value(fact.occurred_at.0);
        self.source.append_value(&fact.source);
        self.key.append_value(&fact.key);
        self.rows += 1;
        Ok(())
    }

    /// The batch; this one is empty afterwards.
    pub fn take(&mut self) -> RecordBatch {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.customer.finish()),
            Arc::new(self.occurred_at.finish().with_timezone("UTC")),
            Arc::new(self.source.finish()),
            Arc::new(self.key.finish()),
        ];
        arrays.extend(self.columns.iter_mut().map(Builder::finish));
        self.rows = 0;
        RecordBatch::try_new(self.fact_type.schema(), arrays)
            .expect("builders follow the schema, and push() checks nulls")
    }
}

/// The rows of a batch that has the columns of its type.
pub(super) fn read_facts(fact_type: &FactType, batch: &RecordBatch) -> Result<Vec<Fact>> {
    let customers = batch.column(0).as_primitive::<Int64Type>();
    let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
    let (sources, keys) = (batch.column(2).as_string::<i32>(), batch.column(3).as_string::<i32>());
    let value = |column: &ArrayRef, kind: Kind, row: usize| match kind {
        _ if column.is_null(row) => Value::Null,
        Kind::Int | Kind::Money => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        Kind::Time => Value::Int(column.as_primitive::<TimestampMicrosecondType>().value(row)),
        Kind::Float => Value::Float(column.as_primitive::<Float64Type>().value(row)),
        Kind::Text | Kind::Json => Value::Text(column.as_string::<i32>().value(row).to_owned()),
    };
    if batch.schema().fields() != fact_type.schema().fields() {
        return Err(Error::internal(format!("rows of {} have other columns", fact_type.name)));
    }
    let fact = |row: usize| Fact {
        customer: CustomerId(customers.value(row)),
        occurred_at: Timestamp(times.value(row)),
        source: sources.value(row).to_owned(),
        key: keys.value(row).to_owned(),
        values: (fact_type.columns.iter().zip(&batch.columns()[4..])).map(|(c, of)| value(of, c.kind, row)).collect(),
    };
    Ok((0..batch.num_rows()).map(fact).collect())
}

/// Checks a fact's values against its type.
pub(super) fn check(fact_type: &FactType, values: &[Value]) -> Result<()> {
    if values.len() != fact_type.columns.len() {
        let (have, want) = (values.len(), fact_type.columns.len());
        return Err(Error::invalid(format!("{} has {want} columns, not {have}", fact_type.name)));
    }
    for (column, value) in fact_type.columns.iter().zip(values) {
        let fits = match (column.kind, value) {
            (_, Value::Null) => !column.required,
            (Kind::Int | Kind::Money | Kind::Time, Value::Int(_)) | (Kind::Text | Kind::Json, Value::Text(_)) => true,
            (Kind::Float, Value::Float(v)) => v.is_finite(),
            (Kind::Float, Value::Int(_)) => true,
            _ => false,
        };
        if !fits {
            let name = column.name;
            return Err(Error::invalid(match value {
                Value::Null => format!("`{name}` is empty; it is required ({})", column.doc),
                _ => format!("`{name}` is not {:?}; it holds {}", column.kind, column.doc),
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::facts::INTERACTION;

    fn fact(direction: Value, duration: Value) -> Fact {
        let mut values =
            vec![direction, Value::Text("call".into()), Value::Text("order".into()), Value::Null, duration];
        values.resize(INTERACTION.columns.len(), Value::Null);
        Fact { customer: CustomerId(7), occurred_at: Timestamp(5), source: "s".into(), key: "k".into(), values }
    }

    #[test]
    fn wrong_values_are_refused_and_leave_the_batch_whole() {
        let mut batch = FactBatch::new(&INTERACTION);
        batch.push(&fact(Value::Text("in".into()), Value::Int(3))).unwrap();
        for (direction, duration, word) in [
            (Value::Null, Value::Null, "direction"),
            (Value::Int(1), Value::Null, "direction"),
            (Value::Text("in".into()), Value::Float(f64::NAN), "duration_s"),
        ] {
            let error = batch.push(&fact(direction, duration)).unwrap_err();
            assert!(error.message().contains(word), "{error}");
        }
        let made = batch.take();
        assert_eq!((made.num_rows(), batch.len()), (1, 0));
        assert_eq!(made.schema(), INTERACTION.schema());
    }
}
