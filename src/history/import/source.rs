//! Opening a file of whatever format: by its mapping, its first bytes, or its name.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::csv::CsvReader;
use super::mapping::FileSpec;
use super::ndjson::NdjsonReader;
use super::parquet::ParquetReader;
use super::record::Record;
use crate::error::{Error, Fault, Result};

const BUFFER: usize = 1 << 18;

/// A file that is being read.
pub(super) enum Source {
    Csv(CsvReader),
    Ndjson(NdjsonReader),
    Parquet(ParquetReader),
}

/// Counts the bytes read, for the progress.
struct Counted(File, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Source {
    /// Opens a file. `wanted` are the columns that the mapping reads, where there is one.
    ///
    /// # Errors
    /// Not found, when there is no such file; invalid, when its beginning is broken.
    pub fn open(path: &Path, spec: &FileSpec, wanted: Option<&[String]>, read: &Arc<AtomicU64>) -> Result<Source> {
        let name = path.display().to_string();
        let mut file = File::open(path).map_err(|error| Error::from(error).context(&name))?;
        let mut magic = [0u8; 4];
        let length = file.read(&mut magic).map_err(|error| Error::from(error).context(&name))?;
        file.rewind()?;
        let is_gzip = length >= 2 && magic[..2] == [0x1f, 0x8b];
        let format = spec.format.clone().unwrap_or_else(|| guess(&name, &magic).to_owned());
        if format == "parquet" {
            return ParquetReader::new(file, &name).map(Source::Parquet);
        }
        let counted = Counted(file, read.clone());
        let mut input: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(BufReader::with_capacity(BUFFER, counted))))
        } else {
            Box::new(BufReader::with_capacity(BUFFER, counted))
        };
        if format == "ndjson" {
            let columns = match wanted {
                Some(wanted) => wanted.to_vec(),
                None => first_keys(&mut input, &name)?,
            };
            return Ok(Source::Ndjson(NdjsonReader::new(input, &name, columns)));
        }
        let delimiter = spec.delimiter.as_deref().unwrap_or(",");
        CsvReader::new(input, &name, delimiter, spec.columns.as_deref()).map(Source::Csv)
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        match self {
            Source::Csv(reader) => reader.columns(),
            Source::Ndjson(reader) => reader.columns(),
            Source::Parquet(reader) => reader.columns(),
        }
    }

    /// The next record; false at the end.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        match self {
            Source::Csv(reader) => reader.next(record),
            Source::Ndjson(reader) => reader.next(record),
            Source::Parquet(reader) => reader.next(record),
        }
    }

    /// The columns of the mapping that the file does not have. JSON lines show that only at their end.
    pub fn missing(&self, wanted: &[String], at_end: bool) -> Vec<String> {
        match self {
            Source::Ndjson(reader) if at_end => reader.never_seen().into_iter().map(str::to_owned).collect(),
            Source::Ndjson(_) => Vec::new(),
            _ => wanted.iter().filter(|column| !self.columns().contains(column)).cloned().collect(),
        }
    }

    /// Whether rejected lines are written as JSON.
    pub fn is_json(&self) -> bool {
        matches!(self, Source::Ndjson(_))
    }
}

fn guess(name: &str, magic: &[u8; 4]) -> &'static str {
    let plain = name.trim_end_matches(".gz");
    if magic == b"PAR1" || plain.ends_with(".parquet") {
        "parquet"
    } else if [".json", ".ndjson", ".jsonl"].iter().any(|end| plain.ends_with(end)) {
        "ndjson"
    } else {
        "csv"
    }
}

/// The keys of the first object, without taking it from the input.
fn first_keys(input: &mut Box<dyn BufRead + Send>, name: &str) -> Result<Vec<String>> {
    let buffer = input.fill_buf().map_err(|error| Error::from(error).context(name))?;
    let line = buffer.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(line).map_err(|_| {
        let fault = Fault::at("", "the first line is not a JSON object").in_file(name).on_line(1);
        Error::faults("the file cannot be read; nothing was imported", vec![fault])
    })?;
    Ok(object.keys().cloned().collect())
}
