//! From one line to what it becomes: facts and rows for the store, or the reason why it becomes nothing.

use std::collections::BTreeMap;

use super::field::{Positions, text_of};
use super::mapping::{Condition, Mapping, RecordMapping};
use super::record::Record;
use super::sink::StoreRow;
use super::target::{self, Target};
use crate::clock::Timestamp;
use crate::history::facts::{FactType, Kind};
use crate::history::{Fact, Value};
use crate::ids::{CustomerId, IdKey};
use crate::money::Currency;

/// What a line becomes.
pub(super) enum Made {
    Fact(&'static Target, &'static FactType, Fact, String),
    Row(&'static Target, StoreRow),
}

/// What stays the same for all lines of a file.
pub(super) struct Reading<'a> {
    pub mapping: &'a Mapping,
    pub positions: Positions,
    pub currency: Currency,
    pub id_key: IdKey,
    /// The source of facts that name none.
    pub source: String,
}

impl Reading<'_> {
    /// All that a line becomes.
    ///
    /// # Errors
    /// Why it becomes nothing; the reason holds no value of the line.
    pub fn make(&self, record: &Record) -> Result<Vec<Made>, String> {
        if let Some(fault) = &record.fault {
            return Err(fault.clone());
        }
        if let Some(reject) = self.mapping.rejects.iter().find(|reject| self.holds(record, &reject.when)) {
            return Err(reject.reason.clone());
        }
        let records = self.mapping.records.iter().filter(|mapped| self.holds(record, &mapped.when));
        let made = records.map(|mapped| self.one(record, mapped)).collect::<Result<Vec<_>, _>>()?;
        if made.is_empty() { Err("fits no record of the mapping".to_owned()) } else { Ok(made) }
    }

    fn holds(&self, record: &Record, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| condition.holds(&text_of(record, &self.positions, &condition.column)))
    }

    fn one(&self, record: &Record, mapped: &RecordMapping) -> Result<Made, String> {
        let mut fields = BTreeMap::new();
        for field in &mapped.fields {
            let value =
                field.read(record, &self.positions, self.currency).map_err(|why| format!("`{}` {why}", field.name))?;
            fields.insert(field.name.to_owned(), value);
        }
        if let Some(Value::Text(code)) = fields.remove("currency")
            && code != self.currency.code()
        {
            return Err(format!("`currency` is not {}, in which the workspace counts", self.currency.code()));
        }
        let free = mapped.free.iter().filter_map(|free| Some((free.name.clone(), free.read(record, &self.positions)?)));
        let free: serde_json::Map<String, serde_json::Value> = free.collect();
        match mapped.target.fact_type {
            Some(fact_type) => self.fact(record, mapped.target, fact_type, fields, &free),
            None => {
                let customer = match fields.remove("customer") {
                    Some(Value::Text(external_id)) => Some((self.id_key.customer(&external_id), external_id)),
                    _ => None,
                };
                Ok(Made::Row(mapped.target, StoreRow { line: record.line, customer, fields, free }))
            }
        }
    }

    fn fact(
        &self,
        record: &Record,
        target: &'static Target,
        fact_type: &'static FactType,
        mut fields: BTreeMap<String, Value>,
        free: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Made, String> {
        let (Some(Value::Text(external_id)), Some(Value::Int(at))) =
            (fields.remove("customer"), fields.remove("occurred_at"))
        else {
            return Err("lacks its customer or its time".to_owned());
        };
        let source = text(fields.remove("source")).unwrap_or_else(|| self.source.clone());
        let customer: CustomerId = self.id_key.customer(&external_id);
        let key = text(fields.remove("fact_key")).unwrap_or_else(|| {
            match ["order_key", "decision_key"].iter().find_map(|name| text(fields.get(*name).cloned())) {
                Some(of) => format!("{of}/{}", record.row),
                // Another day's file of the same name has other times.
                None => format!("{customer}/{at}/{}", record.row),
            }
        });
        let values = fact_type.columns.iter().map(|column| match (column.kind, fields.remove(column.name)) {
            (Kind::Json, _) => Value::Text(serde_json::Value::Object(free.clone()).to_string()),
            (_, Some(Value::Null) | None) if column.name == "decision_key" => Value::Text(key.clone()),
            (_, Some(Value::Null) | None) => {
                target::default_of(column.name).map_or(Value::Null, |text| Value::Text(text.into()))
            }
            (_, Some(value)) => value,
        });
        let values: Vec<Value> = values.collect();
        check_meaning(fact_type, &values)?;
        let fact = Fact { customer, occurred_at: Timestamp(at), source, key, values };
        Ok(Made::Fact(target, fact_type, fact, external_id))
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// What a type alone does not say: closed lists and ranges.
fn check_meaning(fact_type: &FactType, values: &[Value]) -> Result<(), String> {
    let value = |name: &str| fact_type.position(name).map(|at| &values[at]);
    let one_of = |name: &str, words: &[&str]| match value(name) {
        Some(Value::Text(text)) if !words.contains(&text.as_str()) => {
            Err(format!("`{name}` is none of {}", words.join(", ")))
        }
        _ => Ok(()),
    };
    one_of("direction", &["in", "out"])?;
    one_of("arm", &["treated", "explore", "holdout"])?;
    let float = |name: &str| match value(name) {
        Some(Value::Float(number)) => Some(*number),
        _ => None,
    };
    if float("propensity").is_some_and(|p| p.is_nan() || p <= 0.0 || p > 1.0) {
        return Err("`propensity` is not above 0 and at most 1".to_owned());
    }
    if float("converted").is_some_and(|c| !(0.0..=1.0).contains(&c)) {
        return Err("`converted` is not between 0 and 1".to_owned());
    }
    let is_line = value("sku").is_some();
    if is_line && ["quantity", "amount"].iter().any(|name| matches!(value(name), Some(Value::Int(n)) if *n < 0)) {
        return Err("`quantity` or `amount` is below 0; a return is a record of its own".to_owned());
    }
    Ok(())
}
