//! Buckets: ranges of customers. Large segments hold one bucket each, so that they can be read and rewritten apart.

use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use super::facts::FactType;
use super::manifest::Segment;
use super::segment::SegmentWriter;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids;

/// The bucket of a segment that holds all ranges.
pub(super) const ALL_BUCKETS: i32 = -1;

/// The range of customers that a customer's id falls into: ids are uniform hashes, so equal ranges hold equally many.
pub(super) fn bucket_of(customer: i64, buckets: i32) -> i32 {
    ((customer as u128 * buckets as u128) >> 63) as i32
}

/// Cuts rows sorted by customer where one bucket ends; the whole as [`ALL_BUCKETS`] when `buckets` is 0.
pub(super) fn split(batch: &RecordBatch, buckets: i32) -> Vec<(i32, RecordBatch)> {
    if buckets == 0 {
        return vec![(ALL_BUCKETS, batch.clone())];
    }
    let customers = batch.column(0).as_primitive::<Int64Type>().values();
    let mut parts = Vec::new();
    let mut start = 0;
    while start < customers.len() {
        let bucket = bucket_of(customers[start], buckets);
        let length = customers[start..].partition_point(|&customer| bucket_of(customer, buckets) == bucket);
        parts.push((bucket, batch.slice(start, length)));
        start += length;
    }
    parts
}

/// Writes rows that come in a segment's order: a file for each bucket, or one for all.
pub(super) struct BucketWriter {
    folder: PathBuf,
    fact_type: &'static FactType,
    /// 0: one file for all.
    buckets: i32,
    now: Timestamp,
    open: Option<(i32, SegmentWriter)>,
    finished: Vec<Segment>,
}

impl BucketWriter {
    /// A writer of files in `folder`.
    pub fn new(folder: PathBuf, fact_type: &'static FactType, buckets: i32, now: Timestamp) -> BucketWriter {
        BucketWriter { folder, fact_type, buckets, now, open: None, finished: Vec::new() }
    }

    /// Adds rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        for (bucket, part) in split(batch, self.buckets) {
            if self.open.as_ref().is_none_or(|(current, _)| *current != bucket) {
                self.close()?;
                let id = ids::fresh(self.now);
                self.open = Some((bucket, SegmentWriter::create(&self.folder, self.fact_type, id, bucket)?));
            }
            let (_, writer) = self.open.as_mut().expect("opened above");
            writer.write(&part)?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some((_, last)) = self.open.take() {
            self.finished.push(last.finish()?);
        }
        Ok(())
    }

    /// Ends the last file; answers the segments that were written.
    pub fn end(mut self) -> Result<Vec<Segment>> {
        self.close()?;
        Ok(std::mem::take(&mut self.finished))
    }
}

impl Drop for BucketWriter {
    fn drop(&mut self) {
        // What was begun and not ended counts for nothing; best effort, for it is removed later in any case.
        let begun = self.open.take().map(|(_, writer)| writer.file().to_owned());
        for file in self.finished.drain(..).map(|segment| segment.file).chain(begun) {
            std::fs::remove_file(self.folder.join(file)).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cut_the_range_of_ids_evenly_and_in_order() {
        assert_eq!(bucket_of(0, 8), 0);
        assert_eq!(bucket_of(i64::MAX, 8), 7);
        assert_eq!(bucket_of(i64::MAX / 2, 3), 1);
        let middle = i64::MAX / 8 + 1;
        assert_eq!((bucket_of(middle - 1, 8), bucket_of(middle, 8)), (0, 1));
    }
}
