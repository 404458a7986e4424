//! Parquet files, a batch at a time, each value as text.

use std::fs::File;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::lines::Place;
use super::record::{LONGEST, Record};
use crate::error::{Error, Fault, Result};

const ROWS: usize = 4_096;

/// Reads the rows of a Parquet file.
pub struct ParquetReader {
    reader: ParquetRecordBatchReader,
    file: String,
    input: File,
    columns: Vec<String>,
    batch: Vec<StringArray>,
    at: usize,
    row: u64,
}

impl ParquetReader {
    /// Begins a file.
    ///
    /// # Errors
    /// Invalid, when it is not Parquet, or is damaged.
    pub fn new(input: File, file: &str) -> Result<ParquetReader> {
        let (reader, columns) = open(&input, file, 0)?;
        Ok(ParquetReader { reader, file: file.to_owned(), input, columns, batch: Vec::new(), at: 0, row: 0 })
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where the next record begins.
    pub fn place(&self) -> Place {
        Place { row: self.row, ..Place::default() }
    }

    /// Goes on from a place reached earlier.
    pub fn skip_to(&mut self, place: &Place) -> Result<()> {
        (self.reader, _) = open(&self.input, &self.file, place.row as usize)?;
        self.row = place.row;
        Ok(())
    }

    /// The next record; false at the end.
    ///
    /// # Errors
    /// Invalid, when the file is damaged.
    pub fn next(&mut self, record: &mut Record) -> Result<bool> {
        while self.batch.first().is_none_or(|column| self.at >= column.len()) {
            let Some(batch) = self.reader.next() else { return Ok(false) };
            let batch = batch.map_err(|error| unreadable(&self.file, &error.to_string()).caused_by(error))?;
            self.batch = texts(&batch).map_err(|error| unreadable(&self.file, &error.to_string()).caused_by(error))?;
            self.at = 0;
        }
        self.row += 1;
        record.begin(self.row);
        record.row = self.row;
        for column in &self.batch {
            let value = if column.is_null(self.at) { "" } else { column.value(self.at) };
            if value.len() > LONGEST {
                record.fault = Some("holds a value longer than 1 MiB".into());
            }
            record.push(if value.len() > LONGEST { "" } else { value });
        }
        self.at += 1;
        Ok(true)
    }
}

fn open(input: &File, file: &str, skipped: usize) -> Result<(ParquetRecordBatchReader, Vec<String>)> {
    let refused = |error: parquet::errors::ParquetError| unreadable(file, &error.to_string()).caused_by(error);
    let builder = ParquetRecordBatchReaderBuilder::try_new(input.try_clone()?).map_err(refused)?;
    let columns = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let reader = builder.with_batch_size(ROWS).with_offset(skipped).build().map_err(refused)?;
    Ok((reader, columns))
}

fn unreadable(file: &str, why: &str) -> Error {
    let message = format!("is not a readable Parquet file ({why})");
    Error::faults("the file cannot be read; nothing was imported", vec![Fault::at("", message).in_file(file)])
}

/// Every column as text. A whole number that was stored as a float, as tables with gaps do, shows no decimals.
fn texts(batch: &RecordBatch) -> Result<Vec<StringArray>, arrow::error::ArrowError> {
    batch
        .columns()
        .iter()
        .map(|column| {
            if matches!(column.data_type(), DataType::Float64 | DataType::Float32) {
                let floats = arrow::compute::cast(column, &DataType::Float64)?;
                let floats = floats.as_primitive::<Float64Type>();
                return Ok(floats.iter().map(|value| value.map(|value| value.to_string())).collect());
            }
            let cast = arrow::compute::cast(column, &DataType::Utf8)?;
            Ok(cast.as_string::<i32>().clone())
        })
        .collect()
}
