//! A fact as one piece of bytes.
//!
//! | part | form |
//! |---|---|
//! | length of what follows | 4 bytes |
//! | customer, instant, ordinal | 8 bytes each |
//! | key, source | text: length + 1 as a varint, then the bytes |
//! | each column of the type | a number: 0, or 1 and 8 bytes; a text as above, where length 0 stands for nothing |
//!
//! The ordinal is the fact's place among those that are sealed together: it decides between equals, and names the fact in a
//! bitmap.

use crate::error::Result;
use crate::history::facts::FactType;
use crate::history::value::{self, Fact, Value};

/// Bytes before the key, with the length.
const HEAD: usize = 28;

/// Collects the columns of one fact, in the order of its type; cleared by [`RowBuilder::finish`].
#[derive(Debug, Default)]
pub struct RowBuilder {
    values: Vec<u8>,
}

/// Who and when, and what identifies the fact.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub customer: i64,
    pub time: i64,
    pub ordinal: u64,
    pub key: &'a str,
    pub source: &'a str,
}

impl RowBuilder {
    /// Adds a whole number, an amount or an instant.
    pub fn int(&mut self, value: Option<i64>) {
        match value {
            Some(value) => {
                self.values.push(1);
                self.values.extend_from_slice(&value.to_le_bytes());
            }
            None => self.values.push(0),
        }
    }

    /// Adds a number.
    pub fn float(&mut self, value: Option<f64>) {
        self.int(value.map(|value| value.to_bits() as i64));
    }

    /// Adds a text.
    pub fn text(&mut self, value: Option<&str>) {
        put_text(&mut self.values, value);
    }

    /// Puts a text before all that has been added.
    pub fn put_first(&mut self, text: &str) {
        let rest = std::mem::take(&mut self.values);
        self.text(Some(text));
        self.values.extend_from_slice(&rest);
    }

    /// What has been added so far.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// Forgets what has been added.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// Appends the row to `out`.
    pub fn finish(&mut self, head: Head<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&head.customer.to_le_bytes());
        out.extend_from_slice(&head.time.to_le_bytes());
        out.extend_from_slice(&head.ordinal.to_le_bytes());
        put_text(out, Some(head.key));
        put_text(out, Some(head.source));
        out.extend_from_slice(&self.values);
        let length = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
        self.values.clear();
    }
}

fn put_text(out: &mut Vec<u8>, text: Option<&str>) {
    let Some(text) = text else { return out.push(0) };
    let mut length = text.len() as u64 + 1;
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a fact as a row.
///
/// # Errors
/// Invalid, when it does not fit its type.
pub fn encode_fact(fact_type: &FactType, fact: &Fact, ordinal: u64, out: &mut Vec<u8>) -> Result<()> {
    value::check(fact_type, &fact.values)?;
    let mut builder = RowBuilder::default();
    for (column, value) in fact_type.columns.iter().zip(&fact.values) {
        match (column.kind.is_text(), value) {
            (true, Value::Text(text)) => builder.text(Some(text)),
            (true, _) => builder.text(None),
            (false, Value::Float(number)) => builder.float(Some(*number)),
            (false, Value::Int(number)) if column.kind.is_float() => builder.float(Some(*number as f64)),
            (false, Value::Int(number)) => builder.int(Some(*number)),
            (false, _) => builder.int(None),
        }
    }
    let (customer, time) = (fact.customer.0, fact.occurred_at.0);
    builder.finish(Head { customer, time, ordinal, key: &fact.key, source: &fact.source }, out);
    Ok(())
}

/// A row that is read.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub customer: i64,
    pub time: i64,
    pub ordinal: u64,
    pub key: &'a [u8],
    pub source: &'a [u8],
    /// The columns, for [`Values`].
    pub values: &'a [u8],
}

/// The eight bytes at `at` as a number.
fn number(bytes: &[u8], at: usize) -> Option<i64> {
    Some(i64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// The length of the row that `bytes` begin with, its own four bytes included; none when not even those are there.
pub fn length(bytes: &[u8]) -> Option<usize> {
    Some(4 + u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize)
}

/// Customer and instant of a row: what it is sorted by first.
pub fn place(row: &[u8]) -> Option<(i64, i64)> {
    Some((number(row, 4)?, number(row, 12)?))
}

impl<'a> Row<'a> {
    /// Takes a whole row apart; none when it is damaged.
    pub fn read(row: &'a [u8]) -> Option<Row<'a>> {
        let (customer, time) = place(row)?;
        let ordinal = number(row, 20)? as u64;
        let mut rest = Values(row.get(HEAD..)?);
        let (key, source) = (rest.text()??, rest.text()??);
        Some(Row { customer, time, ordinal, key, source, values: rest.0 })
    }

    /// What decides between rows of one customer and instant.
    pub fn tie(&self) -> (&'a [u8], &'a [u8], u64) {
        (self.key, self.source, self.ordinal)
    }
}

/// The columns of a row, one after another.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a>(pub &'a [u8]);

impl<'a> Values<'a> {
    /// The next column, a number; the outer none says that the row is damaged.
    pub fn int(&mut self) -> Option<Option<i64>> {
        let (tag, rest) = self.0.split_first()?;
        if *tag == 0 {
            self.0 = rest;
            return Some(None);
        }
        let value = number(rest, 0)?;
        self.0 = &rest[8..];
        Some(Some(value))
    }

    /// The next column, a text; the outer none says that the row is damaged.
    pub fn text(&mut self) -> Option<Option<&'a [u8]>> {
        let (mut length, mut shift) = (0_u64, 0);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            length |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 56 {
                break;
            }
        }
        let Some(length) = length.checked_sub(1) else { return Some(None) };
        let text = self.0.get(..length as usize)?;
        self.0 = &self.0[length as usize..];
        Some(Some(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_and_half_a_row_is_no_row() {
        let long = "x".repeat(300);
        let mut builder = RowBuilder::default();
        builder.int(Some(-7));
        builder.text(None);
        builder.text(Some(""));
        builder.float(Some(0.5));
        builder.text(Some(&long));
        builder.int(None);
        let mut bytes = Vec::new();
        builder.finish(Head { customer: 5, time: -3, ordinal: 9, key: "k", source: "s" }, &mut bytes);
        assert_eq!(length(&bytes), Some(bytes.len()));
        let row = Row::read(&bytes).unwrap();
        assert_eq!((row.customer, row.time, row.ordinal, row.key, row.source), (5, -3, 9, &b"k"[..], &b"s"[..]));
        let mut values = Values(row.values);
        assert_eq!((values.int(), values.text()), (Some(Some(-7)), Some(None)));
        assert_eq!(values.text(), Some(Some(&b""[..])));
        assert_eq!(values.int().flatten().map(|bits| f64::from_bits(bits as u64)), Some(0.5));
        assert_eq!((values.text(), values.int()), (Some(Some(long.as_bytes())), Some(None)));
        assert_eq!((values.int(), values.text()), (None, None), "nothing follows");
        assert!(Row::read(&bytes[..30]).is_none());
    }
}
