//! The history of one workspace: its folder, its tables in the store, its engine.

use std::borrow::Borrow;
use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use super::engine::{Engine, Snapshot};
use super::facts::{self, FactType};
use super::files::{Files, Readers};
use super::manifest::{self, Segment};
use super::tail::{self, Appended, Which};
use super::value::Fact;
use super::view::View;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::storage::{Connection, Store};

/// How many ranges of customers a new history is cut into.
pub const DEFAULT_BUCKETS: i32 = 8;

/// How history uses the machine.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `buckets` | 8 | ranges of customers, fixed when the folder is new | 1..1024 |
/// | `threads` | all cores | threads of a query | >= 1 |
/// | `memory` | 512 MiB | bytes for sorting and grouping before a query spills to disk | >= 32 MiB |
/// | `url` | the folder itself | where segments are | file:///..., s3://bucket/prefix, ... |
#[derive(Debug, Clone)]
pub struct Options {
    /// Ranges of customers, fixed when the folder is new.
    pub buckets: i32,
    /// Threads of a query.
    pub threads: usize,
    /// Bytes for sorting and grouping before a query spills to disk.
    pub memory: usize,
    /// Where segments are; in the folder itself when absent.
    pub url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Options { buckets: DEFAULT_BUCKETS, threads, memory: 512 << 20, url: None }
    }
}

/// The history of one workspace; cheap to clone.
#[derive(Clone)]
pub struct History(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) buckets: i32,
    pub(super) engine: Arc<Engine>,
    pub(super) readers: Readers,
    /// Held shared while open: whoever can take it alone knows that nobody is writing a file.
    _lock: File,
}

impl History {
    /// Opens `<data>/history`, making it when it is new, and removes what a crash left behind.
    ///
    /// # Errors
    /// Unavailable, when the folder cannot be made or written to, or the store does not answer.
    pub fn open(store: &Store, data: &Path, options: &Options) -> Result<History> {
        let folder = data.join("history");
        std::fs::create_dir_all(&folder).map_err(|e| Error::from(e).context("the history folder"))?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        let alone = lock.try_lock().is_ok();
        if alone {
            remove_temporary(&folder)?;
        }
        let readers = Readers::of(&folder);
        let (threads, memory) = (options.threads.max(1), options.memory.max(32 << 20));
        let engine = Arc::new(Engine::start(threads, memory, &folder.join("spill"), readers.clone())?);
        let files = Files::open(&folder, options.url.as_deref(), &engine)?;
        if alone {
            // What others share is cleaned by age only; see compaction.
            if !files.is_shared() {
                remove_unknown(&files, &store.read(manifest::files)?)?;
            }
            lock.unlock()?;
        }
        lock.lock_shared()?;
        let buckets = store.write(|conn| manifest::begin(conn, options.buckets))?;
        Ok(History(Arc::new(Inner { store: store.clone(), files, buckets, engine, readers, _lock: lock })))
    }

