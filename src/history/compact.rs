//! Compaction: small segments, and many of one bucket, become one sorted segment a bucket, without the rows that tombstones
//! hide. The inputs are merged as they are read, so memory does not grow with them.
//!
//! What it writes counts from the transaction that takes the inputs out of the manifest; a crash before leaves files that
//! count for nothing. It need not keep seals out: the new segment has the generation at which its inputs were read, so a
//! tombstone that came later hides rows of it as it would have hidden them in the inputs.
//!
//! The files of the inputs stay until nobody can be reading them: on one machine readers hold a lock, and where that cannot be
//! known they are given [`GRACE`].

use serde::Serialize;

use super::buckets::{ALL_BUCKETS, BucketWriter};
use super::facts::{self, FactType};
use super::folder::History;
use super::manifest::{self, Segment};
use super::seal::SMALL;
use super::tombstone;
use super::view::View;
use crate::clock::{DAY, HOUR, Timestamp};
use crate::error::{Error, Result};

/// For how long a query may go on reading files that were compacted.
pub const GRACE: i64 = HOUR;
/// For how long tombstones of whole customers stay at least: an import that takes longer than this may bring back what was
/// erased or merged while it ran. One that was interrupted is taken up again within a week.
const LONGEST_IMPORT: i64 = 8 * DAY;
/// A file of which the manifest knows nothing is somebody's unfinished work for so long, and then garbage.
const ABANDONED: i64 = DAY;
/// More small segments than this are merged.
const MANY_SMALL: usize = 8;
/// More segments of one bucket than this are merged.
const MANY_OF_BUCKET: usize = 4;
/// Small segments are spread over the buckets when they hold more than one row for so many in the buckets: rewriting these
/// costs in proportion to all rows, so it shall happen seldom.
const SPREAD: i64 = 8;

/// How much to compact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What slows queries down, or holds rows that tombstones hide.
    Due,
    /// Everything: one segment a bucket.
    Full,
}

/// What compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compacted {
    /// Segments that were read and taken out.
    pub inputs: usize,
    /// Segments that took their place.
    pub outputs: usize,
    /// Facts in them.
    pub rows: i64,
    /// Facts left out because tombstones hid them.
    pub hidden: i64,
    /// Files removed because nobody can be reading them.
    pub files_removed: usize,
}

/// Segments that become one, or one a bucket.
struct Job {
    inputs: Vec<Segment>,
    /// 0: one for all buckets.
    buckets: i32,
}

impl History {
    /// Compacts every fact type, and removes files that nobody reads any more.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails; conflict, when somebody else compacts the same. What was done before stays.
    pub fn compact(&self, depth: Depth, now: Timestamp) -> Result<Compacted> {
        let mut done = Compacted::default();
        for fact_type in facts::ALL {
            let view = self.0.store.read(|conn| View::read(conn, fact_type))?;
            for job in plan(&view, self.0.buckets, depth) {
                self.run(fact_type, &job, now, &mut done)?;
            }
        }
        done.files_removed = self.clean(now)?;
        Ok(done)
    }

    fn run(&self, fact_type: &'static FactType, job: &Job, now: Timestamp, done: &mut Compacted) -> Result<()> {
        let session = self.0.engine.session()?;
        // Read anew: tombstones may have come while the jobs before were done.
        let mut view = self.0.store.read(|conn| View::read(conn, fact_type))?;
        view.segments.retain(|segment| job.inputs.iter().any(|input| input.id == segment.id));
        if view.segments.len() != job.inputs.len() {
            return Err(Error::conflict("history is being compacted by somebody else; try again"));
        }
        session.add_table("inputs", fact_type.schema(), view.parts_apart(&self.0.files)?, true, Vec::new())?;
        let mut writer = BucketWriter::new(self.0.files.of_type(fact_type), fact_type, job.buckets, now);
        let sql = "SELECT * FROM inputs ORDER BY customer_id, occurred_at, fact_key";
        session.stream(sql, |batch| writer.write(&batch))?;
        let outputs = writer.end()?;
        let result = self.replace(&view, &outputs, now);
        if result.is_err() {
            for output in &outputs {
                self.0.files.remove(fact_type.name, &output.file).ok();
            }
        }
        let (rows, hidden) = result?;
        done.inputs += view.segments.len();
        done.outputs += outputs.len();
        done.rows += rows;
        done.hidden += hidden;
        Ok(())
    }

    /// Lets outputs count in place of the view's segments; answers how many rows they have, and how many were hidden.
    fn replace(&self, view: &View, outputs: &[Segment], now: Timestamp) -> Result<(i64, i64)> {
        let rows = |of: &[Segment]| of.iter().map(|segment| segment.row_count).sum::<i64>();
        let hidden = rows(&view.segments) - rows(outputs);
        let may_hide = view.segments.iter().any(|segment| view.tombstones.iter().any(|one| one.concerns(segment)));
        if hidden < 0 || (hidden > 0 && !may_hide) {
            return Err(Error::internal(format!("compaction of {} lost or doubled facts", view.fact_type.name)));
        }
        self.0.files.publish(view.fact_type, outputs)?;
        self.0.store.write(|conn| {
            manifest::retire(conn, &view.segments, now)?;
            for output in outputs {
                manifest::add(conn, &Segment { sealed_at: now.0, generation: view.generation, ..output.clone() })?;
            }
            tombstone::remove_spent(conn, view.fact_type, now.plus(-LONGEST_IMPORT)).map(drop)
        })?;
        Ok((rows(outputs), hidden))
    }

