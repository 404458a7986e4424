//! Sealing: facts from the tail or from an import become sorted Parquet segments, each fact once.
//!
//! 1. Duplicates by (source, key), among the new facts and against what is sealed, are found by sorting and merging.
//! 2. The rest is written in the order of a segment and synced.
//! 3. One transaction adds the segments to the manifest and marks the tail's rows as sealed. A crash before it leaves files
//!    that count for nothing; when another seal came first, the transaction is refused and the whole is done again.

use std::path::PathBuf;

use arrow::array::RecordBatch;

use super::buckets::BucketWriter;
use super::change::again_on_conflict;
use super::engine::{Part, Snapshot};
use super::facts::{self, FactType};
use super::feed;
use super::folder::History;
use super::manifest::{self, Segment};
use super::tail::Which;
use super::view::View;
use super::{tail, tail_change};
use crate::clock::{DAY, Timestamp};
use crate::customers::identity;
use crate::error::Result;
use crate::ids;
use crate::storage::Connection;

/// Up to this many facts all buckets share one file; many small files would cost more than they save.
pub(super) const SMALL: i64 = 100_000;
/// Facts of the tail that are sealed at a time; bounds the memory of a seal.
const BATCH: i64 = 200_000;
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
#[derive(Clone)]
struct Incoming {
    fact_type: &'static FactType,
    files: Vec<PathBuf>,
    in_memory: Vec<RecordBatch>,
    rows: i64,
    /// The batch of the tail that they are, if they are.
    batch: Option<i64>,
}

/// Segments that wait for their transaction.
struct Written<'a> {
    of: &'a Incoming,
    /// The generation of the type when its known facts were read.
    generation: i64,
    segments: Vec<Segment>,
}

