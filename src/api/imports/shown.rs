//! An import as the API shows it.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::import::Report;
use crate::history::import::log::{FAILED, Failure, Logged, OPEN};
use crate::ids::JobId;
use crate::jobs::{Job, State, queue};
use crate::operations::Workspace;

/// A file, how far its import is, and what became of its lines.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportShown {
    /// Its number.
    pub id: i64,
    /// What the file holds: `orders`, `customers`, ...
    pub kind: String,
    /// What it is called.
    pub file: String,
    /// `waiting` or `running`; then `done`, `tried` (a dry run), `known` (the same file was imported before) or `failed`.
    pub state: String,
    /// Whether it is only tried.
    pub dry_run: bool,
    /// The size of the file.
    pub bytes: i64,
    /// BLAKE3 hash of the file.
    pub digest: String,
    /// The job that imports it; none for what the command line imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub job: Option<JobId>,
    /// When it came, RFC 3339.
    #[schema(value_type = String)]
    pub started_at: Timestamp,
    /// When it ended, RFC 3339; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub finished_at: Option<Timestamp>,
    /// How far it is: stage, bytes done of all, lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub progress: Option<Value>,
    /// What became of its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub report: Option<Report>,
    /// Why it failed, or why it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub error: Option<Failure>,
    /// Where the rejected lines are, when there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects: Option<String>,
}

impl ImportShown {
    /// A row of the log, with its job where it has not ended.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn of(ws: &Workspace, row: &Logged) -> Result<ImportShown> {
        let unfinished = row.job_id.filter(|_| row.state == OPEN);
        let job = unfinished.map(|id| ws.store().read(|conn| queue::get(conn, id))).transpose()?;
        let mut report = row.read_report()?;
        let rejects = report.rejects.is_some().then(|| format!("/v1/imports/{}/rejects", row.id));
        report.rejects.clone_from(&rejects);
        let tried_again = || job.as_ref()?.last_error.clone().map(|message| Failure { message, errors: Vec::new() });
        Ok(ImportShown {
            id: row.id,
            kind: row.kind.clone(),
            file: row.file.clone(),
            state: job.as_ref().map_or(&*row.state, |job| state_of(job)).to_owned(),
            dry_run: report.dry_run,
            bytes: row.byte_count,
            digest: row.digest.clone(),
            job: row.job_id,
            started_at: Timestamp(row.started_at),
            finished_at: row.is_finished().then_some(Timestamp(row.finished_at)),
            progress: job.as_ref().and_then(|job| serde_json::from_str(job.progress.as_deref()?).ok()),
            report: (row.is_finished() && row.state != FAILED).then_some(report),
            error: row.read_failure()?.or_else(tried_again),
            rejects,
        })
    }
}

/// The state of an import whose job has not written down an end.
fn state_of(job: &Job) -> &'static str {
    match job.state.as_str() {
        state if state == State::Dead.as_str() => FAILED,
        state if state == State::Waiting.as_str() => State::Waiting.as_str(),
        _ => State::Running.as_str(),
    }
}