    /// Whether compaction has something to do.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn compaction_is_due(&self) -> Result<bool> {
        self.0.store.read(|conn| {
            for fact_type in facts::ALL {
                if !plan(&View::read(conn, fact_type)?, self.0.buckets, Depth::Due).is_empty() {
                    return Ok(true);
                }
            }
            Ok(!manifest::retired_before(conn, Timestamp(i64::MAX))?.is_empty())
        })
    }

    /// Removes retired files that nobody can be reading, files that were never finished, and tombstones that hide nothing.
    fn clean(&self, now: Timestamp) -> Result<usize> {
        // Whoever begins to read now waits, and then sees a manifest without these files.
        let alone = if self.0.files.is_shared() { None } else { self.0.readers.gone()? };
        let until = if alone.is_some() { Timestamp(i64::MAX) } else { now.plus(-GRACE) };
        let retired = self.0.store.read(|conn| manifest::retired_before(conn, until))?;
        for (fact_type, file) in &retired {
            self.0.files.remove(fact_type, file)?;
        }
        drop(alone);
        self.0.store.write(|conn| {
            retired.iter().try_for_each(|(_, file)| manifest::forget(conn, file))?;
            let recent = now.plus(-LONGEST_IMPORT);
            facts::ALL.iter().try_for_each(|of| tombstone::remove_spent(conn, of, recent).map(drop))
        })?;
        let abandoned = self.0.files.older_than(now.plus(-ABANDONED))?;
        let known = self.0.store.read(manifest::files)?;
        let garbage: Vec<_> = abandoned.into_iter().filter(|file| !known.contains(file)).collect();
        for (fact_type, file) in &garbage {
            tracing::info!(fact_type, "removing a history file that was never sealed");
            self.0.files.remove(fact_type, file)?;
        }
        Ok(retired.len() + garbage.len())
    }
}

/// What to compact of one type. Each segment is in at most one job.
fn plan(view: &View, buckets: i32, depth: Depth) -> Vec<Job> {
    let rows = |of: &[&Segment]| of.iter().map(|segment| segment.row_count).sum::<i64>();
    let (small, large): (Vec<&Segment>, Vec<&Segment>) =
        view.segments.iter().partition(|segment| segment.bucket == ALL_BUCKETS);
    let spread = match depth {
        Depth::Due => rows(&small) > SMALL.max(rows(&large) / SPREAD),
        Depth::Full => !small.is_empty() && (!large.is_empty() || rows(&small) > SMALL),
    };
    if spread {
        return vec![Job { inputs: view.segments.clone(), buckets }];
    }
    let concerned = |of: &[&Segment]| of.iter().any(|s| view.tombstones.iter().any(|one| one.concerns(s)));
    let due = |of: &[&Segment], many: usize| {
        let many = if depth == Depth::Full { 1 } else { many };
        of.len() > many || concerned(of)
    };
    let mut jobs = Vec::new();
    if due(&small, MANY_SMALL) {
        jobs.push(Job { inputs: small.into_iter().cloned().collect(), buckets: 0 });
    }
    for bucket in 0..buckets {
        let inputs: Vec<&Segment> = large.iter().copied().filter(|segment| segment.bucket == bucket).collect();
        if due(&inputs, MANY_OF_BUCKET) {
            jobs.push(Job { inputs: inputs.into_iter().cloned().collect(), buckets });
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::facts::ORDER_ITEM;
    use crate::history::tombstone::Tombstone;
    use crate::ids::CustomerId;

    fn segment(id: i64, bucket: i32, row_count: i64) -> Segment {
        Segment {
            id,
            fact_type: "order_item".into(),
            file: format!("{id}.parquet"),
            bucket,
            row_count,
            byte_count: 0,
            digest: String::new(),
            min_customer: 0,
            max_customer: 100,
            min_time: 0,
            max_time: 0,
            sealed_at: 0,
            generation: 1,
        }
    }

    fn planned(segments: Vec<Segment>, tombstones: Vec<Tombstone>, depth: Depth) -> Vec<usize> {
        let view = View { fact_type: &ORDER_ITEM, generation: 1, segments, tombstones };
        plan(&view, 4, depth).iter().map(|job| job.inputs.len()).collect()
    }

    #[test]
    fn only_what_pays_is_compacted_unless_everything_is_asked_for() {
        let large: Vec<Segment> = (0..4).map(|bucket| segment(bucket.into(), bucket, 1_000_000)).collect();
        let with_small = |count: i64, rows| {
            let small = (0..count).map(|i| segment(100 + i, ALL_BUCKETS, rows));
            large.iter().cloned().chain(small).collect::<Vec<_>>()
        };
        assert_eq!(planned(with_small(3, 1_000), vec![], Depth::Due), [0; 0]);
        assert_eq!(planned(with_small(9, 1_000), vec![], Depth::Due), [9]);
        assert_eq!(planned(with_small(9, 90_000), vec![], Depth::Due), [13]);
        assert_eq!(planned(with_small(1, 1_000), vec![], Depth::Full), [5]);
        assert_eq!(planned(large.clone(), vec![], Depth::Full), [0; 0]);
    }

    #[test]
    fn a_tombstone_asks_for_the_segments_that_it_concerns() {
        let mut low = segment(1, 0, 1_000_000);
        low.max_customer = 50;
        let mut high = segment(2, 1, 1_000_000);
        (high.min_customer, high.generation) = (51, 7);
        let hides = |customer, generation| Tombstone { generation, ..Tombstone::of_customer(CustomerId(customer)) };
        let both = vec![low, high];
        assert_eq!(planned(both.clone(), vec![hides(20, 5)], Depth::Due), [1]);
        assert_eq!(planned(both.clone(), vec![hides(60, 5)], Depth::Due), [0; 0]);
        assert_eq!(planned(both, vec![hides(20, 8), hides(60, 8)], Depth::Due), [1, 1]);
    }
}
