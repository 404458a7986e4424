//! What fills a field: a column, a constant, a product of columns, ...; and how its text becomes a value.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::mapping::Defaults;
use super::record::{ROW, Record};
use super::target::{FieldKind, TargetField};
use crate::clock::{self, DAY, HOUR, SECOND, Timestamp};
use crate::error::Fault;
use crate::history::Value;
use crate::money::{Currency, Decimal};

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
pub(super) struct Expr(FieldTable);

/// A field with what fills it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub name: &'static str,
    pub required: bool,
    kind: FieldKind,
    pub expr: Expr,
    zone: TimeZone,
    format: Option<String>,
}

/// A free value: an attribute or a part of a context.
#[derive(Debug, Clone)]
pub(super) struct Free {
    pub name: String,
    pub expr: Expr,
}

/// Where the columns of the file stand.
pub(super) type Positions = HashMap<String, usize>;

/// The value of a column; `_row` is the record's number.
pub(super) fn text_of<'a>(record: &'a Record, positions: &Positions, column: &str) -> std::borrow::Cow<'a, str> {
    if column == ROW {
        return record.row.to_string().into();
    }
    positions.get(column).map_or("", |&at| record.values[at].as_str()).into()
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

    fn is_numeric(&self) -> bool {
        !self.0.product.is_empty() || self.0.difference.is_some()
    }

    /// The text for a record; empty where there is none.
    fn text(&self, record: &Record, positions: &Positions) -> String {
        let table = &self.0;
        let mut text = if let Some(constant) = &table.constant {
            constant.clone()
        } else if let Some(column) = &table.column {
            text_of(record, positions, column).trim().to_owned()
        } else {
            let parts: Vec<_> = table.columns.iter().map(|column| text_of(record, positions, column)).collect();
            parts.join(&table.join)
        };
        if let Some(other) = table.map.get(&text) {
            text.clone_from(other);
        }
        if text.is_empty() {
            return table.default.clone().unwrap_or_default();
        }
        if !table.prefix.is_empty() {
            text.insert_str(0, &table.prefix);
        }
        text
    }

    /// The exact number for a record; nothing where a part is empty.
    fn number(&self, record: &Record, positions: &Positions) -> Result<Option<Decimal>, String> {
        let table = &self.0;
        let read = |column: &str| -> Result<Option<Decimal>, String> {
            let text = text_of(record, positions, column);
            if text.trim().is_empty() { Ok(None) } else { decimal(&text).map(Some) }
        };
        let mut product = if self.is_numeric() {
            Decimal { digits: 1, scale: 0 }
        } else {
            let text = self.text(record, positions);
            if text.is_empty() {
                return Ok(None);
            }
            decimal(&text)?
        };
        if let Some([from, taken]) = &table.difference {
            let (Some(from), Some(taken)) = (read(from)?, read(taken)?) else { return Ok(None) };
            product = minus(from, taken).ok_or("is out of range")?;
        }
        for column in &table.product {
            let Some(factor) = read(column)? else { return Ok(None) };
            product = product.times(factor).ok_or("is out of range")?;
        }
        if table.absolute {
            product.digits = product.digits.abs();
        }
        Ok(Some(product))
    }
}

/// `a - b`, exactly.
fn minus(a: Decimal, b: Decimal) -> Option<Decimal> {
    let scale = a.scale.max(b.scale);
    let lift = |d: Decimal| 10i128.checked_pow(scale - d.scale).and_then(|power| d.digits.checked_mul(power));
    Some(Decimal { digits: lift(a)?.checked_sub(lift(b)?)?, scale })
}

/// An exact number; what only a float can hold (1e-3) is read as one.
fn decimal(text: &str) -> Result<Decimal, String> {
    if let Some(exact) = Decimal::parse(text) {
        return Ok(exact);
    }
    let float: f64 = text.trim().parse().ok().filter(|value: &f64| value.is_finite()).ok_or("is not a number")?;
    Decimal::parse(&format!("{float:.12}")).ok_or_else(|| "is out of range".to_owned())
}

