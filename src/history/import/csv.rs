//! Delimited text, read strictly: a stray or open quote is an error at its line instead of a swallowed file.

use std::io::BufRead;

use super::record::{REASON, ROW, Record, unreadable};
use crate::error::{Error, Fault, Result};

/// Longest record; what is longer is a broken file, not a line.
const LONGEST: usize = 1 << 20;

/// Reads delimited records.
pub struct CsvReader {
    input: Box<dyn BufRead + Send>,
    file: String,
    delimiter: Delimiter,
    columns: Vec<String>,
    line: u64,
    row: u64,
    row_column: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    Byte(u8),
    /// Any run of blanks, at the start of a line none.
    Blanks,
}

impl CsvReader {
    /// Begins a file. `columns` names them where the file has no header line; a rejects file always has one.
    ///
    /// # Errors
    /// Invalid, when the delimiter is not one character or the header is broken.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        file: &str,
        delimiter: &str,
        columns: Option<&[String]>,
    ) -> Result<CsvReader> {
        let delimiter = match delimiter {
            "blanks" => Delimiter::Blanks,
            "tab" => Delimiter::Byte(b'\t'),
            one if one.len() == 1 => Delimiter::Byte(one.as_bytes()[0]),
            _ => return Err(Error::faults("the mapping cannot be used", vec![delimiter_fault()])),
        };
        let mut reader = CsvReader {
            input,
            file: file.to_owned(),
            delimiter,
            columns: Vec::new(),
            line: 0,
            row: 0,
            row_column: None,
        };
        reader.read_header(columns)?;
        Ok(reader)
    }

    fn read_header(&mut self, columns: Option<&[String]>) -> Result<()> {
        let start = self.input.fill_buf().map_err(|error| unreadable(error, &self.file, 1))?;
        let first_line = &start[..start.iter().position(|&b| b == b'\n').unwrap_or(start.len())];
        let is_rejects = String::from_utf8_lossy(first_line).trim_end().ends_with(&format!("{ROW},{REASON}"));
        if is_rejects {
            self.delimiter = Delimiter::Byte(b',');
        } else if let Some(columns) = columns {
            self.columns = columns.to_vec();
            return Ok(());
        }
        let mut header = Record::default();
        if !self.read_fields(&mut header)? {
            return Err(self.fault(1, "the file is empty; the first line must name the columns"));
        }
        if let Some(first) = header.values.first_mut() {
            // Spreadsheets begin their files with a byte order mark.
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        self.columns = header.values;
        self.row_column = self.columns.iter().position(|column| column == ROW);
        Ok(())
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next record; false at the end.
    ///
    /// # Errors
    /// Invalid, with file and line, when a quote is broken or a record has no end; unavailable, when the file cannot be read.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        loop {
            if !self.read_fields(record)? {
                return Ok(false);
            }
            if record.values.len() > 1 || !record.values[0].is_empty() || record.fault.is_some() {
                break;
            }
        }
        self.row += 1;
        record.row = self.row;
        let (have, want) = (record.values.len(), self.columns.len());
        if have != want && record.fault.is_none() {
            record.fault = Some(format!("has {have} fields instead of {want}"));
        }
        if have < want {
            record.values.resize(want, String::new());
        }
        if let Some(number) = self.row_column.and_then(|column| record.values[column].parse().ok()) {
            record.row = number;
        }
        Ok(true)
    }

    fn fault(&self, line: u64, message: &str) -> Error {
        let fault = Fault::at("", message).in_file(&self.file).on_line(line);
        Error::faults("the file cannot be read; nothing was imported", vec![fault])
    }

    /// Reads one record of raw fields; false at the end of the file.
    fn read_fields(&mut self, record: &mut Record) -> Result<bool> {
        record.values.clear();
        record.fault = None;
        record.line = self.line + 1;
        let mut raw = Vec::with_capacity(256);
        if !self.read_line(&mut raw, record.line)? {
            return Ok(false);
        }
        if self.delimiter == Delimiter::Blanks {
            let text = self.text(&raw, record);
            record.values.extend(text.split_whitespace().map(str::to_owned));
            if record.values.is_empty() {
                record.values.push(String::new());
            }
            return Ok(true);
        }
        let Delimiter::Byte(delimiter) = self.delimiter else { unreachable!("handled above") };
        let mut at = 0;
        loop {
            let mut field = Vec::new();
            if raw.get(at) == Some(&b'"') {
                at = self.quoted(&mut raw, at + 1, &mut field, record.line)?;
                if raw.get(at).is_some_and(|&byte| byte != delimiter) {
                    return Err(self.fault(self.line, "a closing quote must end its field; double quotes inside one"));
                }
            } else {
                let end = raw[at..].iter().position(|&byte| byte == delimiter).map_or(raw.len(), |n| at + n);
                field.extend_from_slice(&raw[at..end]);
                at = end;
            }
            let text = self.text(&field, record);
            record.values.push(text);
            if at >= raw.len() {
                return Ok(true);
            }
            at += 1;
        }
    }

    /// Reads a quoted field from `at`, over several lines if need be; answers where it ends, after the closing quote.
    fn quoted(&mut self, raw: &mut Vec<u8>, mut at: usize, field: &mut Vec<u8>, began: u64) -> Result<usize> {
        loop {
            match raw.get(at) {
                Some(b'"') if raw.get(at + 1) == Some(&b'"') => {
                    field.push(b'"');
                    at += 2;
                }
                Some(b'"') => return Ok(at + 1),
                Some(&byte) => {
                    field.push(byte);
                    at += 1;
                }
                None => {
                    raw.push(b'\n');
                    if !self.read_line(raw, began)? {
                        return Err(self.fault(
                            began,
                            "a quote opens and never closes; close it, or double it if it belongs to the text",
                        ));
                    }
                }
            }
        }
    }

    /// Appends one line without its end; false at the end of the file.
    fn read_line(&mut self, raw: &mut Vec<u8>, began: u64) -> Result<bool> {
        let before = raw.len();
        loop {
            let buffer = self.input.fill_buf().map_err(|error| unreadable(error, &self.file, began))?;
            if buffer.is_empty() {
                if raw.len() == before {
                    return Ok(false);
                }
                break;
            }
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(buffer.len());
            raw.extend_from_slice(&buffer[..taken]);
            self.input.consume(taken + usize::from(end.is_some()));
            if raw.len() > LONGEST {
                return Err(self.fault(began, "a record is longer than 1 MiB; a quote may be open"));
            }
            if end.is_some() {
                break;
            }
        }
        self.line += 1;
        if raw.last() == Some(&b'\r') {
            raw.pop();
        }
        Ok(true)
    }

    fn text(&self, field: &[u8], record: &mut Record) -> String {
        match std::str::from_utf8(field) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                record.fault = Some("is not UTF-8; convert the file".into());
                String::from_utf8_lossy(field).into_owned()
            }
        }
    }
}

