//! `vizavi import`: a file into history and store.

mod definitions;
mod sink;

use std::path::{Path, PathBuf};

use super::Workspace;
use crate::error::{Error, Result};
use crate::history::History;
use crate::history::import::{self, Mapping, Report, Request, TARGETS, Target};
use crate::progress::Progress;

pub use sink::StoreSink;

/// What to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// `customers`, `orders`, `returns`, `interactions`, `decisions`, `consents`, `suppressions` or `offers`.
    pub kind: String,
    /// The file: CSV (gz too), NDJSON or Parquet.
    pub file: PathBuf,
    /// The TOML mapping; by the columns' names when absent.
    pub mapping: Option<PathBuf>,
    /// Reads and checks everything, and changes nothing.
    pub dry_run: bool,
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
    let rejects = rejects_file(workspace.data(), &what.file, what.dry_run)?;
    let request = Request {
        file: &what.file,
        target,
        mapping: mapping.as_ref(),
        rejects: rejects.as_deref(),
        dry_run: what.dry_run,
        currency: settings.currency,
        id_key: *workspace.id_key(),
        now: workspace.now(),
    };
    let mut sink = StoreSink::new(workspace.store(), workspace.now());
    let report = import::import(history, &mut sink, &request, progress)?;
    tracing::info!(
        kind = what.kind,
        lines = report.lines,
        accepted = report.accepted,
        rejected = report.rejected,
        "imported"
    );
    Ok(report)
}

fn rejects_file(data: &Path, file: &Path, dry_run: bool) -> Result<Option<PathBuf>> {
    if dry_run {
        return Ok(None);
    }
    let folder = data.join("rejects");
    std::fs::create_dir_all(&folder)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.trim_end_matches(".gz");
    let is_json = [".json", ".ndjson", ".jsonl"].iter().any(|end| plain.ends_with(end));
    let stem = plain.split('.').next().unwrap_or("import");
    // A rejects file that is being imported must not be overwritten while it is read.
    let path = (1..).map(|n| folder.join(format!("{stem}.{n}.{}", if is_json { "ndjson" } else { "csv" })));
    Ok(path.into_iter().find(|path| !path.exists()))
}
