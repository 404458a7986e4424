//! Files into history and store: `vizavi import`, and what comes over REST.

mod definitions;
mod sink;
pub mod upload;
pub mod uploaded;

use std::path::{Path, PathBuf};

use super::{Workspace, event_types, merge};
use crate::error::{Error, Result};
use crate::history::History;
use crate::history::event_types::EventTypes;
use crate::history::import::{self, Mapping, Report, Request, TARGETS, Target};
use crate::progress::Progress;

pub use sink::StoreSink;

/// Who the audit says merged customers.
const ACTOR: &str = "import";

/// What to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// `customers`, `orders`, `events`, ...: see [`TARGETS`].
    pub kind: String,
    /// The file: CSV, NDJSON (both also gz or zst) or Parquet; `-` is standard input.
    pub file: PathBuf,
    /// The TOML mapping; by the columns' names when absent.
    pub mapping: Option<PathBuf>,
    /// Reads and checks everything, and changes nothing.
    pub dry_run: bool,
    /// Also when the same file was imported before.
    pub again: bool,
    /// Bytes of facts that are sorted at a time; 32 MiB when absent. An import that was killed goes on after the last of these.
    pub sorted: Option<usize>,
}

/// Imports a file; rejected lines go to `<data>/rejects/`.
///
/// # Errors
/// Invalid, when the kind is unknown, or the file or its mapping is broken; not found, when a file does not exist;
/// unavailable, when the disk is full or the store fails. Nothing was then imported.
pub fn import(workspace: &Workspace, history: &History, what: &Import, progress: &dyn Progress) -> Result<Report> {
    let (target, currency) = (target(&what.kind)?, workspace.settings().currency);
    let mapping = what.mapping.as_deref().map(|path| Mapping::load(path, currency)).transpose()?;
    let task = Task {
        target,
        file: &what.file,
        name: &what.file.display().to_string(),
        mapping: mapping.as_ref(),
        dry_run: what.dry_run,
        again: what.again,
        sorted: what.sorted.unwrap_or(import::SORTED),
        log: true,
        may_merge: true,
        actor: ACTOR,
    };
    task.run(workspace, history, progress)
}

/// The kind of this name.
///
/// # Errors
/// Invalid, naming the kinds there are.
pub fn target(kind: &str) -> Result<&'static Target> {
    Target::named(kind).ok_or_else(|| {
        let kinds: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        Error::invalid(format!("`{kind}` cannot be imported; these can: {}", kinds.join(", ")))
    })
}

/// One import, whoever asked for it.
struct Task<'a> {
    target: &'static Target,
    file: &'a Path,
    name: &'a str,
    mapping: Option<&'a Mapping>,
    dry_run: bool,
    again: bool,
    sorted: usize,
    log: bool,
    may_merge: bool,
    /// Who merges customers, for the audit.
    actor: &'a str,
}

impl Task<'_> {
    /// Whether it brings offers in their own shape, which no mapping concerns.
    fn has_definitions(&self) -> Result<bool> {
        Ok(self.target.name == "offers" && self.mapping.is_none() && definitions::are_in(self.file, self.name)?)
    }

    /// Looks at the beginning of the file.
    fn check(&self, ws: &Workspace) -> Result<()> {
        if self.has_definitions()? {
            return definitions::read(self.file, self.name).map(drop);
        }
        import::check(&self.request(ws, &event_types::declared(ws)?, None))
    }

    fn run(&self, ws: &Workspace, history: &History, progress: &dyn Progress) -> Result<Report> {
        if self.has_definitions()? {
            return definitions::import(ws, self.file, self.name, self.dry_run);
        }
        let rejects = ws.data().join("rejects");
        let event_types = event_types::declared(ws)?;
        let sink = StoreSink::new(ws.store(), ws.id_key(), ws.now());
        let mut sink = if self.may_merge { sink } else { sink.without_merges() };
        let report = import::import(history, &mut sink, &self.request(ws, &event_types, Some(&rejects)), progress)?;
        // Also what an import before this one was killed over.
        if !self.dry_run && self.target.name == "customers" {
            merge::settle(ws, self.actor)?;
        }
        let (kind, lines) = (self.target.name, report.lines);
        tracing::info!(kind, lines, accepted = report.accepted, rejected = report.rejected, "imported");
        Ok(report)
    }

    fn request<'a>(&'a self, ws: &Workspace, event_types: &'a EventTypes, rejects: Option<&'a Path>) -> Request<'a> {
        Request {
            file: self.file,
            name: self.name,
            target: self.target,
            mapping: self.mapping,
            rejects,
            dry_run: self.dry_run,
            again: self.again,
            log: self.log,
            sorted: self.sorted,
            currency: ws.settings().currency,
            event_types,
            id_key: *ws.id_key(),
            now: ws.now(),
        }
    }
}
