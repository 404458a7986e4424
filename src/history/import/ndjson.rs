//! A JSON object on each line.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::record::{ROW, Record, unreadable};
use crate::error::{Error, Fault, Result};

const LONGEST: u64 = 1 << 20;

/// Reads JSON lines. Columns are those that the mapping asks for; an object may lack some.
pub struct NdjsonReader {
    input: Box<dyn BufRead + Send>,
    file: String,
    columns: Vec<String>,
    positions: HashMap<String, usize>,
    seen: Vec<bool>,
    line: u64,
    row: u64,
}

impl NdjsonReader {
    /// Begins a file, of which these columns are wanted.
    pub fn new(input: Box<dyn BufRead + Send>, file: &str, columns: Vec<String>) -> NdjsonReader {
        let positions = columns.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        let seen = vec![false; columns.len()];
        NdjsonReader { input, file: file.to_owned(), columns, positions, seen, line: 0, row: 0 }
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The wanted columns that no object had.
    pub fn never_seen(&self) -> Vec<&str> {
        self.columns.iter().zip(&self.seen).filter(|(_, seen)| !**seen).map(|(name, _)| name.as_str()).collect()
    }

    /// The next record; false at the end.
    ///
    /// # Errors
    /// Invalid, with file and line, when a line is longer than 1 MiB; unavailable, when the file cannot be read.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        let mut raw = Vec::new();
        loop {
            raw.clear();
            let read = self.input.by_ref().take(LONGEST).read_until(b'\n', &mut raw);
            if read.map_err(|error| unreadable(error, &self.file, self.line + 1))? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if raw.len() as u64 == LONGEST && raw.last() != Some(&b'\n') {
                let fault = Fault::at("", "a line is longer than 1 MiB").in_file(&self.file).on_line(self.line);
                return Err(Error::faults("the file cannot be read; nothing was imported", vec![fault]));
            }
            if !raw.trim_ascii().is_empty() {
                break;
            }
        }
        self.row += 1;
        (record.row, record.line, record.fault) = (self.row, self.line, None);
        record.values.clear();
        record.values.resize(self.columns.len(), String::new());
        match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&raw) {
            Ok(object) => self.fill(record, object),
            Err(error) => record.fault = Some(format!("is not a JSON object: {:?}", error.classify())),
        }
        Ok(true)
    }

    fn fill(&mut self, record: &mut Record, object: serde_json::Map<String, serde_json::Value>) {
        for (key, value) in object {
            if key == ROW {
                record.row = value.as_u64().unwrap_or(record.row);
            }
            let Some(&position) = self.positions.get(&key) else { continue };
            self.seen[position] = true;
            record.values[position] = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
        }
    }
}
