//! A mapping's fields bound to the columns of one file: what is looked up by name is looked up once.

use std::collections::{BTreeMap, HashMap};

use super::field::{Expr, Field, Free};
use super::mapping::Condition;
use super::number::{self, Number};
use super::record::{ROW, Record};
use super::target::FieldKind;
use super::time::TimeReader;
use crate::history::Value;
use crate::money::{Currency, Decimal};

/// Longest text of a field.
const LONGEST_TEXT: usize = 4_096;

type Why = &'static str;

/// Where the columns of the file stand.
pub(super) type Positions = HashMap<String, usize>;

/// Where a text of a record comes from.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Column(usize),
    /// The record's number.
    Row,
    /// The file has no such column.
    Absent,
}

impl Slot {
    fn of(column: &str, positions: &Positions) -> Slot {
        match positions.get(column) {
            _ if column == ROW => Slot::Row,
            Some(&at) => Slot::Column(at),
            None => Slot::Absent,
        }
    }

    fn text<'a>(self, record: &'a Record, scratch: &'a mut String) -> &'a str {
        match self {
            Slot::Column(at) => record.value(at),
            Slot::Row => {
                scratch.clear();
                *scratch += &record.row.to_string();
                scratch
            }
            Slot::Absent => "",
        }
    }
}

/// A text without blanks around it. Nearly none has any, which its first and its last byte tell.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// A condition on a column.
pub(super) struct Test {
    slot: Slot,
    condition: Condition,
}

impl Test {
    /// Binds conditions.
    pub fn all(conditions: &[Condition], positions: &Positions) -> Vec<Test> {
        let bind =
            |condition: &Condition| Test { slot: Slot::of(&condition.column, positions), condition: condition.clone() };
        conditions.iter().map(bind).collect()
    }

    /// Whether a record passes all of them.
    pub fn hold(tests: &[Test], record: &Record) -> bool {
        tests.iter().all(|test| test.condition.holds(test.slot.text(record, &mut String::new())))
    }
}

/// What makes a text, or a number.
enum Made {
    Constant(String),
    Column(Slot),
    Joined(Vec<Slot>, String),
    Number { difference: Option<[Slot; 2]>, product: Vec<Slot> },
}

/// Where a value comes from.
pub(super) struct Bound {
    made: Made,
    map: BTreeMap<String, String>,
    prefix: String,
    default: Option<String>,
    absolute: bool,
    /// Neither map nor prefix nor default: the text is taken as it stands.
    plain: bool,
}

impl Bound {
    /// Binds an expression.
    pub fn new(expr: &Expr, positions: &Positions) -> Bound {
        let table = &expr.0;
        let slots = |columns: &[String]| columns.iter().map(|column| Slot::of(column, positions)).collect::<Vec<_>>();
        let made = if expr.is_numeric() {
            let difference = table.difference.as_ref().map(|[a, b]| [Slot::of(a, positions), Slot::of(b, positions)]);
            Made::Number { difference, product: slots(&table.product) }
        } else if let Some(constant) = &table.constant {
            Made::Constant(constant.clone())
        } else if let Some(column) = &table.column {
            Made::Column(Slot::of(column, positions))
        } else {
            Made::Joined(slots(&table.columns), table.join.clone())
        };
        let plain = table.map.is_empty() && table.prefix.is_empty() && table.default.is_none();
        Bound {
            made,
            map: table.map.clone(),
            prefix: table.prefix.clone(),
            default: table.default.clone(),
            absolute: table.absolute,
            plain,
        }
    }

    fn is_numeric(&self) -> bool {
        matches!(self.made, Made::Number { .. })
    }

    /// The text for a record; empty where there is none.
    pub fn text<'a>(&'a self, record: &'a Record, scratch: &'a mut String) -> &'a str {
        match &self.made {
            Made::Constant(text) if self.plain => return text,
            Made::Column(slot) if self.plain => return trimmed(slot.text(record, scratch)),
            Made::Joined(slots, join) => {
                scratch.clear();
                let mut number = String::new();
                for (index, slot) in slots.iter().enumerate() {
                    if index > 0 {
                        *scratch += join;
                    }
                    *scratch += slot.text(record, &mut number);
                }
            }
            Made::Constant(text) => text.clone_into(scratch),
            Made::Column(slot) => {
                let mut number = String::new();
                slot.text(record, &mut number).trim().clone_into(scratch);
            }
            Made::Number { .. } => return "",
        }
        if let Some(other) = self.map.get(scratch.as_str()) {
            scratch.clone_from(other);
        }
        if scratch.is_empty() {
            return self.default.as_deref().unwrap_or_default();
        }
        scratch.insert_str(0, &self.prefix);
        scratch
    }

    /// The exact number for a record; nothing where a part is empty.
    fn number(&self, record: &Record, scratch: &mut String) -> Result<Option<Decimal>, Why> {
        let Made::Number { difference, product } = &self.made else {
            let text = self.text(record, scratch);
            return if text.is_empty() { Ok(None) } else { number::decimal(text).map(|n| Some(self.signed(n))) };
        };
        let mut read = |slot: Slot| -> Result<Option<Decimal>, Why> {
            let text = slot.text(record, scratch);
            if text.trim().is_empty() { Ok(None) } else { number::decimal(text).map(Some) }
        };
        let mut number = Decimal { digits: 1, scale: 0 };
        if let Some([from, taken]) = *difference {
            let (Some(from), Some(taken)) = (read(from)?, read(taken)?) else { return Ok(None) };
            number = number::minus(from, taken).ok_or("is out of range")?;
        }
        for slot in product {
            let Some(factor) = read(*slot)? else { return Ok(None) };
            number = number.times(factor).ok_or("is out of range")?;
        }
        Ok(Some(self.signed(number)))
    }

    fn signed(&self, number: Decimal) -> Decimal {
        Decimal { digits: if self.absolute { number.digits.abs() } else { number.digits }, ..number }
    }
}