impl History {
    /// Seals staged facts of several types at once: all of them count from the same instant. `now` is when the import began:
    /// what was merged or erased since is seen to.
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
        self.seal(|| Ok(incoming.clone()), now)
    }

    /// Seals what waits in the tail, and forgets keys sealed long ago.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails; conflict, when another process keeps sealing. Nothing is then changed.
    pub fn seal_tail(&self, now: Timestamp) -> Result<Sealed> {
        let mut total = Sealed::default();
        for fact_type in facts::ALL {
            let mut left = self.0.store.read(|conn| tail::ready(conn, fact_type))?;
            while left > 0 {
                let sealed = self.seal(|| self.claimed(fact_type, now).map(|claimed| vec![claimed]), now)?[0];
                total.added += sealed.added;
                total.duplicates += sealed.duplicates;
                if sealed.added + sealed.duplicates == 0 {
                    break;
                }
                // What arrived meanwhile waits for the next seal.
                left -= sealed.added + sealed.duplicates;
            }
        }
        self.0.store.write(|conn| tail::prune(conn, now.plus(-REMEMBERED)))?;
        Ok(total)
    }

    /// The oldest waiting facts, claimed for one seal.
    fn claimed(&self, fact_type: &'static FactType, now: Timestamp) -> Result<Incoming> {
        let batch = ids::fresh(now);
        self.0.store.write(|conn| {
            // A fact that was on its way in while its customer was merged.
            if tail_change::follow_aliases(conn, fact_type)? > 0 {
                manifest::raise(conn, fact_type)?;
                feed::disturb(conn, fact_type)?;
            }
            tail::claim(conn, fact_type, batch, BATCH)
        })?;
        let mut facts = self.0.store.read(|conn| tail::open_facts(conn, fact_type, Which::Batch(batch)))?;
        let rows = facts.len() as i64;
        Ok(Incoming { fact_type, files: Vec::new(), in_memory: vec![facts.take()], rows, batch: Some(batch) })
    }

    fn seal(&self, incoming: impl Fn() -> Result<Vec<Incoming>>, now: Timestamp) -> Result<Vec<Sealed>> {
        again_on_conflict(ATTEMPTS, || self.seal_once(&incoming()?, now))
    }

    fn seal_once(&self, incoming: &[Incoming], now: Timestamp) -> Result<Vec<Sealed>> {
        let mut written: Vec<Written<'_>> = Vec::new();
        let result = self.write_all(incoming, now, &mut written).and_then(|()| self.commit(&written, now));
        if result.is_err() {
            for segment in written.iter().flat_map(|one| &one.segments) {
                // Best effort: a file without a manifest row is removed later.
                self.0.files.remove(&segment.fact_type, &segment.file).ok();
            }
        }
        result?;
        Ok(written
            .iter()
            .map(|one| {
                let added = one.segments.iter().map(|segment| segment.row_count).sum();
                Sealed { added, duplicates: one.of.rows - added }
            })
            .collect())
    }

    fn write_all<'a>(&self, incoming: &'a [Incoming], now: Timestamp, written: &mut Vec<Written<'a>>) -> Result<()> {
        for one in incoming {
            let session = self.0.engine.session()?;
            let (view, mut tail) = self.0.store.read(|conn| {
                let tail =
                    if one.batch.is_some() { None } else { Some(tail::open_facts(conn, one.fact_type, Which::Open)?) };
                Ok((View::read(conn, one.fact_type)?, tail))
            })?;
            // What waits in the tail is known too: a file must not bring back what was corrected a moment ago.
            let tail: Vec<RecordBatch> = tail.iter_mut().filter(|t| !t.is_empty()).map(|t| t.take()).collect();
            let any_known = !view.segments.is_empty() || !tail.is_empty();
            let schema = one.fact_type.schema();
            session.add_table(
                "incoming",
                schema.clone(),
                vec![Part::whole(&one.files)?],
                false,
                one.in_memory.clone(),
            )?;
            session.add_table("known", schema, view.parts(&self.0.files)?, true, tail)?;
            let sql = once_each(&session, one.fact_type, any_known)?;
            written.push(Written { of: one, generation: view.generation, segments: Vec::new() });
            let written = written.last_mut().expect("just pushed");
            written.segments = self.write_segments(&session, one, &sql, now)?;
        }
        Ok(())
    }

    /// Writes the rows of `sql`, which come in a segment's order.
    fn write_segments(&self, session: &Snapshot, of: &Incoming, sql: &str, now: Timestamp) -> Result<Vec<Segment>> {
        let buckets = if of.rows <= SMALL { 0 } else { self.0.buckets };
        let mut writer = BucketWriter::new(self.0.files.of_type(of.fact_type), of.fact_type, buckets, now);
        session.stream(sql, |batch| writer.write(&batch))?;
        let segments = writer.end()?;
        self.0.files.publish(of.fact_type, &segments)?;
        Ok(segments)
    }

    fn commit(&self, written: &[Written<'_>], now: Timestamp) -> Result<()> {
        self.0.store.write(|conn| {
            // Before any row is locked: a merge takes both in the same order.
            identity::hold(conn)?;
            for Written { of, generation, segments } in written {
                manifest::advance(conn, of.fact_type, *generation)?;
                let generation = generation + 1;
                let counted = |s: &Segment| Segment { sealed_at: now.0, generation, ..s.clone() };
                let segments: Vec<Segment> = segments.iter().map(counted).collect();
                segments.iter().try_for_each(|segment| manifest::add(conn, segment))?;
                let added: i64 = segments.iter().map(|segment| segment.row_count).sum();
                match of.batch {
                    Some(batch) => tail::seal(conn, of.fact_type, batch, of.rows as usize, now)?,
                    None => self.settle(conn, of.fact_type, generation, segments, now)?,
                }
                // Facts that were handed over are no news; facts of an import are, and so is one fact less than was handed over.
                if of.batch.map_or(added > 0, |_| added < of.rows) {
                    feed::disturb(conn, of.fact_type)?;
                }
            }
            Ok(())
        })
    }

    /// Customers may have been merged or erased since the import began, and its facts still carry their ids: moves the facts of
    /// the former, hides those of the latter.
    fn settle(
        &self,
        conn: &mut Connection,
        fact_type: &'static FactType,
        generation: i64,
        segments: Vec<Segment>,
        since: Timestamp,
    ) -> Result<()> {
        let view = View { fact_type, generation, segments, tombstones: Vec::new() };
        match self.prepare_settling(conn, &view, since)? {
            Some(change) => change.apply(conn, since),
            None => Ok(()),
        }
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
