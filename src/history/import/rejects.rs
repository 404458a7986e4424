//! The rejects file: each rejected line as it came, with its number and the reason, ready to be mended and imported again.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::record::{REASON, ROW, Record};
use crate::error::{Error, Result};

/// Writes rejected lines; the file appears with the first of them.
pub(super) struct Rejects {
    path: Option<PathBuf>,
    columns: Vec<String>,
    json: bool,
    out: Option<BufWriter<File>>,
}

impl Rejects {
    /// Will write to `path`, or nowhere. `json` writes objects, else comma-separated values with a header.
    pub fn new(path: Option<&Path>, columns: &[String], json: bool) -> Rejects {
        let columns = columns.iter().filter(|column| *column != ROW && *column != REASON).cloned().collect();
        Rejects { path: path.map(Path::to_owned), columns, json, out: None }
    }

    /// Adds a line.
    pub fn write(&mut self, record: &Record, all_columns: &[String], reason: &str) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let full = |error: std::io::Error| Error::from(error).context("the rejects file");
        if self.out.is_none() {
            let mut out = BufWriter::new(File::create(path).map_err(full)?);
            if !self.json {
                let header = self.columns.iter().map(String::as_str).chain([ROW, REASON]);
                write_line(&mut out, header).map_err(full)?;
            }
            self.out = Some(out);
        }
        let out = self.out.as_mut().expect("opened above");
        let kept = all_columns.iter().zip(&record.values).filter(|(column, _)| self.columns.contains(column));
        if self.json {
            let mut object: serde_json::Map<String, serde_json::Value> =
                kept.map(|(column, value)| (column.clone(), value.clone().into())).collect();
            object.insert(ROW.into(), record.row.into());
            object.insert(REASON.into(), reason.into());
            return writeln!(out, "{}", serde_json::Value::Object(object)).map_err(full);
        }
        let row = record.row.to_string();
        // Fields too many stay where they are: the line is rejected again until somebody mends it.
        let surplus = record.values.iter().skip(all_columns.len());
        let values = kept.map(|(_, value)| value).chain(surplus).map(String::as_str);
        write_line(out, values.chain([row.as_str(), reason])).map_err(full)
    }

    /// Ends the file; its path if there is one.
    pub fn finish(self) -> Result<Option<PathBuf>> {
        let Some(out) = self.out else { return Ok(None) };
        let file = out.into_inner().map_err(|error| Error::from(error.into_error()).context("the rejects file"))?;
        file.sync_all()?;
        Ok(self.path)
    }
}

fn write_line<'a>(out: &mut impl Write, values: impl Iterator<Item = &'a str>) -> std::io::Result<()> {
    for (index, value) in values.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        if value.contains(['"', ',', '\n', '\r']) {
            write!(out, "\"{}\"", value.replace('"', "\"\""))?;
        } else {
            out.write_all(value.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}