/// The value of a field for one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// The text, if it is one.
    pub fn as_text(self) -> Option<&'a str> {
        match self {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, amount or instant, if it is one.
    pub fn as_int(self) -> Option<i64> {
        match self {
            Cell::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The value by itself.
    pub fn to_value(self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Int(number) => Value::Int(number),
            Cell::Float(number) => Value::Float(number),
            Cell::Text(text) => Value::Text(text.to_owned()),
        }
    }
}

/// A field bound to the columns that fill it.
pub(super) struct BoundField {
    pub name: &'static str,
    required: bool,
    kind: FieldKind,
    from: Bound,
    time: TimeReader,
    currency: Currency,
}

impl BoundField {
    /// Binds a field.
    pub fn new(field: &Field, positions: &Positions, currency: Currency) -> BoundField {
        BoundField {
            name: field.name,
            required: field.required,
            kind: field.kind,
            from: Bound::new(&field.expr, positions),
            time: TimeReader::new(&field.expr.0, &field.zone, field.format.as_deref()),
            currency,
        }
    }

    /// The value for a record.
    ///
    /// # Errors
    /// What is wrong with it, without the value itself: it may be personal.
    pub fn read<'a>(&'a self, record: &'a Record, scratch: &'a mut String) -> Result<Cell<'a>, Why> {
        let is_number = matches!(self.kind, FieldKind::Int | FieldKind::Money | FieldKind::Float);
        if is_number && (self.from.is_numeric() || self.from.absolute) {
            return match self.from.number(record, scratch)? {
                None if self.required => Err("is empty"),
                None => Ok(Cell::Null),
                Some(exact) => number::fit(exact, self.kind, self.currency).map(cell),
            };
        }
        let text = self.from.text(record, scratch);
        if text.is_empty() {
            return if self.required { Err("is empty") } else { Ok(Cell::Null) };
        }
        match self.kind {
            FieldKind::Int | FieldKind::Money | FieldKind::Float => {
                number::read(text, self.kind, self.currency).map(cell)
            }
            FieldKind::Time => self.time.read(text).map(Cell::Int),
            FieldKind::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "1" => Ok(Cell::Int(1)),
                "false" | "no" | "n" | "0" => Ok(Cell::Int(0)),
                _ => Err("is neither true nor false"),
            },
            FieldKind::Text if text.len() > LONGEST_TEXT => Err("is longer than 4,096 bytes"),
            FieldKind::Text => Ok(Cell::Text(text)),
        }
    }
}

fn cell(number: Number) -> Cell<'static> {
    match number {
        Number::Int(number) => Cell::Int(number),
        Number::Float(number) => Cell::Float(number),
    }
}

/// A free value bound to the columns that fill it.
pub(super) struct BoundFree {
    pub name: String,
    from: Bound,
}

impl BoundFree {
    /// Binds a free value.
    pub fn new(free: &Free, positions: &Positions) -> BoundFree {
        BoundFree { name: free.name.clone(), from: Bound::new(&free.expr, positions) }
    }

    /// The text for a record.
    pub fn text<'a>(&'a self, record: &'a Record, scratch: &'a mut String) -> &'a str {
        self.from.text(record, scratch)
    }

    /// A number where the text is one, else the text; nothing where it is empty.
    pub fn read(&self, record: &Record, scratch: &mut String) -> Option<serde_json::Value> {
        if self.from.is_numeric() {
            let number = self.from.number(record, scratch).ok()??;
            return serde_json::Number::from_f64(number.to_f64()).map(serde_json::Value::Number);
        }
        let text = self.from.text(record, scratch);
        let digits = text.trim_start_matches('-');
        // 007 is a code, 7 is a number.
        let is_number = text == "0" || !digits.starts_with('0') || digits.starts_with("0.");
        let ends_so = text.as_bytes().last()?.is_ascii_digit();
        match text.parse::<f64>().ok().filter(|n| n.is_finite() && is_number && ends_so) {
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some((number as i64).into()),
            Some(number) => serde_json::Number::from_f64(number).map(serde_json::Value::Number),
            None => Some(serde_json::Value::String(text.to_owned())),
        }
    }
}
