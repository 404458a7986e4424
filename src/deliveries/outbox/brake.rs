//! Brakes: pause, resume and cancel a run; stop everything. A brake works between any two messages, also on those that a
//! worker has already claimed.

use diesel::prelude::*;

use super::claim::ClaimCheck;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::error::{Error, Result};
use crate::ids::CampaignRunId;
use crate::storage::schema::{delivery, delivery_brake};
use crate::storage::{Connection, on_each};

/// The row that stops everything.
pub(super) const EVERYTHING: CampaignRunId = CampaignRunId(0);
const CANCEL_CHUNK: i64 = 500;

/// Holds a run back; what is committing ends by itself.
///
/// # Errors
/// Conflict when the run was cancelled.
pub fn pause(conn: &mut Connection, run: CampaignRunId, reason: &str, now: Timestamp) -> Result<()> {
    if brake_of(conn, run)?.as_deref() == Some("cancelled") {
        return Err(Error::conflict("the run was cancelled and cannot be paused"));
    }
    put(conn, run, "paused", reason, now)
}

/// Lets a paused run go on.
///
/// # Errors
/// Conflict when the run was cancelled.
pub fn resume(conn: &mut Connection, run: CampaignRunId) -> Result<()> {
    if brake_of(conn, run)?.as_deref() == Some("cancelled") {
        return Err(Error::conflict("the run was cancelled and cannot go on; start another"));
    }
    diesel::delete(delivery_brake::table.find(run)).execute(conn)?;
    Ok(())
}

/// Takes back everything of a run that has not gone out; returns how many. What is committing or held stays as it is.
pub fn cancel(
    conn: &mut Connection,
    run: CampaignRunId,
    reason: &str,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<u64> {
    put(conn, run, "cancelled", reason, now)?;
    let (mut cancelled, mut after, mut found) = (0, i64::MIN, false);
    loop {
        let open = delivery::state
            .eq(State::Planned)
            .or(delivery::state.eq(State::Deferred))
            .or(delivery::state.eq(State::Claimed));
        let rows: Vec<Delivery> = delivery::table
            .filter(delivery::campaign_run_id.eq(run))
            .filter(open)
            .filter(delivery::id.gt(after))
            .order(delivery::id)
            .limit(CANCEL_CHUNK)
            .load(conn)?;
        let Some(last) = rows.last() else {
            if !found {
                return Ok(cancelled);
            }
            // Once more from the start: a worker may have given one back meanwhile.
            (after, found) = (i64::MIN, false);
            continue;
        };
        (after, found) = (last.id.0, true);
        for row in &rows {
            // Names the state it was read in: a worker that marked it meanwhile has won.
            let same = delivery::table.filter(delivery::id.eq(row.id)).filter(delivery::state.eq(row.state));
            let changed = diesel::update(same)
                .set((delivery::state.eq(State::Cancelled), delivery::reason.eq(reason), delivery::updated_at.eq(now)))
                .execute(conn)?;
            if changed == 1 {
                checks.released(conn, row, State::Cancelled, now)?;
                cancelled += 1;
            }
        }
    }
}

/// Stops every worker before its next message.
pub fn stop(conn: &mut Connection, reason: &str, now: Timestamp) -> Result<()> {
    put(conn, EVERYTHING, "stopped", reason, now)
}

/// Takes the stop back.
pub fn go_on(conn: &mut Connection) -> Result<()> {
    diesel::delete(delivery_brake::table.find(EVERYTHING)).execute(conn)?;
    Ok(())
}

/// Whether everything is stopped.
pub fn is_stopped(conn: &mut Connection) -> Result<bool> {
    Ok(brake_of(conn, EVERYTHING)?.is_some())
}

/// The brake of a run: `paused` or `cancelled`.
pub fn brake_of(conn: &mut Connection, run: CampaignRunId) -> Result<Option<String>> {
    Ok(delivery_brake::table.find(run).select(delivery_brake::state).first::<String>(conn).optional()?)
}

fn put(conn: &mut Connection, run: CampaignRunId, state: &str, reason: &str, now: Timestamp) -> Result<()> {
    let values =
        (delivery_brake::state.eq(state), delivery_brake::reason.eq(reason), delivery_brake::changed_at.eq(now));
    on_each!(conn, c => diesel::insert_into(delivery_brake::table)
        .values((delivery_brake::campaign_run_id.eq(run), values))
        .on_conflict(delivery_brake::campaign_run_id)
        .do_update()
        .set(values)
        .execute(c))?;
    Ok(())
}
