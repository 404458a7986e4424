//! A JSON object on each line.

use std::collections::HashMap;
use std::io::Read;

use super::lines::{Found, Lines, Place};
use super::record::{KEPT, NTH, ROW, Record};
use crate::error::{Error, Fault, Result};

/// Reads JSON lines. Columns are those that the mapping asks for; an object may lack some.
pub struct NdjsonReader {
    lines: Lines,
    columns: Vec<String>,
    positions: HashMap<String, usize>,
    seen: Vec<bool>,
    row: u64,
}

impl NdjsonReader {
    /// Begins a file, of which these columns are wanted; without them, those of the first object.
    ///
    /// # Errors
    /// Invalid, when the columns are to be found and the first line is no object.
    pub fn new(input: Box<dyn Read + Send>, file: &str, wanted: Option<&[String]>) -> Result<NdjsonReader> {
        let mut lines = Lines::new(input, file)?;
        let columns = match wanted {
            Some(wanted) => wanted.to_vec(),
            None => first_keys(&mut lines)?,
        };
        let positions = columns.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        let seen = vec![false; columns.len()];
        Ok(NdjsonReader { lines, columns, positions, seen, row: 0 })
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The wanted columns that no object had.
    pub fn never_seen(&self) -> Vec<&str> {
        self.columns.iter().zip(&self.seen).filter(|(_, seen)| !**seen).map(|(name, _)| name.as_str()).collect()
    }

    /// Which columns some object had.
    pub fn seen(&self) -> &[bool] {
        &self.seen
    }

    /// Where the next record begins.
    pub fn place(&self) -> Place {
        Place { offset: self.lines.offset(), line: self.lines.line(), row: self.row, single_until: 0 }
    }

    /// Goes on from a place reached earlier, when these columns had been seen.
    pub fn skip_to(&mut self, place: &Place, seen: &[bool]) -> Result<()> {
        self.row = place.row;
        self.seen = seen.to_vec();
        self.lines.skip_to(place)
    }

    /// The next record; false at the end. What is wrong with it stands in the record.
    ///
    /// # Errors
    /// Unavailable, when the file cannot be read; invalid, when it is damaged.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            record.begin(self.lines.line() + 1);
            match self.lines.find(0)? {
                Found::End => return Ok(false),
                Found::TooLong => {
                    record.push(&String::from_utf8_lossy(&self.lines.rest()[..KEPT]));
                    record.fault = Some("is longer than 1 MiB; only its beginning is kept".into());
                    self.lines.skip_line()?;
                    break;
                }
                Found::Line { end, next } => {
                    let blank = self.lines.rest()[..end].trim_ascii().is_empty();
                    if !blank {
                        self.fill(record, end);
                    }
                    self.lines.take(next, 1);
                    if !blank {
                        break;
                    }
                }
            }
        }
        self.row += 1;
        if record.row == 0 {
            record.row = self.row;
        }
        Ok(true)
    }

    /// Fills the record from the line that ends at `end`; what is no object stays as its only text.
    fn fill(&mut self, record: &mut Record, end: usize) {
        let line = &self.lines.rest()[..end];
        let object = match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line) {
            Ok(object) => object,
            Err(error) => {
                record.push_bytes(line);
                record.fault.get_or_insert_with(|| format!("is not a JSON object: {:?}", error.classify()));
                return;
            }
        };
        record.blank(self.columns.len());
        for (key, value) in object {
            match key.as_str() {
                ROW => record.row = value.as_u64().unwrap_or(0),
                NTH => record.nth = value.as_u64().and_then(|nth| u32::try_from(nth).ok()),
                _ => {}
            }
            let Some(&position) = self.positions.get(&key) else { continue };
            self.seen[position] = true;
            match value {
                serde_json::Value::Null => {}
                serde_json::Value::String(text) => record.set(position, &text),
                other => record.set_shown(position, &other),
            }
        }
    }
}

/// The keys of the first object, without taking it from the input.
fn first_keys(lines: &mut Lines) -> Result<Vec<String>> {
    let mut from = 0;
    let object = loop {
        let Found::Line { end, next } = lines.find(from)? else { break None };
        let line = &lines.rest()[from..end];
        if !line.trim_ascii().is_empty() {
            break serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).ok();
        }
        from = next;
    };
    let keys = object.map(|object| object.keys().cloned().collect());
    keys.ok_or_else(|| {
        let fault = Fault::at("", "the first line is not a JSON object").in_file(lines.file()).on_line(1);
        Error::faults("the file cannot be read; nothing was imported", vec![fault])
    })
}
