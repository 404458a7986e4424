//! The history of one workspace: its folder, its tables in the store, its engine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;

use super::engine::{Engine, Snapshot};
use super::facts::{self, FactType};
use super::files::{Files, Readers};
use super::import::journal;
use super::manifest::{self, Segment};
use super::tail::{self, Appended};
use super::value::Fact;
use super::view::View;
use crate::clock::Timestamp;
use crate::error::Result;
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
#[derive(Debug, Clone)]
pub struct Options {
    /// Ranges of customers, fixed when the folder is new.
    pub buckets: i32,
    /// Threads of a query.
    pub threads: usize,
    /// Bytes for sorting and grouping before a query spills to disk.
    pub memory: usize,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Options { buckets: DEFAULT_BUCKETS, threads, memory: 512 << 20 }
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
        let files = Files::open(&folder)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        if lock.try_lock().is_ok() {
            let known = store.read(manifest::files)?;
            remove_garbage(&folder, &known)?;
            lock.unlock()?;
        }
        lock.lock_shared()?;
        let buckets = store.write(|conn| manifest::begin(conn, options.buckets))?;
        let (threads, memory) = (options.threads.max(1), options.memory.max(32 << 20));
        let readers = Readers::of(&folder);
        let engine = Arc::new(Engine::start(threads, memory, &folder.join("spill"), readers.clone())?);
        Ok(History(Arc::new(Inner { store: store.clone(), files, buckets, engine, readers, _lock: lock })))
    }

    /// Everything known now: segments and tail, in one snapshot.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer or a file is missing.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.snapshot_where(None)
    }

    /// What had happened before an instant: a query sees no fact with `occurred_at >= as_of`, whatever it asks for.
    ///
    /// # Errors
    /// As [`History::snapshot`].
    pub fn snapshot_before(&self, as_of: Timestamp) -> Result<Snapshot> {
        self.snapshot_where(Some(as_of))
    }

    fn snapshot_where(&self, before: Option<Timestamp>) -> Result<Snapshot> {
        let session = self.0.engine.session()?;
        let tables = self.0.store.read(|conn| {
            let read = |fact_type: &'static FactType| {
                let view = View::read(conn, fact_type)?;
                let mut tail = tail::open_facts(conn, fact_type, None)?;
                Ok((view, (!tail.is_empty()).then(|| tail.take())))
            };
            facts::ALL.into_iter().map(read).collect::<Result<Vec<_>>>()
        })?;
        for (mut view, tail) in tables {
            let fact_type = view.fact_type;
            let tail = tail.map(|tail| self.unsealed(&view, tail)).transpose()?;
            view.segments.retain(|segment| before.is_none_or(|before| segment.min_time < before.0));
            let parts = view.parts(&self.0.files)?;
            session.add_table(fact_type.name, fact_type.schema(), parts, true, tail.into_iter().collect())?;
            if let Some(before) = before {
                session.cut(fact_type.name, before)?;
            }
        }
        Ok(session)
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
    pub fn append_in(conn: &mut Connection, fact_type: &FactType, facts: &[Fact], now: Timestamp) -> Result<Appended> {
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

    /// The store that the manifest is in.
    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// How many ranges of customers there are.
    pub(super) fn buckets(&self) -> i32 {
        self.0.buckets
    }

    /// Where imports collect what they have read.
    pub(crate) fn staging(&self) -> PathBuf {
        self.0.files.folder().join("staging")
    }
}

/// Removes files that no manifest row names, unfinished imports and spilled sorts.
fn remove_garbage(folder: &Path, known: &[(String, String)]) -> Result<()> {
    for fact_type in facts::ALL {
        for entry in std::fs::read_dir(folder.join(fact_type.name))? {
            let entry = entry?;
            let name = entry.file_name();
            if !known.iter().any(|(of, file)| of == fact_type.name && *file == *name.to_string_lossy()) {
                tracing::info!(fact_type = fact_type.name, "removing a history file that was never sealed");
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    std::fs::remove_dir_all(folder.join("spill"))?;
    std::fs::create_dir_all(folder.join("spill"))?;
    journal::sweep(&folder.join("staging"))
}
