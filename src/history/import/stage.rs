//! Staging: facts of an import are sorted and written to disk as they are read, and sealed together at the end.
//!
//! The thread that reads fills a buffer; another sorts the one before and writes it. So two buffers are all the memory that facts
//! take, however many there are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::journal::{self, Begun, Folder, Step};
use super::run::Request;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::history::bulk::{Runs, encode_fact};
use crate::history::facts::FactType;
use crate::history::{Fact, History, Sealed};
use crate::ids;

/// Bytes of facts that are sorted at a time, unless something else is asked for.
pub const SORTED: usize = 32 << 20;

type AllRuns = BTreeMap<&'static str, Runs>;

/// Facts to be sorted and written, with the state of the reading after them.
struct Batch {
    facts: Vec<(&'static FactType, Vec<u8>)>,
    state: Option<serde_json::Value>,
}

struct Worker {
    batches: SyncSender<Batch>,
    thread: JoinHandle<Result<AllRuns>>,
}

/// Facts on their way from files to segments; dropped unsealed, it leaves nothing.
pub struct Stage {
    history: History,
    open: Vec<(&'static FactType, Vec<u8>)>,
    bytes: usize,
    sorted: usize,
    pushed: u64,
    /// When it began, if that was in an earlier process.
    began: Option<Timestamp>,
    worker: Option<Worker>,
    // Last, so that the files are removed when nobody uses them any more.
    folder: Folder,
}

impl Stage {
    /// A folder of its own to collect in.
    ///
    /// # Errors
    /// Unavailable, when the disk refuses.
    pub fn new(history: &History) -> Result<Stage> {
        Stage::sorting(history, SORTED)
    }

    /// The same, sorting so many bytes at a time.
    pub(super) fn sorting(history: &History, sorted: usize) -> Result<Stage> {
        let now = jiff::Timestamp::now().as_microsecond();
        let name = ids::fresh(Timestamp(now)).to_string();
        let folder = Folder::take(&history.staging(), &name)?;
        let folder = folder.ok_or_else(|| Error::internal("a fresh staging folder is in use"))?;
        Stage::begin(history, folder, sorted, secret()?, None, &[])
    }

    /// Goes on in `folder` where `steps` end; with none, begins a journal for `import`.
    pub(super) fn journalled(
        history: &History,
        mut folder: Folder,
        import: &str,
        earlier: Option<(Begun, Vec<Step>)>,
        request: &Request<'_>,
    ) -> Result<Stage> {
        let (begun, steps) = match earlier {
            Some(earlier) => earlier,
            None => {
                folder.clear()?;
                (Begun { import: import.to_owned(), secret: secret()?, began: request.now.0 }, Vec::new())
            }
        };
        folder.begin(&begun, &steps)?;
        Stage::begin(history, folder, request.sorted, begun.secret, Some(Timestamp(begun.began)), &steps)
    }

    fn begin(
        history: &History,
        folder: Folder,
        sorted: usize,
        secret: [u8; 16],
        began: Option<Timestamp>,
        steps: &[Step],
    ) -> Result<Stage> {
        let mut runs = AllRuns::new();
        for fact_type in crate::history::facts::ALL {
            let marks: Vec<_> = steps.iter().filter_map(|step| step.runs.get(fact_type.name).cloned()).collect();
            if !marks.is_empty() {
                runs.insert(fact_type.name, Runs::open(&folder.path, fact_type, history.buckets(), secret, marks)?);
            }
        }
        let (send, receive) = sync_channel(0);
        let (path, buckets) = (folder.path.clone(), history.buckets());
        let mut journal = folder.journal()?;
        let thread = std::thread::Builder::new().name("staging".into()).spawn(move || {
            let open = |fact_type| Runs::open(&path, fact_type, buckets, secret, Vec::new());
            write_all(&receive, runs, open, &mut journal)
        })?;
        let worker = Some(Worker { batches: send, thread });
        Ok(Stage { history: history.clone(), open: Vec::new(), bytes: 0, sorted, pushed: 0, began, worker, folder })
    }

