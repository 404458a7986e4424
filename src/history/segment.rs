//! Writing one sealed Parquet file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;

use super::bulk::properties;
use super::facts::FactType;
use super::manifest::Segment;
use crate::error::{Error, Result};

/// A file that is hashed while it is written.
struct Hashed {
    file: File,
    digest: blake3::Hasher,
    bytes: i64,
}

impl Write for Hashed {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(data)?;
        self.digest.update(&data[..written]);
        self.bytes += written as i64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// A segment that is being written.
pub(super) struct SegmentWriter {
    writer: ArrowWriter<Hashed>,
    segment: Segment,
}

impl SegmentWriter {
    /// Begins the file `<id>.parquet` in `folder`.
    pub fn create(folder: &Path, fact_type: &FactType, id: i64, bucket: i32) -> Result<SegmentWriter> {
        let name = format!("{id}.parquet");
        let file = Hashed { file: File::create_new(folder.join(&name))?, digest: blake3::Hasher::new(), bytes: 0 };
        let writer = ArrowWriter::try_new(file, fact_type.schema(), Some(properties())).map_err(refused)?;
        let segment = Segment {
            id,
            fact_type: fact_type.name.to_owned(),
            file: name,
            bucket,
            row_count: 0,
            byte_count: 0,
            digest: String::new(),
            min_customer: i64::MAX,
            max_customer: i64::MIN,
            min_time: i64::MAX,
            max_time: i64::MIN,
            sealed_at: 0,
            generation: 0,
        };
        Ok(SegmentWriter { writer, segment })
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.segment.file
    }

    /// Adds rows, which must follow those before in the segment's order.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let customers = batch.column(0).as_primitive::<Int64Type>().values();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>().values();
        let segment = &mut self.segment;
        segment.row_count += batch.num_rows() as i64;
        segment.min_customer = segment.min_customer.min(customers[0]);
        segment.max_customer = segment.max_customer.max(customers[customers.len() - 1]);
        segment.min_time = times.iter().fold(segment.min_time, |least, &time| least.min(time));
        segment.max_time = times.iter().fold(segment.max_time, |most, &time| most.max(time));
        self.writer.write(batch).map_err(refused)
    }

    /// Ends the file; its contents are on disk when this returns.
    pub fn finish(mut self) -> Result<Segment> {
        self.writer.finish().map_err(refused)?;
        let hashed = self.writer.inner_mut();
        hashed.file.sync_all()?;
        self.segment.byte_count = hashed.bytes;
        self.segment.digest = hashed.digest.finalize().to_hex().to_string();
        Ok(self.segment)
    }
}

/// Makes new names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A Parquet error is almost always one of the disk: its cause says which.
pub(super) fn refused(error: parquet::errors::ParquetError) -> Error {
    use std::error::Error as _;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Error::from(std::io::Error::from(io.kind())).context("history").caused_by(error);
        }
        cause = inner.source();
    }
    Error::unavailable("a history file could not be written; check the disk").caused_by(error)
}
