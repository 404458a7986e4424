//! How fresh rule segments are, for `/metrics`, REST and the command line.

use serde::Serialize;

use crate::clock::{SECOND, Timestamp};
use crate::error::Result;
use crate::history::feed;
use crate::operations::Workspace;
use crate::segments::rule::store::{self, KeptRule};
use crate::storage::Connection;

/// How far rule segments are behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Freshness {
    /// Rule segments.
    pub segments: usize,
    /// Of them, those that wait to be built from history.
    pub stale: usize,
    /// For how many seconds the oldest new fact has been waiting to be taken in; 0 when none waits.
    pub oldest_fact_seconds: f64,
    /// For how many seconds the customer whose time came first has been waiting; 0 when nobody is due.
    pub due_lag_seconds: f64,
    /// When a segment was last built from history.
    pub last_built_at: Option<Timestamp>,
}

/// How far all of them are behind.
///
/// # Errors
/// Those of the store.
pub fn freshness(ws: &Workspace, conn: &mut Connection) -> Result<Freshness> {
    let now = ws.now();
    let all = store::all(conn)?;
    let mut due = i64::MAX;
    for segment in &all {
        due = due.min(store::earliest_due(conn, segment.id)?);
    }
    Ok(Freshness {
        segments: all.len(),
        stale: all.iter().filter(|segment| segment.stale).count(),
        oldest_fact_seconds: feed::oldest_waiting(conn)?.map_or(0.0, |at| seconds(at, now)),
        due_lag_seconds: if due <= now.0 { seconds(Timestamp(due), now) } else { 0.0 },
        last_built_at: all.iter().filter_map(|segment| segment.built_at).max(),
    })
}

/// For how many seconds the customer of one segment whose time came first has been waiting.
///
/// # Errors
/// Those of the store.
pub fn of_segment(conn: &mut Connection, segment: &KeptRule, now: Timestamp) -> Result<f64> {
    let due = store::earliest_due(conn, segment.id)?;
    Ok(if due <= now.0 { seconds(Timestamp(due), now) } else { 0.0 })
}

fn seconds(from: Timestamp, until: Timestamp) -> f64 {
    (until.0 - from.0).max(0) as f64 / SECOND as f64
}
