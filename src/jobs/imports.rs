//! Imports of files that came over REST: written down as jobs, done where their files are, swept when nobody wants them.

use std::time::Duration;

use super::job::{IMPORT, State, Work};
use super::queue;
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::history::import::log::{self, FAILED, Logged};
use crate::ids::JobId;
use crate::operations::import::upload::{self, Upload};
use crate::operations::import::uploaded::{self, Checked, Sent};
use crate::operations::{Workspace, audit};

/// After this a file of which no import was written down is what a crash left behind.
const ABANDONED: Duration = Duration::from_secs(3_600);
/// How long an import that was laid aside, or whose file no node has, may still be mended.
const KEPT: i64 = 7 * DAY;
/// Imports that a worker looks for at a time.
const AT_ONCE: usize = 500;

/// Takes a checked file for good: from now on it will be imported, whatever happens to this process.
///
/// # Errors
/// Unavailable, when disk or store fail; it will then not be imported.
pub fn submit(ws: &Workspace, mut upload: Upload, checked: &Checked, sent: Sent, actor: &str) -> Result<Logged> {
    let Sent { import, dry_run, again, may_merge } = sent;
    let row = uploaded::row(ws, &upload, checked, dry_run, actor, job_of(ws, import))?;
    upload.keep()?;
    let (now, work) = (ws.now(), Work::Import { import, dry_run, again, may_merge });
    // A commit of which nobody heard may have happened: the file stays, and is swept when it did not.
    ws.store().write(|conn| {
        log::add(conn, &row)?;
        queue::enqueue(conn, ws.id_key(), &work, &import.to_string(), now, now)?;
        let detail = format!("{}, {} bytes{}", row.kind, row.byte_count, if dry_run { ", tried only" } else { "" });
        audit::write(conn, actor, "import.send", &import.to_string(), &detail, now)
    })?;
    Ok(row)
}

fn job_of(ws: &Workspace, import: i64) -> JobId {
    queue::id_of(ws.id_key(), IMPORT, &import.to_string())
}

/// The jobs whose files lie in this data folder.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub(super) fn here(ws: &Workspace) -> Result<Vec<JobId>> {
    Ok(upload::here(ws)?.into_iter().take(AT_ONCE).map(|import| job_of(ws, import)).collect())
}

/// Removes files that nobody will import any more: those that a crash left without an import, those of imports that have ended,
/// and those of imports that were laid aside a week ago. Ends imports whose file no node had for a week.
///
/// # Errors
/// Unavailable, when disk or store fail.
pub(super) fn sweep(ws: &Workspace) -> Result<()> {
    let here = upload::here(ws)?;
    for &import in &here {
        let wanted = match ws.store().read(|conn| log::by_id(conn, import))? {
            None => upload::age(ws, import).is_some_and(|age| age < ABANDONED),
            Some(row) if row.is_finished() => false,
            Some(_) => true,
        };
        if !wanted {
            upload::remove(ws, import)?;
        }
    }
    let until = ws.now().plus(-KEPT);
    for row in ws.store().read(|conn| log::open_before(conn, until))? {
        let Some(job) = row.job_id else { continue };
        let job = ws.store().read(|conn| queue::get(conn, job))?;
        let laid_aside = job.state == State::Dead.as_str() && job.finished_at.unwrap_or_default() < until;
        if laid_aside || !here.contains(&row.id) && job.state == State::Waiting.as_str() {
            give_up(ws, &row, job.id, job.last_error)?;
        }
    }
    Ok(())
}

fn give_up(ws: &Workspace, row: &Logged, job: JobId, last_error: Option<String>) -> Result<()> {
    let message = last_error.unwrap_or_else(|| "no node has its file; send it again".to_owned());
    let (report, failure) = (row.read_report()?, uploaded::failure_of(&Error::unavailable(&*message)));
    let now: Timestamp = ws.now();
    ws.store().write(|conn| {
        log::finish(conn, row.id, FAILED, &report, Some(&failure), now)?;
        queue::put_aside(conn, job, &message, now)
    })?;
    upload::remove(ws, row.id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::*;
    use crate::clock::{HOUR, ManualClock};
    use crate::jobs::{Only, Stop, work};
    use crate::operations::Options;
    use crate::operations::import::uploaded::{Asked, check};

    const FILE: &[u8] = b"customer,occurred_at,order_key,sku,quantity,amount\nC1,2026-01-05,O1,s1,1,5.00\n";

    fn workspace(folder: &std::path::Path) -> (Workspace, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-02-02T09:00:00Z").unwrap()));
        (Workspace::open(folder, None, clock.clone(), Options::default()).unwrap(), clock)
    }

    fn arrived(ws: &Workspace) -> Upload {
        let mut upload = Upload::begin(ws).unwrap();
        upload.write(FILE).unwrap();
        upload
    }

    fn sent(ws: &Workspace) -> Logged {
        let upload = arrived(ws);
        let (dry_run, again, may_merge) = (false, false, false);
        let checked = check(ws, &Asked { kind: "orders".into(), name: None, dry_run, again }, &upload).unwrap();
        let import = upload.import;
        submit(ws, upload, &checked, Sent { import, dry_run, again, may_merge }, "key:1").unwrap()
    }

    fn row(ws: &Workspace, import: i64) -> Logged {
        ws.store().read(|conn| log::by_id(conn, import)).unwrap().unwrap()
    }

    #[test]
    fn what_a_crash_left_without_an_import_is_removed_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let (ws, _) = workspace(folder.path());
        let mut left = [arrived(&ws), arrived(&ws)];
        left.iter_mut().for_each(|upload| upload.keep().unwrap());
        let old = std::fs::File::options().write(true).open(left[0].file()).unwrap();
        old.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        let wanted = sent(&ws);
        sweep(&ws).unwrap();
        assert_eq!(upload::here(&ws).unwrap(), [left[1].import, wanted.id]);
    }

    #[test]
    fn an_import_waits_for_the_node_that_has_its_file_and_not_for_ever() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let (ws, clock) = workspace(folders[0].path());
        let import = sent(&ws).id;
        // Another node on the same store, with a data folder of its own.
        let (from, to) = (folders[0].path().join("uploads"), folders[1].path().join("uploads"));
        std::fs::rename(&from, &to).unwrap();
        let idle = work(&ws, &Stop::default(), true, Some(Only::Jobs)).unwrap();
        assert_eq!((row(&ws, import).is_finished(), idle.failed + idle.dead), (false, 0));
        std::fs::rename(&to, &from).unwrap();
        work(&ws, &Stop::default(), true, Some(Only::Jobs)).unwrap();
        assert_eq!(row(&ws, import).state, log::DONE);

        let import = sent(&ws).id;
        std::fs::remove_dir_all(&from).unwrap();
        clock.set(ws.now().plus(KEPT - HOUR));
        sweep(&ws).unwrap();
        assert!(!row(&ws, import).is_finished());
        clock.set(ws.now().plus(2 * HOUR));
        sweep(&ws).unwrap();
        let given_up = row(&ws, import);
        assert_eq!(given_up.state, FAILED);
        assert!(given_up.error.is_some_and(|error| error.contains("no node has its file")));
    }
}
