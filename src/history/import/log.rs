//! The log of imports: all its SQL.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::clock::Timestamp;
use crate::error::{Fault, Result};
use crate::ids::JobId;
use crate::storage::schema::import_log;
use crate::storage::{Connection, on_each};

/// An import: done, or of a file that came over REST and waits for its job.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = import_log)]
pub struct Logged {
    /// Its number.
    pub id: i64,
    /// What the file held: `orders`, `customers`, ...
    pub kind: String,
    /// The file's name.
    pub file: String,
    /// Its size.
    pub byte_count: i64,
    /// BLAKE3 hash of the file, in hexadecimal.
    pub digest: String,
    /// BLAKE3 hash of the mapping, in hexadecimal; empty when the columns' own names were taken.
    pub mapping: String,
    /// [`OPEN`], [`DONE`], [`TRIED`], [`KNOWN`] or [`FAILED`].
    pub state: String,
    /// The [`Report`] as JSON.
    pub report: String,
    /// When it began, or the file came; microseconds UTC.
    pub started_at: i64,
    /// When it ended, microseconds UTC; 0 before.
    pub finished_at: i64,
    /// Who sent the file over REST: `key:<id>`; empty for the command line.
    pub actor: String,
    /// The job that imports what came over REST.
    pub job_id: Option<JobId>,
    /// Why it failed: a [`Failure`] as JSON.
    pub error: Option<String>,
}

/// The state of a file that came over REST and is not imported yet; its job says more.
pub const OPEN: &str = "open";
/// The state of an import that was kept.
pub const DONE: &str = "done";
/// The state of one that was only tried.
pub const TRIED: &str = "tried";
/// The state of one whose file had been imported before.
pub const KNOWN: &str = "known";
/// The state of one that is not possible.
pub const FAILED: &str = "failed";

/// Why an import failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// In a sentence.
    pub message: String,
    /// Each fault of the file or its mapping.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
}

impl Logged {
    /// Whether nothing more will become of it.
    pub fn is_finished(&self) -> bool {
        self.finished_at != 0
    }

    /// Why it failed, if it did.
    ///
    /// # Errors
    /// Internal, when what was logged is no reason.
    pub fn read_failure(&self) -> Result<Option<Failure>> {
        Ok(self.error.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// What was read and made of it.
    ///
    /// # Errors
    /// Internal, when what was logged is no report.
    pub fn read_report(&self) -> Result<Report> {
        Ok(serde_json::from_str(&self.report)?)
    }
}

/// Adds an import.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn add(conn: &mut Connection, logged: &Logged) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(import_log::table).values(logged).execute(c))?;
    Ok(())
}

/// Writes down how one that was [`OPEN`] ended; also that one succeeded which was called off too late. `false` when it had ended
/// before.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn finish(
    conn: &mut Connection,
    id: i64,
    state: &str,
    report: &Report,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<bool> {
    // What is in the history is there, also where somebody called the import off while its last lines were kept.
    let may_end: &[&str] = if failure.is_none() { &[OPEN, FAILED] } else { &[OPEN] };
    let changed = diesel::update(import_log::table.find(id).filter(import_log::state.eq_any(may_end)))
        .set((
            import_log::state.eq(state),
            import_log::report.eq(serde_json::to_string(report)?),
            import_log::error.eq(failure.map(serde_json::to_string).transpose()?),
            import_log::finished_at.eq(now.0),
        ))
        .execute(conn)?;
    Ok(changed > 0)
}

/// Those that are [`OPEN`] and came before an instant.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn open_before(conn: &mut Connection, instant: Timestamp) -> Result<Vec<Logged>> {
    let rows = import_log::table.filter(import_log::state.eq(OPEN)).filter(import_log::started_at.lt(instant.0));
    Ok(rows.order(import_log::id).load(conn)?)
}

/// The import that a job does.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn of_job(conn: &mut Connection, job: JobId) -> Result<Option<Logged>> {
    Ok(import_log::table.filter(import_log::job_id.eq(job)).first(conn).optional()?)
}

/// Imports of files that have this size, and so may be the same: digest and instant of each.
pub(super) fn of_size(conn: &mut Connection, kind: &str, mapping: &str, bytes: i64) -> Result<Vec<(String, i64)>> {
    Ok(import_log::table
        .filter(import_log::kind.eq(kind))
        .filter(import_log::byte_count.eq(bytes))
        .filter(import_log::mapping.eq(mapping))
        .filter(import_log::state.eq(DONE))
        .order(import_log::finished_at)
        .select((import_log::digest, import_log::finished_at))
        .load(conn)?)
}

/// When a file of this digest was imported.
pub(super) fn when(known: &[(String, i64)], digest: &str) -> Option<Timestamp> {
    known.iter().find(|(known, _)| known == digest).map(|(_, at)| Timestamp(*at))
}

/// The latest imports first, those before `before`; only what `actor` sent when one is given.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn page(conn: &mut Connection, actor: Option<&str>, before: Option<i64>, limit: i64) -> Result<Vec<Logged>> {
    let rows = import_log::table.filter(import_log::id.lt(before.unwrap_or(i64::MAX)));
    let rows = rows.order(import_log::id.desc()).limit(limit);
    Ok(match actor {
        Some(actor) => rows.filter(import_log::actor.eq(actor)).load(conn)?,
        None => rows.load(conn)?,
    })
}

/// One import.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<Logged>> {
    Ok(import_log::table.find(id).first(conn).optional()?)
}
