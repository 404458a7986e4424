//! Care of history: check, compact, export.

use std::path::Path;

use crate::customers::store as customers;
use crate::error::Result;
use crate::history::{Checked, Compacted, Depth, Export, Exported};
use crate::operations::Workspace;
use crate::progress::Progress;

/// Checks that history is what the manifest says, and that its facts are those of known customers.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn check(ws: &Workspace, progress: &dyn Progress) -> Result<Checked> {
    let known = ws.store().read(customers::ids)?;
    ws.history().check(Some(&known), ws.now(), progress)
}

/// Seals what waits, then compacts; what was erased leaves the store's own log as well.
///
/// # Errors
/// Unavailable, when the disk or the store fails; conflict, when somebody else compacts.
pub fn compact(ws: &Workspace, depth: Depth) -> Result<Compacted> {
    if depth == Depth::Full {
        ws.history().seal_tail(ws.now())?;
    }
    let compacted = ws.history().compact(depth, ws.now())?;
    ws.store().truncate_log()?;
    tracing::info!(?compacted, "history compacted");
    Ok(compacted)
}

/// Exports facts for a warehouse.
///
/// # Errors
/// Unavailable, when the disk is full or the store does not answer.
pub fn export(ws: &Workspace, target: &Path, what: &Export, progress: &dyn Progress) -> Result<Vec<Exported>> {
    ws.history().export(target, what, progress)
}