/// Nineteen digits that fit a signed 64-bit number.
fn is_long_id(text: &str) -> bool {
    text.len() == 19 && text.parse::<i64>().is_ok()
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

    /// The value for a record.
    ///
    /// # Errors
    /// What is wrong with it, without the value itself: it may be personal.
    pub fn read(&self, record: &Record, positions: &Positions, currency: Currency) -> Result<Value, String> {
        let value = match self.kind {
            // Our own ids have nineteen digits, one more than amounts may have; what is shorter goes the way of all numbers.
            FieldKind::Int if !self.expr.is_numeric() && is_long_id(&self.expr.text(record, positions)) => {
                self.expr.text(record, positions).parse().ok().map(Value::Int)
            }
            FieldKind::Int | FieldKind::Money | FieldKind::Float => {
                self.expr.number(record, positions)?.map(|n| self.numeric(n, currency)).transpose()?
            }
            _ => {
                let text = self.expr.text(record, positions);
                if text.is_empty() { None } else { Some(self.textual(text)?) }
            }
        };
        match value {
            None if self.required => Err("is empty".to_owned()),
            other => Ok(other.unwrap_or(Value::Null)),
        }
    }

    fn numeric(&self, number: Decimal, currency: Currency) -> Result<Value, String> {
        match self.kind {
            FieldKind::Float => Ok(Value::Float(number.to_f64())),
            FieldKind::Money => {
                number.to_money(currency).map(|m| Value::Int(m.0)).ok_or_else(|| "is out of range".into())
            }
            _ => {
                let power = 10i128.checked_pow(number.scale).ok_or("is out of range")?;
                if number.digits % power != 0 {
                    return Err("is not a whole number".into());
                }
                i64::try_from(number.digits / power).map(Value::Int).map_err(|_| "is out of range".into())
            }
        }
    }

    fn textual(&self, text: String) -> Result<Value, String> {
        match self.kind {
            FieldKind::Time => self.time(&text).map(|at| Value::Int(at.0)),
            FieldKind::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "1" => Ok(Value::Int(1)),
                "false" | "no" | "n" | "0" => Ok(Value::Int(0)),
                _ => Err("is neither true nor false".into()),
            },
            _ if text.len() > 4_096 => Err("is longer than 4,096 bytes".into()),
            _ => Ok(Value::Text(text)),
        }
    }

    fn time(&self, text: &str) -> Result<Timestamp, String> {
        let table = &self.expr.0;
        if let (Some(unit), Some(since)) = (table.unit.as_deref().and_then(unit_of), table.since) {
            let count: f64 = text.parse().ok().filter(|n: &f64| n.is_finite()).ok_or("is not a number")?;
            let micros = count * unit as f64;
            if micros.abs() > 1e17 {
                return Err("is out of range".into());
            }
            return Ok(since.plus(micros.round() as i64));
        }
        let written = self.format.as_deref().and_then(|format| self.formatted(format, text));
        let at = written.or_else(|| self.iso(text)).ok_or("is not a time of the expected form")?;
        // A year 20111 is a slip of the pen, not an instant.
        let years = 1900..2200;
        let year = i32::from(at.to_zoned(TimeZone::UTC).year());
        if years.contains(&year) {
            Ok(Timestamp(at.as_microsecond()))
        } else {
            Err("is outside the years 1900 to 2199".into())
        }
    }

    fn formatted(&self, format: &str, text: &str) -> Option<jiff::Timestamp> {
        let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
        if let Ok(instant) = parsed.to_timestamp() {
            return Some(instant);
        }
        let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(Into::into)).ok()?;
        self.local(civil)
    }

    fn iso(&self, text: &str) -> Option<jiff::Timestamp> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(instant);
        }
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        self.local(civil)
    }

    /// A civil time in the field's zone; one that a change of clocks skips or repeats is read as jiff's `compatible` does.
    fn local(&self, civil: jiff::civil::DateTime) -> Option<jiff::Timestamp> {
        civil.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
    }
}

fn unit_of(name: &str) -> Option<i64> {
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

    /// A number where the text is one, else the text; nothing where it is empty.
    pub fn read(&self, record: &Record, positions: &Positions) -> Option<serde_json::Value> {
        if self.expr.is_numeric() {
            let number = self.expr.number(record, positions).ok()??;
            return serde_json::Number::from_f64(number.to_f64()).map(serde_json::Value::Number);
        }
        let text = self.expr.text(record, positions);
        if text.is_empty() {
            return None;
        }
        // 007 is a code, 7 is a number.
        let is_number = text == "0"
            || !text.trim_start_matches('-').starts_with('0')
            || text.trim_start_matches('-').starts_with("0.");
        let number = text
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && is_number && text.as_bytes()[text.len() - 1].is_ascii_digit());
        match number {
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some((number as i64).into()),
            Some(number) => serde_json::Number::from_f64(number).map(serde_json::Value::Number),
            None => Some(serde_json::Value::String(text)),
        }
    }
}
