//! Files for a warehouse: rows as Parquet or CSV, on disk and whole before they get their name.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::segment::{refused, sync_folder};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet, compressed with zstd.
    Parquet,
    /// CSV with a header, UTF-8; instants as RFC 3339, an absent value as nothing. Values stand as they are: whoever opens it
    /// in a spreadsheet must import it as text.
    Csv,
}

impl Format {
    /// The end of the files' names.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
        }
    }

    /// What a file's name asks for: Parquet where it ends so, else CSV.
    pub fn of(file: &Path) -> Format {
        let parquet = file.extension().is_some_and(|extension| extension == Format::Parquet.extension());
        if parquet { Format::Parquet } else { Format::Csv }
    }
}

enum Writer {
    Parquet(Box<ArrowWriter<File>>),
    Csv(Box<csv::Writer<BufWriter<File>>>),
}

/// A file that is being written, under a temporary name.
pub struct TableFile {
    writer: Writer,
    rows: u64,
    unfinished: Unfinished,
    file: PathBuf,
}

/// A whole file on disk that has not got its name yet: it is removed unless it gets it.
pub struct Whole {
    /// Its rows, beside a header.
    pub rows: u64,
    unfinished: Unfinished,
    file: PathBuf,
}

/// A file under its temporary name; removed unless it was renamed.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

fn temporary(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

impl TableFile {
    /// Begins a file of this name with these columns: texts, whole numbers, numbers and instants.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn create(file: &Path, schema: SchemaRef, format: Format) -> Result<TableFile> {
        let unfinished = Unfinished(temporary(file));
        let out = File::create(&unfinished.0)?;
        let writer = match format {
            Format::Parquet => {
                let zstd = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(zstd).build();
                Writer::Parquet(Box::new(ArrowWriter::try_new(out, schema, Some(properties)).map_err(refused)?))
            }
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(BufWriter::new(out));
                writer.write_record(schema.fields().iter().map(|field| field.name())).map_err(unwritten)?;
                Writer::Csv(Box::new(writer))
            }
        };
        Ok(TableFile { writer, rows: 0, unfinished, file: file.to_owned() })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        match &mut self.writer {
            Writer::Parquet(writer) => writer.write(batch).map_err(refused),
            Writer::Csv(writer) => {
                for row in 0..batch.num_rows() {
                    for column in batch.columns() {
                        writer.write_field(cell(column, row)).map_err(unwritten)?;
                    }
                    writer.write_record(None::<&[u8]>).map_err(unwritten)?;
                }
                Ok(())
            }
        }
    }

    /// Ends the file; it is on disk when this returns.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn finish(self) -> Result<Whole> {
        let file = match self.writer {
            Writer::Parquet(writer) => writer.into_inner().map_err(refused)?,
            Writer::Csv(writer) => {
                let mut out = writer.into_inner().map_err(|error| Error::from(error.into_error()))?;
                out.flush()?;
                out.into_inner().map_err(|error| Error::from(error.into_error()))?
            }
        };
        file.sync_all()?;
        Ok(Whole { rows: self.rows, unfinished: self.unfinished, file: self.file })
    }
}

impl Whole {
    /// Gives it its name, in the place of what was there; answers that and its rows.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn publish(self) -> Result<(PathBuf, u64)> {
        std::fs::rename(&self.unfinished.0, &self.file)?;
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_folder(folder)?;
        Ok((self.file, self.rows))
    }
}

fn unwritten(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Error::internal(format!("the export: {other:?}")),
    }
}

/// A value as text that reads back as the same value.
fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Timestamp(..) => Timestamp(column.as_primitive::<TimestampMicrosecondType>().value(row)).to_string(),
        _ => column.as_string::<i32>().value(row).to_owned(),
    }
}
