//! Steering a campaign: approve, pause, resume, cancel.

use crate::campaigns::store::{self, Campaign};
use crate::campaigns::{Action, RunState};
use crate::error::Result;
use crate::operations::{Workspace, audit};
use crate::storage::Connection;

/// Somebody answers for the planned version; from now on it may run, and its schedule counts.
///
/// # Errors
/// Conflict, when it has not been planned.
pub fn approve(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    act(ws, name, Action::Approve, "campaign.approve", actor, |conn, campaign| {
        let schedule = store::version(conn, campaign.id, campaign.version)?.spec.schedule;
        let next = schedule.map(|schedule| schedule.next(now)).transpose()?;
        store::set_next_run(conn, campaign.id, next)
    })
}

/// Stops sending. What is being sent at this moment is finished; nothing is lost.
///
/// # Errors
/// Conflict, when no run is going on.
pub fn pause(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    act(ws, name, Action::Pause, "campaign.pause", actor, |conn, campaign| {
        set_runs(conn, campaign, &[RunState::Sending], RunState::Paused, now)
    })
}

/// Goes on where it stopped; nobody is contacted again.
///
/// # Errors
/// Conflict, when it is not paused.
pub fn resume(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    act(ws, name, Action::Resume, "campaign.resume", actor, |conn, campaign| {
        set_runs(conn, campaign, &[RunState::Paused], RunState::Sending, now)
    })
}

fn set_runs(
    conn: &mut Connection,
    campaign: &Campaign,
    from: &[RunState],
    to: RunState,
    now: crate::clock::Timestamp,
) -> Result<()> {
    for run in store::runs_in(conn, from)?.into_iter().filter(|run| run.campaign_id == campaign.id) {
        store::set_run_state(conn, run.id, to, now)?;
    }
    Ok(())
}

pub(super) fn act(
    ws: &Workspace,
    name: &str,
    action: Action,
    word: &str,
    actor: &str,
    then: impl FnOnce(&mut Connection, &Campaign) -> Result<()>,
) -> Result<Campaign> {
    let now = ws.now();
    ws.store().write(|conn| {
        let known = store::by_name(conn, name)?;
        let changed = store::act(conn, &known, action, actor, now)?;
        then(conn, &changed)?;
        audit::write(conn, actor, word, name, &format!("version {}", changed.version), now)?;
        store::by_id(conn, changed.id)
    })
}
