//! Parquet files, a batch at a time, each value as text.

use std::fs::File;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::record::Record;
use crate::error::{Error, Fault, Result};

/// Reads the rows of a Parquet file.
pub struct ParquetReader {
    reader: ParquetRecordBatchReader,
    file: String,
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
        let refused = |error: parquet::errors::ParquetError| unreadable(file, &error.to_string()).caused_by(error);
        let builder = ParquetRecordBatchReaderBuilder::try_new(input).map_err(refused)?;
        let columns = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let reader = builder.with_batch_size(8_192).build().map_err(refused)?;
        Ok(ParquetReader { reader, file: file.to_owned(), columns, batch: Vec::new(), at: 0, row: 0 })
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
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
        (record.row, record.line, record.fault) = (self.row, self.row, None);
        record.values.clear();
        for column in &self.batch {
            let value = if column.is_null(self.at) { "" } else { column.value(self.at) };
            record.values.push(value.to_owned());
        }
        self.at += 1;
        Ok(true)
    }
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
