//! Sealing: facts from the tail or from an import become sorted Parquet segments, each fact once.
//!
//! 1. Duplicates by (source, key), among the new facts and against what is sealed, are found by sorting and merging.
//! 2. The rest is written in the order of a segment and synced.
//! 3. One transaction adds the segments to the manifest and marks the tail's rows as sealed. A crash before it leaves files
//!    that count for nothing; when another seal came first, the transaction is refused and the whole is done again.

use std::path::PathBuf;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use super::engine::Snapshot;
use super::facts::{self, FactType};
use super::feed;
use super::folder::History;
use super::manifest::{self, Segment};
use super::segment::{SegmentWriter, sync_folder};
use super::tail;
use crate::clock::{DAY, Timestamp};
use crate::error::{Kind, Result};
use crate::ids;

/// Up to this many facts all buckets share one file; many small files would cost more than they save.
const SMALL: i64 = 100_000;
/// For how long the key of a sealed fact is remembered in the store, so that a repetition is refused at the door.
const REMEMBERED: i64 = 30 * DAY;
const ATTEMPTS: usize = 5;

/// Facts on their way in: unsorted Parquet files of one type, with the type's own columns.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The type of the facts.
    pub fact_type: &'static FactType,
    /// The files.
    pub files: Vec<PathBuf>,
    /// How many facts they hold.
    pub rows: i64,
}

/// What a seal did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Facts now in segments that were not before.
    pub added: i64,
    /// Facts that were known already, or came twice, and were left out.
    pub duplicates: i64,
}

/// New facts of one type, as a table of a session.
struct Incoming {
    fact_type: &'static FactType,
    files: Vec<PathBuf>,
    in_memory: Vec<RecordBatch>,
    rows: i64,
    /// The batch of the tail that they are, if they are.
    batch: Option<i64>,
}

impl History {
    /// Seals staged facts of several types at once: all of them count from the same instant.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails; nothing is then added.
    pub fn seal_staged(&self, staged: Vec<Staged>, now: Timestamp) -> Result<Vec<Sealed>> {
        let incoming: Vec<Incoming> = staged
            .into_iter()
            .map(|s| Incoming {
                fact_type: s.fact_type,
                files: s.files,
                in_memory: Vec::new(),
                rows: s.rows,
                batch: None,
            })
            .collect();
        self.seal(&incoming, now)
    }

    /// Seals what waits in the tail, and forgets keys sealed long ago.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails; conflict, when another process keeps sealing. Nothing is then changed.
    pub fn seal_tail(&self, now: Timestamp) -> Result<Sealed> {
        let mut total = Sealed::default();
        for fact_type in facts::ALL {
            let store = &self.0.store;
            if store.read(|conn| tail::waiting(conn, fact_type))? == 0 {
                continue;
            }
            let batch = ids::fresh(now);
            if store.write(|conn| tail::claim(conn, fact_type, batch))? == 0 {
                continue;
            }
            let mut facts = store.read(|conn| tail::open_facts(conn, fact_type, tail::Which::Batch(batch)))?;
            let rows = facts.len() as i64;
            let in_memory = vec![facts.take()];
            let incoming = Incoming { fact_type, files: Vec::new(), in_memory, rows, batch: Some(batch) };
            let sealed = self.seal(&[incoming], now)?[0];
            total.added += sealed.added;
            total.duplicates += sealed.duplicates;
        }
        self.0.store.write(|conn| tail::prune(conn, now.plus(-REMEMBERED)))?;
        Ok(total)
    }

