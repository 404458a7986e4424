//! `vizavi import`: a file into history and store.

mod definitions;
mod sink;

use std::path::PathBuf;

use super::{Workspace, event_types, merge};
use crate::error::{Error, Result};
use crate::history::History;
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
    let target = Target::named(&what.kind).ok_or_else(|| {
        let kinds: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        Error::invalid(format!("`{}` cannot be imported; these can: {}", what.kind, kinds.join(", ")))
    })?;
    if target.name == "offers" && what.mapping.is_none() && definitions::are_in(&what.file)? {
        return definitions::import(workspace, &what.file, what.dry_run);
    }
    let settings = workspace.settings();
    let mapping = what.mapping.as_deref().map(|path| Mapping::load(path, settings.currency)).transpose()?;
    let rejects = workspace.data().join("rejects");
    let event_types = event_types::declared(workspace)?;
    let request = Request {
        file: &what.file,
        target,
        mapping: mapping.as_ref(),
        rejects: Some(&rejects),
        dry_run: what.dry_run,
        again: what.again,
        sorted: what.sorted.unwrap_or(import::SORTED),
        currency: settings.currency,
        event_types: &event_types,
        id_key: *workspace.id_key(),
        now: workspace.now(),
    };
    let mut sink = StoreSink::new(workspace.store(), workspace.id_key(), workspace.now());
    let report = import::import(history, &mut sink, &request, progress)?;
    // Also what an import before this one was killed over.
    if !what.dry_run && target.name == "customers" {
        merge::settle(workspace, ACTOR)?;
    }
    tracing::info!(
        kind = what.kind,
        lines = report.lines,
        accepted = report.accepted,
        rejected = report.rejected,
        "imported"
    );
    Ok(report)
}
