//! Keys out of a file: CSV with or without a header, NDJSON, or a JSON list.

use serde_json::Value;

use crate::error::{Error, Fault, Result};

/// What a column or a property that holds keys can be called.
const NAMES: [&str; 4] = ["customer", "external_id", "customer_id", "id"];
/// The longest key.
const LONGEST: usize = 200;
/// Faults that are named one by one.
const NAMED: usize = 100;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines with columns; the keys stand in the first, or in the one that the header calls `customer` or `external_id`.
    Csv,
    /// A JSON value in each line: a text, or an object with `customer`.
    Ndjson,
    /// A list of texts, or of objects with `customer`.
    Json,
}

impl Format {
    /// By the ending of a file's name; CSV when it tells nothing.
    pub fn of_name(name: &str) -> Format {
        match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("ndjson" | "jsonl") => Format::Ndjson,
            Some("json") => Format::Json,
            _ => Format::Csv,
        }
    }
}

/// A key, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The line, from 1; of a JSON list the item.
    pub line: u64,
    /// The company's own key.
    pub key: String,
}

/// The keys of a file, in their order.
///
/// # Errors
/// Invalid, naming every line that holds no key (the first hundred of them).
pub fn keys(format: Format, bytes: &[u8]) -> Result<Vec<Key>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        Error::faults("the list cannot be read", vec![Fault::at("", "is not UTF-8 text").on_line(line)])
    })?;
    let mut faults = Vec::new();
    let found = match format {
        Format::Csv => of_csv(text, &mut faults),
        Format::Ndjson => of_lines(text, &mut faults),
        Format::Json => of_list(text, &mut faults),
    };
    if faults.is_empty() && found.is_empty() {
        faults.push(Fault::at("", "holds no key"));
    }
    if faults.is_empty() {
        return Ok(found);
    }
    let message = format!("the list cannot be read: {} lines without a good key; nothing was changed", faults.len());
    faults.truncate(NAMED);
    Err(Error::faults(message, faults))
}

fn take(line: u64, key: &str, found: &mut Vec<Key>, faults: &mut Vec<Fault>) {
    let key = key.trim();
    if key.is_empty() || key.chars().count() > LONGEST || key.chars().any(char::is_control) {
        let message = "must have 1 to 200 characters and no control characters";
        faults.push(Fault::at("customer", message).on_line(line));
    } else {
        found.push(Key { line, key: key.to_owned() });
    }
}

fn of_csv(text: &str, faults: &mut Vec<Fault>) -> Vec<Key> {
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t', b','].into_iter().find(|d| first.as_bytes().contains(d)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let (mut found, mut column, mut begun) = (Vec::new(), 0, false);
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.push(Fault::at("", "is not a line of CSV").on_line(line));
                continue;
            }
        };
        let line = record.position().map_or(0, |at| line_of(text, at));
        if !begun {
            begun = true;
            let called = |name: &str| NAMES.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
            if let Some(at) = record.iter().position(called) {
                column = at;
                continue;
            }
        }
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            take(line, record.get(column).unwrap_or_default(), &mut found, faults);
        }
    }
    found
}

/// The line that a record stands on: the reader tells where it began to look for it, before blank lines.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    at.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn of_lines(text: &str, faults: &mut Vec<Fault>) -> Vec<Key> {
    let mut found = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = i as u64 + 1;
        match serde_json::from_str(line) {
            Ok(value) => of_value(number, &value, &mut found, faults),
            Err(_) => faults.push(Fault::at("", "is no JSON").on_line(number)),
        }
    }
    found
}

fn of_list(text: &str, faults: &mut Vec<Fault>) -> Vec<Key> {
    let mut found = Vec::new();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => {
            items.iter().enumerate().for_each(|(i, item)| of_value(i as u64 + 1, item, &mut found, faults));
        }
        Ok(_) => faults.push(Fault::at("", "must be a list of keys").on_line(1)),
        Err(error) => faults.push(Fault::at("", error.to_string()).on_line(error.line() as u64)),
    }
    found
}

fn of_value(line: u64, value: &Value, found: &mut Vec<Key>, faults: &mut Vec<Fault>) {
    let named = |object: &serde_json::Map<String, Value>| NAMES.iter().find_map(|name| object.get(*name).cloned());
    let key = match value {
        Value::Object(object) => named(object),
        other => Some(other.clone()),
    };
    match key {
        Some(Value::String(key)) => take(line, &key, found, faults),
        // Keys that are numbers lose their leading zeros in JSON: who has such keys must write them as texts.
        _ => faults.push(Fault::at("customer", "must be a text, or an object with the text `customer`").on_line(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, text: &str) -> Vec<(u64, String)> {
        keys(format, text.as_bytes()).unwrap().into_iter().map(|key| (key.line, key.key)).collect()
    }

    fn pairs(of: &[(u64, &str)]) -> Vec<(u64, String)> {
        of.iter().map(|(line, key)| (*line, (*key).to_owned())).collect()
    }

    #[test]
    fn keys_are_found_with_their_lines_in_every_form() {
        let bare = pairs(&[(1, "C-1"), (3, "C-2")]);
        assert_eq!(read(Format::Csv, "C-1\n\nC-2\n"), bare);
        assert_eq!(
            read(Format::Csv, "\u{feff}name;External_ID\r\nAnn;C-1\r\n;\r\nBob;\"C;2\"\r\n"),
            pairs(&[(2, "C-1"), (4, "C;2")])
        );
        assert_eq!(read(Format::Csv, "customer\n007\n"), pairs(&[(2, "007")]));
        assert_eq!(read(Format::Ndjson, "\"C-1\"\n\n{\"customer\":\"C-2\"}\n"), bare);
        assert_eq!(read(Format::Json, "[\"C-1\", {\"external_id\": \"C-2\"}]"), pairs(&[(1, "C-1"), (2, "C-2")]));
    }

    #[test]
    fn every_line_without_a_key_is_named() {
        let lines = |format, text: &[u8]| {
            keys(format, text).unwrap_err().fault_list().iter().map(|fault| fault.line).collect::<Vec<_>>()
        };
        assert_eq!(lines(Format::Csv, b"name,customer\nAnn,C-1\nBob,\n,C-2\nEve,\n"), [Some(3), Some(5)]);
        assert_eq!(lines(Format::Ndjson, b"\"C-1\"\n17\n{\"x\":1}\nnot\n"), [Some(2), Some(3), Some(4)]);
        assert_eq!(lines(Format::Json, b"{\"customers\":[]}"), [Some(1)]);
        assert_eq!(lines(Format::Csv, b""), [None]);
        assert_eq!(lines(Format::Csv, b"C-1\n\xff\n"), [Some(2)]);
    }
}