fn delimiter_fault() -> Fault {
    Fault::at("file.delimiter", "write one character, `tab`, or `blanks`")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Seen = (u64, Vec<String>, Option<String>);

    fn read(text: &'static str) -> Result<Vec<Seen>> {
        let mut reader = CsvReader::new(Box::new(text.as_bytes()), "f.csv", ",", None)?;
        let mut record = Record::default();
        let mut all = Vec::new();
        while reader.next(&mut record)? {
            all.push((record.line, record.values.clone(), record.fault.clone()));
        }
        Ok(all)
    }

    #[test]
    fn quotes_lines_and_ragged_records() {
        let all = read("\u{feff}a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n2\n3,4").unwrap();
        assert_eq!(all[0].1, ["1", "x, \"y\"\nz"]);
        assert_eq!((all[1].0, all[1].2.as_deref()), (5, Some("has 1 fields instead of 2")));
        assert_eq!((all[2].0, all[2].1[1].as_str()), (6, "4"));
    }

    #[test]
    fn broken_quotes_are_errors_at_their_line() {
        for (text, line) in [("a,b\n1,2\n3,\"open\n4,5\n", 3), ("a,b\n1,\"x\"y\n", 2)] {
            let error = read(text).unwrap_err();
            assert_eq!(error.fault_list()[0].line, Some(line), "{error}");
        }
    }
}
