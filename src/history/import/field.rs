//! What fills a field: a column, a constant, a product of columns, ..., as written and checked.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::mapping::Defaults;
use super::target::{FieldKind, TargetField};
use crate::clock::{self, DAY, HOUR, SECOND, Timestamp};
use crate::error::Fault;

/// What fills a field, as written: a column's name, or a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum FieldSpec {
    /// The value of a column.
    Column(String),
    /// Anything else.
    Table(Box<FieldTable>),
}

/// | Key | Meaning |
/// |---|---|
/// | `column` | the value of a column |
/// | `constant` | the same text in every line |
/// | `columns`, `join` | the values of several columns with `join` between them; `_row` is the record's number in the file |
/// | `prefix` | put before the value |
/// | `product` | columns whose numbers are multiplied, exactly, and rounded once |
/// | `difference` | two columns; the second is taken from the first, before `product` |
/// | `absolute` | without the sign |
/// | `format`, `zone` | how a time is written, and where |
/// | `unit`, `since` | a time counted in `days`, `hours` or `seconds` from an instant |
/// | `map` | other texts for some values |
/// | `default` | the text where the value is empty |
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "the table above says it")]
pub struct FieldTable {
    pub column: Option<String>,
    pub constant: Option<String>,
    pub columns: Vec<String>,
    pub join: String,
    pub prefix: String,
    pub product: Vec<String>,
    pub difference: Option<[String; 2]>,
    pub absolute: bool,
    pub format: Option<String>,
    pub zone: Option<String>,
    pub unit: Option<String>,
    pub since: Option<Timestamp>,
    pub map: BTreeMap<String, String>,
    pub default: Option<String>,
}

/// Where a text comes from.
#[derive(Debug, Clone)]
pub(super) struct Expr(pub FieldTable);

/// A field with what fills it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub name: &'static str,
    pub required: bool,
    pub kind: FieldKind,
    pub expr: Expr,
    pub zone: TimeZone,
    pub format: Option<String>,
}

/// A free value: an attribute or a part of a context.
#[derive(Debug, Clone)]
pub(super) struct Free {
    pub name: String,
    pub expr: Expr,
}

impl Expr {
    fn check(key: &str, spec: FieldSpec, faults: &mut Vec<Fault>) -> Option<Expr> {
        let table = match spec {
            FieldSpec::Column(column) => FieldTable { column: Some(column), ..FieldTable::default() },
            FieldSpec::Table(table) => *table,
        };
        let numeric = !table.product.is_empty() || table.difference.is_some();
        let ways = usize::from(table.column.is_some())
            + usize::from(table.constant.is_some())
            + usize::from(!table.columns.is_empty())
            + usize::from(numeric);
        if ways != 1 {
            faults.push(Fault::at(key, "write one of column, constant, columns, product or difference"));
            return None;
        }
        Some(Expr(table))
    }

    /// The columns it reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let table = &self.0;
        let lists = table.columns.iter().chain(&table.product).chain(table.difference.iter().flatten());
        table.column.iter().chain(lists).map(String::as_str)
    }

    /// Whether it gives a number by itself.
    pub fn is_numeric(&self) -> bool {
        !self.0.product.is_empty() || self.0.difference.is_some()
    }
}

impl Field {
    /// Checks what fills a field.
    pub fn check(
        key: &str,
        field: TargetField,
        spec: FieldSpec,
        defaults: &Defaults,
        faults: &mut Vec<Fault>,
    ) -> Option<Field> {
        let expr = Expr::check(key, spec, faults)?;
        let table = &expr.0;
        if expr.is_numeric() && !matches!(field.kind, FieldKind::Int | FieldKind::Float | FieldKind::Money) {
            faults.push(Fault::at(key, "product and difference give numbers, and this field is none"));
        }
        if table.unit.is_some() != table.since.is_some() {
            faults.push(Fault::at(key, "`unit` and `since` belong together"));
        }
        if table.unit.as_deref().is_some_and(|unit| unit_of(unit).is_none()) {
            faults.push(Fault::at(format!("{key}.unit"), "write days, hours or seconds"));
        }
        if let Some(Err(error)) = table.zone.as_deref().map(clock::zone) {
            faults.push(Fault::at(format!("{key}.zone"), error.message()));
        }
        // A default zone that does not exist is said once, where it stands.
        let zone = table.zone.as_deref().or(defaults.zone.as_deref()).unwrap_or("UTC");
        let zone = clock::zone(zone).unwrap_or(TimeZone::UTC);
        let format = table.format.clone().or_else(|| defaults.time_format.clone());
        Some(Field { name: field.name, required: field.required, kind: field.kind, expr, zone, format })
    }
}

/// Microseconds of a unit.
pub(super) fn unit_of(name: &str) -> Option<i64> {
    match name {
        "days" => Some(DAY),
        "hours" => Some(HOUR),
        "seconds" => Some(SECOND),
        _ => None,
    }
}

impl Free {
    /// Checks what fills a free value.
    pub fn check(key: &str, name: String, spec: FieldSpec, faults: &mut Vec<Fault>) -> Option<Free> {
        Expr::check(key, spec, faults).map(|expr| Free { name, expr })
    }
}