    /// Where other files of the same import may be kept; removed with it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// Invalid, when it does not fit its type; unavailable, when the disk refuses.
    pub fn push(&mut self, fact_type: &'static FactType, fact: &Fact) -> Result<()> {
        let mut row = Vec::new();
        encode_fact(fact_type, fact, self.pushed, &mut row)?;
        self.pushed += 1;
        self.push_row(fact_type, &row);
        if self.is_full() { self.flush(None) } else { Ok(()) }
    }

    /// Adds a fact as a row.
    pub(super) fn push_row(&mut self, fact_type: &'static FactType, row: &[u8]) {
        let open = match self.open.iter_mut().find(|(of, _)| std::ptr::eq(*of, fact_type)) {
            Some((_, open)) => open,
            None => &mut self.open.push_mut((fact_type, Vec::new())).1,
        };
        open.extend_from_slice(row);
        self.bytes += row.len();
    }

    /// Whether it is time for [`Stage::flush`].
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.sorted
    }

    /// Hands what was collected to the thread that sorts; `state` is journalled when it is on disk.
    ///
    /// # Errors
    /// Unavailable, when the disk refused this or an earlier part.
    pub(super) fn flush(&mut self, state: Option<serde_json::Value>) -> Result<()> {
        self.bytes = 0;
        let batch = Batch { facts: std::mem::take(&mut self.open), state };
        let worker = self.worker.as_ref().ok_or_else(|| Error::internal("staging has ended"))?;
        if worker.batches.send(batch).is_err() {
            self.finish()?;
            return Err(Error::internal("staging ended early"));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<AllRuns> {
        let Some(Worker { batches, thread }) = self.worker.take() else { return Ok(AllRuns::new()) };
        drop(batches);
        thread.join().map_err(|_| Error::internal("the staging thread panicked"))?
    }

    /// Seals all that was added: it counts from one instant, each fact once.
    ///
    /// # Errors
    /// Unavailable, when the disk or the store fails; nothing is then added.
    pub fn seal(mut self, now: Timestamp) -> Result<Vec<(&'static FactType, Sealed)>> {
        Ok(self.seal_all(now)?.into_iter().map(|(fact_type, sealed, _)| (fact_type, sealed)).collect())
    }

    /// As [`Stage::seal`], with the ordinals of facts that contradict the one that stays, in order.
    pub(super) fn seal_all(&mut self, now: Timestamp) -> Result<Vec<(&'static FactType, Sealed, Vec<u64>)>> {
        if !self.open.is_empty() {
            self.flush(None)?;
        }
        let runs: Vec<Runs> = self.finish()?.into_values().collect();
        let sealed = self.history.seal_staged(&runs, self.began.unwrap_or(now).min(now), now)?;
        runs.iter().zip(sealed).map(|(runs, sealed)| Ok((runs.fact_type, sealed, runs.contradicting()?))).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The thread must have let go of the folder before it is removed; what it met has nobody to be told to.
        self.finish().ok();
    }
}

/// Sorts and writes what comes, until nothing more does.
fn write_all(
    batches: &Receiver<Batch>,
    mut runs: AllRuns,
    open: impl Fn(&'static FactType) -> Result<Runs>,
    journal: &mut Option<std::fs::File>,
) -> Result<AllRuns> {
    while let Ok(batch) = batches.recv() {
        let mut added = BTreeMap::new();
        for (fact_type, facts) in batch.facts {
            if !runs.contains_key(fact_type.name) {
                runs.insert(fact_type.name, open(fact_type)?);
            }
            let of = runs.get_mut(fact_type.name).expect("opened above");
            added.insert(fact_type.name.to_owned(), of.write(&facts)?);
            if journal.is_some() {
                of.sync()?;
            }
        }
        if let (Some(journal), Some(state)) = (journal.as_mut(), batch.state) {
            journal::append(journal, &Step { runs: added, state })?;
        }
    }
    Ok(runs)
}

/// A secret that nobody outside knows, for the hashes of identities.
fn secret() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Error::unavailable("the operating system gives no random numbers"))?;
    Ok(bytes)
}
