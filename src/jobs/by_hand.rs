//! What a person does to a job: has it tried again, or calls it off.

use super::job::{Job, State, Work};
use super::queue;
use crate::error::{Error, Result};
use crate::history::import::log::{self, FAILED};
use crate::ids::JobId;
use crate::operations::import::{upload, uploaded};
use crate::operations::{Workspace, audit};

/// Has a job tried again that was laid aside or called off.
///
/// # Errors
/// As [`queue::retry`].
pub fn retry(ws: &Workspace, id: JobId, actor: &str) -> Result<Job> {
    let now = ws.now();
    ws.store().write(|conn| {
        queue::retry(conn, id, now)?;
        audit::write(conn, actor, "job.retry", &id.to_string(), "", now)?;
        queue::get(conn, id)
    })
}

/// Calls a job off. What it has finished stays; of an import that is nothing, and its file is removed.
///
/// # Errors
/// As [`queue::cancel`].
pub fn cancel(ws: &Workspace, id: JobId, actor: &str) -> Result<Job> {
    let now = ws.now();
    let (before, import, job) = ws.store().write(|conn| {
        let before = queue::cancel(conn, id, actor, now)?;
        let import = match before.work() {
            Ok(Work::Import { import, .. }) => log::by_id(conn, import)?,
            _ => None,
        };
        if let Some(row) = &import {
            let why = Error::conflict(format!("cancelled by {actor}; send the file again to import it"));
            log::finish(conn, row.id, FAILED, &row.read_report()?, Some(&uploaded::failure_of(&why)), now)?;
        }
        if !before.is(State::Cancelled) {
            audit::write(conn, actor, "job.cancel", &id.to_string(), &before.kind, now)?;
        }
        Ok((before, import, queue::get(conn, id)?))
    })?;
    // The file of one that runs is still being read; its worker removes it.
    if let Some(row) = import.filter(|_| !before.is(State::Running)) {
        upload::remove(ws, row.id)?;
    }
    Ok(job)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::{ManualClock, Timestamp};
    use crate::error::Kind;
    use crate::jobs::run;
    use crate::operations::Options;

    #[test]
    fn work_that_runs_notices_that_it_was_called_off() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-02-02T09:00:00Z").unwrap()));
        let ws = Workspace::open(folder.path(), None, clock, Options::default()).unwrap();
        let claimed = |work: Work| {
            let now = ws.now();
            ws.store().write(|conn| queue::enqueue(conn, ws.id_key(), &work, "x", now, now)).unwrap();
            ws.store().write(|conn| queue::claim(conn, queue::Wanted::Others, "w", now)).unwrap().unwrap()
        };
        for work in [Work::Train, Work::Score, Work::Report] {
            let job = claimed(work);
            assert_eq!(cancel(&ws, job.id, "user:1").unwrap().state, "cancelled");
            let stopped = run::run(&ws, &job).unwrap_err();
            assert_eq!(stopped.kind(), Kind::Conflict, "{}: {stopped}", job.kind);
        }
    }
}
