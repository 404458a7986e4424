//! Opening a file of whatever format: by its mapping, its first bytes, or its name.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::csv::CsvReader;
use super::input::{Meter, Packing, unpacked};
use super::lines::Place;
use super::mapping::FileSpec;
use super::ndjson::NdjsonReader;
use super::parquet::ParquetReader;
use super::record::Record;
use crate::error::{Error, Fault, Result};

/// The name that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A file that is being read.
pub(super) enum Source {
    Csv(CsvReader),
    Ndjson(NdjsonReader),
    Parquet(ParquetReader),
}

/// What one has to know to go on reading elsewhere.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Reached {
    place: Place,
    /// Columns of JSON lines that have been seen.
    seen: Vec<bool>,
}

impl Source {
    /// Opens a file that is called `name`, or standard input. `wanted` are the columns that the mapping reads, where there is one.
    ///
    /// # Errors
    /// Not found, when there is no such file; invalid, when its beginning is broken.
    pub fn open(path: &Path, name: &str, spec: &FileSpec, wanted: Option<&[String]>, meter: &Meter) -> Result<Source> {
        let named = |error: std::io::Error| Error::from(error).context(name);
        if path.as_os_str() == STANDARD_INPUT {
            let mut input = std::io::stdin();
            let magic = first_bytes(&mut input).map_err(named)?;
            if spec.format.as_deref() == Some("parquet") || magic == *b"PAR1" {
                let message = "Parquet cannot be read from standard input: its contents are listed at its end";
                return Err(Error::faults("the input cannot be read", vec![Fault::at("", message)]));
            }
            return Source::stream(input, &magic, name, spec, wanted, meter);
        }
        let mut file = File::open(path).map_err(named)?;
        let magic = first_bytes(&mut file).map_err(named)?;
        let is_parquet = spec
            .format
            .as_ref()
            .map_or(magic == *b"PAR1" || plain(name).ends_with(".parquet"), |format| format == "parquet");
        if !is_parquet {
            return Source::stream(file, &magic, name, spec, wanted, meter);
        }
        if Packing::of(&magic) != Packing::Plain {
            let message = "Parquet is packed inside; unpack the file";
            return Err(Error::faults("the file cannot be read", vec![Fault::at("", message).in_file(name)]));
        }
        file.rewind()?;
        ParquetReader::new(file, name).map(Source::Parquet)
    }

    fn stream(
        input: impl Read + Send + 'static,
        magic: &[u8],
        name: &str,
        spec: &FileSpec,
        wanted: Option<&[String]>,
        meter: &Meter,
    ) -> Result<Source> {
        let mut input = unpacked(magic, input, meter)?;
        let by_name = [".json", ".ndjson", ".jsonl"].iter().any(|end| plain(name).ends_with(end));
        let is_json = match &spec.format {
            Some(format) => format == "ndjson",
            None if name == STANDARD_INPUT => {
                let first = first_bytes(&mut input).map_err(|error| super::record::unreadable(error, name, 1))?;
                let begins = first.trim_ascii_start().first() == Some(&b'{');
                input = Box::new(std::io::Cursor::new(first).chain(input));
                begins
            }
            None => by_name,
        };
        if is_json {
            return NdjsonReader::new(input, name, wanted).map(Source::Ndjson);
        }
        let delimiter = spec.delimiter.as_deref().unwrap_or(",");
        CsvReader::new(input, name, delimiter, spec.columns.as_deref()).map(Source::Csv)
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

    /// Where the next record begins.
    pub fn reached(&self) -> Reached {
        match self {
            Source::Csv(reader) => Reached { place: reader.place(), seen: Vec::new() },
            Source::Ndjson(reader) => Reached { place: reader.place(), seen: reader.seen().to_vec() },
            Source::Parquet(reader) => Reached { place: reader.place(), seen: Vec::new() },
        }
    }

    /// Goes on from a place that an earlier process reached.
    pub fn skip_to(&mut self, reached: &Reached) -> Result<()> {
        match self {
            Source::Csv(reader) => reader.skip_to(&reached.place),
            Source::Ndjson(reader) => reader.skip_to(&reached.place, &reached.seen),
            Source::Parquet(reader) => reader.skip_to(&reached.place),
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

/// The ending that a file should have by what it holds: JSON lines begin with a brace, Parquet with its mark.
///
/// # Errors
/// Invalid, when it is packed and its beginning is damaged; not found; unavailable, when it cannot be read.
pub fn ending(path: &Path, name: &str) -> Result<&'static str> {
    let mut file = File::open(path)?;
    let magic = first_bytes(&mut file)?;
    if magic == *b"PAR1" {
        return Ok("parquet");
    }
    let unpacked = unpacked(&magic, file, &Meter::default())?;
    let mut first = Vec::new();
    let read = unpacked.take(64).read_to_end(&mut first);
    read.map_err(|error| super::record::unreadable(error, name, 1))?;
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first);
    Ok(if text.trim_ascii_start().starts_with(b"{") { "ndjson" } else { "csv" })
}

/// A name without the ending that tells how the file is packed.
pub fn plain(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Up to four bytes, of which there are fewer only at the end of a stream.
fn first_bytes(input: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.by_ref().take(4).read_to_end(&mut bytes)?;
    Ok(bytes)
}