    fn seal(&self, incoming: &[Incoming], now: Timestamp) -> Result<Vec<Sealed>> {
        let mut attempt = 1;
        loop {
            match self.seal_once(incoming, now) {
                Err(error) if error.kind() == Kind::Conflict && attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    fn seal_once(&self, incoming: &[Incoming], now: Timestamp) -> Result<Vec<Sealed>> {
        let mut written: Vec<(&Incoming, i64, Vec<Segment>)> = Vec::new();
        let result = self.write_all(incoming, now, &mut written).and_then(|()| self.commit(&written, now));
        if result.is_err() {
            for (of, _, segments) in &written {
                for path in self.paths(of.fact_type, segments) {
                    // Best effort: a file without a manifest row is removed when the folder is next opened.
                    std::fs::remove_file(path).ok();
                }
            }
        }
        result?;
        Ok(written
            .iter()
            .map(|(of, _, segments)| {
                let added = segments.iter().map(|segment| segment.row_count).sum();
                Sealed { added, duplicates: of.rows - added }
            })
            .collect())
    }

    fn write_all<'a>(
        &self,
        incoming: &'a [Incoming],
        now: Timestamp,
        written: &mut Vec<(&'a Incoming, i64, Vec<Segment>)>,
    ) -> Result<()> {
        for one in incoming {
            let (generation, known) = self.0.store.read(|conn| {
                Ok((manifest::generation(conn, one.fact_type)?, manifest::segments(conn, one.fact_type)?))
            })?;
            let session = self.0.engine.session();
            let schema = one.fact_type.schema();
            session.add_table("incoming", schema.clone(), &one.files, false, one.in_memory.clone())?;
            session.add_table("known", schema, &self.paths(one.fact_type, &known), true, Vec::new())?;
            let sql = once_each(&session, one.fact_type, !known.is_empty())?;
            written.push((one, generation, Vec::new()));
            let (_, _, segments) = written.last_mut().expect("just pushed");
            self.write_segments(&session, one, &sql, now, segments)?;
        }
        Ok(())
    }

    /// Writes the rows of `sql`, which come in a segment's order. Each finished segment stands in `segments` also when a later one fails.
    fn write_segments(
        &self,
        session: &Snapshot,
        of: &Incoming,
        sql: &str,
        now: Timestamp,
        segments: &mut Vec<Segment>,
    ) -> Result<()> {
        let folder = self.0.folder.join(of.fact_type.name);
        let small = of.rows <= SMALL;
        let mut open: Option<(i32, SegmentWriter)> = None;
        session.stream(sql, |batch| {
            for (bucket, part) in split(&batch, if small { 0 } else { self.0.buckets }) {
                if open.as_ref().is_none_or(|(current, _)| *current != bucket) {
                    if let Some((_, full)) = open.take() {
                        segments.push(full.finish()?);
                    }
                    open = Some((bucket, SegmentWriter::create(&folder, of.fact_type, ids::fresh(now), bucket)?));
                }
                let (_, writer) = open.as_mut().expect("opened above");
                writer.write(&part)?;
            }
            Ok(())
        })?;
        if let Some((_, last)) = open.take() {
            segments.push(last.finish()?);
        }
        sync_folder(&folder)
    }

    fn commit(&self, written: &[(&Incoming, i64, Vec<Segment>)], now: Timestamp) -> Result<()> {
        self.0.store.write(|conn| {
            for (of, generation, segments) in written {
                manifest::advance(conn, of.fact_type, *generation)?;
                for segment in segments {
                    manifest::add(conn, &Segment { sealed_at: now.0, ..segment.clone() })?;
                }
                let added: i64 = segments.iter().map(|segment| segment.row_count).sum();
                if let Some(batch) = of.batch {
                    tail::seal(conn, batch, of.rows as usize, now)?;
                }
                // Facts that were handed over are no news; facts of an import are, and so is one fact less than was handed over.
                if of.batch.map_or(added > 0, |_| added < of.rows) {
                    feed::disturb(conn, of.fact_type)?;
                }
            }
            Ok(())
        })
    }
}

/// The query that gives each incoming fact once, in a segment's order. What has no duplicates, the usual case, is only sorted.
fn once_each(session: &Snapshot, fact_type: &FactType, any_known: bool) -> Result<String> {
    const ORDER: &str = "ORDER BY customer_id, occurred_at, fact_key";
    let twice =
        session.count("SELECT count(*) FROM (SELECT 1 FROM incoming GROUP BY source, fact_key HAVING count(*) > 1)")?;
    let again = if any_known {
        session.count(
            "SELECT count(*) FROM incoming i LEFT SEMI JOIN known k ON i.source = k.source AND i.fact_key = k.fact_key",
        )?
    } else {
        0
    };
    let schema = fact_type.schema();
    let columns: Vec<String> = schema.fields().iter().map(|field| format!("i.\"{}\"", field.name())).collect();
    let columns = columns.join(", ");
    let unknown = "LEFT ANTI JOIN known k ON i.source = k.source AND i.fact_key = k.fact_key";
    Ok(match (twice > 0, again > 0) {
        (false, false) => format!("SELECT {columns} FROM incoming i {ORDER}"),
        (false, true) => format!("SELECT {columns} FROM incoming i {unknown} {ORDER}"),
        // Of facts with one identity the earliest stays, then that of the lowest customer: the same on every machine.
        (true, _) => format!(
            "SELECT {columns} FROM (SELECT *, row_number() OVER (PARTITION BY source, fact_key \
             ORDER BY occurred_at, customer_id) AS copy FROM incoming) i {unknown} WHERE i.copy = 1 {ORDER}"
        ),
    })
}

/// The range of customers that a customer's id falls into: ids are uniform hashes, so equal ranges hold equally many.
fn bucket_of(customer: i64, buckets: i32) -> i32 {
    ((customer as u128 * buckets as u128) >> 63) as i32
}

/// Cuts rows sorted by customer where one bucket ends; -1 and the whole when `buckets` is 0.
fn split(batch: &RecordBatch, buckets: i32) -> Vec<(i32, RecordBatch)> {
    if buckets == 0 {
        return vec![(-1, batch.clone())];
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
