//! Merged runs become segments, several buckets at a time.

use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::decode::Columns;
use super::known;
use super::merge::Merge;
use super::repeats::{self, Left};
use super::runs::Runs;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::buckets::ALL_BUCKETS;
use crate::history::engine::Snapshot;
use crate::history::manifest::Segment;
use crate::history::segment::SegmentWriter;
use crate::ids;

/// Rows that are handed to the writer together.
const ROWS: usize = 8_192;
/// Bytes of the runs that one bucket reads ahead.
const READ_AHEAD: usize = 16 << 20;
/// Writers hold a row group each: more of them would cost memory.
const MOST_THREADS: usize = 4;

/// Where segments go.
pub struct Target<'a> {
    /// The folder of the fact type.
    pub folder: &'a Path,
    /// Ranges of customers; none puts all facts into one segment.
    pub buckets: Option<i32>,
    /// Threads that may be used.
    pub threads: usize,
    /// The present.
    pub now: Timestamp,
}

/// Writes each staged fact that is new, once, and answers how many were left out as contradicting another; what is known
/// already stands in the table of that name. Each finished segment stands in `segments` also when a later one fails.
///
/// # Errors
/// Unavailable, when the disk refuses or a sealed segment cannot be read.
pub fn write_segments(
    runs: &Runs,
    known: Option<&Snapshot>,
    target: &Target<'_>,
    segments: &mut Vec<Segment>,
) -> Result<i64> {
    let mut known = known::repeated(runs, known)?;
    let left = repeats::find(runs, &mut known, &runs.beside("conflicts"))?;
    let finished = Mutex::new(Vec::new());
    let result = write_buckets(runs, target, &left, &finished);
    segments.extend(finished.into_inner().unwrap_or_else(PoisonError::into_inner));
    segments.sort_by_key(|segment| segment.min_customer);
    result.map(|()| left.conflicts)
}

fn write_buckets(runs: &Runs, target: &Target<'_>, left: &Left, finished: &Mutex<Vec<Segment>>) -> Result<()> {
    let Some(buckets) = target.buckets else { return write_bucket(runs, target, left, None, finished) };
    let next = AtomicI32::new(0);
    let work = || {
        loop {
            let bucket = next.fetch_add(1, Ordering::Relaxed);
            if bucket >= buckets {
                return Ok(());
            }
            write_bucket(runs, target, left, Some(bucket), finished)?;
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..target.threads.clamp(1, MOST_THREADS)).map(|_| scope.spawn(work)).collect();
        let own = work();
        let joined = others.into_iter().map(|thread| thread.join().expect("a writer does not panic"));
        joined.fold(own, |all, one| all.and(one))
    })
}

fn write_bucket(
    runs: &Runs,
    target: &Target<'_>,
    left: &Left,
    bucket: Option<i32>,
    finished: &Mutex<Vec<Segment>>,
) -> Result<()> {
    let mut merge = Merge::new(runs.read(bucket, READ_AHEAD))?;
    let mut columns = Columns::new(runs.fact_type);
    let mut writer: Option<SegmentWriter> = None;
    let begin =
        || SegmentWriter::create(target.folder, runs.fact_type, ids::fresh(target.now), bucket.unwrap_or(ALL_BUCKETS));
    loop {
        let ended = match merge.row()? {
            Some(row) => {
                if !left.out(row.ordinal) {
                    columns.push(&row)?;
                }
                false
            }
            None => true,
        };
        if columns.len() >= ROWS || (ended && columns.len() > 0) {
            if writer.is_none() {
                writer = Some(begin()?);
            }
            writer.as_mut().expect("begun above").write(&columns.take()?)?;
        }
        if ended {
            break;
        }
        merge.advance()?;
    }
    if let Some(writer) = writer {
        let segment = writer.finish()?;
        finished.lock().unwrap_or_else(PoisonError::into_inner).push(segment);
    }
    Ok(())
}