    /// Everything known now: segments and tail, in one snapshot.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer or a file is missing.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.snapshot_where(None, |_| Ok(())).map(|(snapshot, ())| snapshot)
    }

    /// What had happened before an instant: a query sees no fact with `occurred_at >= as_of`, whatever it asks for.
    ///
    /// # Errors
    /// As [`History::snapshot`].
    pub fn snapshot_before(&self, as_of: Timestamp) -> Result<Snapshot> {
        self.snapshot_where(Some(as_of), |_| Ok(())).map(|(snapshot, ())| snapshot)
    }

    /// The same, with whatever `also` reads of the store in the same instant.
    ///
    /// # Errors
    /// As [`History::snapshot`], and those of `also`.
    pub fn snapshot_before_and<T>(
        &self,
        as_of: Timestamp,
        also: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<(Snapshot, T)> {
        self.snapshot_where(Some(as_of), also)
    }

    fn snapshot_where<T>(
        &self,
        before: Option<Timestamp>,
        also: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<(Snapshot, T)> {
        let session = self.0.engine.session()?;
        let (tables, also) = self.known(Which::Open, also)?;
        for known in tables {
            self.add_known(&session, &known, before, &(i64::MIN..=i64::MAX))?;
        }
        Ok((session, also))
    }

    /// The facts of a range of customers, for a query of one thread.
    pub(super) fn slice(
        &self,
        known: &[Known],
        before: Option<Timestamp>,
        customers: &RangeInclusive<i64>,
    ) -> Result<Snapshot> {
        let session = self.0.engine.session_of_one_thread()?;
        for known in known {
            self.add_known(&session, known, before, customers)?;
        }
        Ok(session)
    }

    /// Manifest and tail as they are at one moment, with whatever `also` reads of the store at that moment. Enter as a reader
    /// before, or files may be gone.
    pub(super) fn known<T>(
        &self,
        which: Which,
        also: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<(Vec<Known>, T)> {
        let (tables, also) = self.0.store.read(|conn| {
            let read = |fact_type: &'static FactType| {
                let view = View::read(conn, fact_type)?;
                let mut tail = tail::open_facts(conn, fact_type, which)?;
                Ok((view, (!tail.is_empty()).then(|| tail.take())))
            };
            let tables = facts::ALL.into_iter().map(read).collect::<Result<Vec<_>>>()?;
            Ok((tables, also(conn)?))
        })?;
        let known = |(view, tail): (View, Option<RecordBatch>)| {
            let tail = tail.map(|tail| self.unsealed(&view, tail)).transpose()?;
            Ok(Known { view, tail })
        };
        Ok((tables.into_iter().map(known).collect::<Result<_>>()?, also))
    }

    /// Adds the table of a fact type, of which queries see only these customers, and only before an instant.
    fn add_known(
        &self,
        session: &Snapshot,
        known: &Known,
        before: Option<Timestamp>,
        customers: &RangeInclusive<i64>,
    ) -> Result<()> {
        let mut view = known.view.clone();
        view.segments.retain(|segment| {
            before.is_none_or(|before| segment.min_time < before.0)
                && segment.min_customer <= *customers.end()
                && segment.max_customer >= *customers.start()
        });
        let tail = known.tail.as_ref().map(|tail| within(tail, customers)).filter(|tail| tail.num_rows() > 0);
        // What a file holds besides must be filtered out; most files hold nothing besides.
        let before = before.filter(|before| tail.is_some() || view.segments.iter().any(|s| s.max_time >= before.0));
        let whole = |s: &Segment| customers.contains(&s.min_customer) && customers.contains(&s.max_customer);
        let customers = (!view.segments.iter().all(whole)).then_some(customers);
        let fact_type = view.fact_type;
        let parts = view.parts(&self.0.files)?;
        session.add_table(fact_type.name, fact_type.schema(), parts, true, tail.into_iter().collect())?;
        session.narrow(fact_type.name, before, customers)
    }

    /// Runs a SQL query over everything known now. Tables are the fact types; see [`facts`].
    ///
    /// # Errors
    /// As [`Snapshot::query`].
    pub fn query(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        self.snapshot()?.query(sql)
    }

    /// Appends facts in the caller's own transaction; see [`tail::append`].
    ///
    /// # Errors
    /// Invalid, when a fact does not fit its type.
    pub fn append_in<F: Borrow<Fact>>(
        conn: &mut Connection,
        fact_type: &FactType,
        facts: &[F],
        now: Timestamp,
    ) -> Result<Appended> {
        tail::append(conn, fact_type, facts, now)
    }

    /// Appends facts; they are durable when this returns.
    ///
    /// # Errors
    /// Invalid, when a fact does not fit its type; unavailable, when the store does not answer.
    pub fn append(&self, fact_type: &FactType, facts: &[Fact], now: Timestamp) -> Result<Appended> {
        self.0.store.write(|conn| tail::append(conn, fact_type, facts, now))
    }

    /// How many appended facts wait to be sealed.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn waiting(&self) -> Result<i64> {
        self.0.store.read(tail::waiting_of_all)
    }

    /// The sealed segments of a fact type.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn segments(&self, fact_type: &FactType) -> Result<Vec<Segment>> {
        self.0.store.read(|conn| manifest::segments(conn, fact_type))
    }

    /// Where imports collect what they have read.
    pub(crate) fn staging(&self) -> PathBuf {
        self.0.files.folder().join("staging")
    }
}

/// What is known of one fact type at one moment: its sealed segments, and what waits in the tail, in a segment's order.
pub(super) struct Known {
    view: View,
    tail: Option<RecordBatch>,
}

impl Known {
    /// How many facts it holds.
    pub fn rows(&self) -> i64 {
        let sealed: i64 = self.view.segments.iter().map(|segment| segment.row_count).sum();
        sealed + self.tail.as_ref().map_or(0, |tail| tail.num_rows() as i64)
    }
}

/// The rows of these customers, of a batch in the order of customers.
fn within(batch: &RecordBatch, customers: &RangeInclusive<i64>) -> RecordBatch {
    let ids = batch.column(0).as_primitive::<Int64Type>().values();
    let start = ids.partition_point(|id| id < customers.start());
    let end = ids.partition_point(|id| id <= customers.end());
    batch.slice(start, end - start)
}

/// Removes files that no manifest row names.
fn remove_unknown(files: &Files, known: &[(String, String)]) -> Result<()> {
    for fact_type in facts::ALL {
        for entry in std::fs::read_dir(files.of_type(fact_type))? {
            let entry = entry?;
            let name = entry.file_name();
            if !known.iter().any(|(of, file)| of == fact_type.name && *file == *name.to_string_lossy()) {
                tracing::info!(fact_type = fact_type.name, "removing a history file that was never sealed");
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Removes unfinished imports and spilled sorts.
fn remove_temporary(folder: &Path) -> Result<()> {
    for temporary in ["staging", "spill"] {
        if folder.join(temporary).exists() {
            std::fs::remove_dir_all(folder.join(temporary))?;
        }
        std::fs::create_dir_all(folder.join(temporary))?;
    }
    Ok(())
}
