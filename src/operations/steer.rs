//! Steering a campaign: approve, pause, resume, cancel.

use crate::campaigns::store::{self, Campaign};
use crate::campaigns::{Action, RunState};
use crate::deliveries::outbox::brake;
use crate::error::{Error, Result};
use crate::ids::CampaignRunId;
use crate::operations::checks::Checks;
use crate::operations::{Workspace, audit, journeys};
use crate::storage::Connection;

/// Somebody answers for the planned version; from now on it may run, and its schedule and its trigger count.
///
/// # Errors
/// Conflict, when it has not been planned, or another person shall approve it.
pub fn approve(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    act(ws, name, Action::Approve, "campaign.approve", actor, |conn, campaign| {
        let applied_by = store::applied_by(conn, campaign.id, campaign.version)?;
        if ws.settings().second_approver && applied_by.as_deref() == Some(actor) {
            return Err(Error::conflict("you have applied this version yourself; another person must approve it"));
        }
        let spec = store::version(conn, campaign.id, campaign.version)?.spec;
        let (schedule, trigger) = (spec.schedule, spec.trigger);
        let next = schedule.map(|schedule| schedule.next(now)).transpose()?;
        journeys::watch(conn, campaign.id, trigger, now)?;
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
        for run in set_runs(conn, campaign, &[RunState::Sending], RunState::Paused, now)? {
            brake::pause(conn, run, "paused by hand", now)?;
        }
        Ok(())
    })
}

/// Goes on where it stopped; nobody is contacted again.
///
/// # Errors
/// Conflict, when it is not paused.
pub fn resume(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    act(ws, name, Action::Resume, "campaign.resume", actor, |conn, campaign| {
        for run in set_runs(conn, campaign, &[RunState::Paused], RunState::Sending, now)? {
            brake::resume(conn, run)?;
        }
        Ok(())
    })
}

/// Ends the campaign when it has done what it was for: nothing new begins, and its results stand.
///
/// # Errors
/// Conflict, when a run is going on, or it was cancelled.
pub fn close(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    act(ws, name, Action::Close, "campaign.close", actor, |conn, campaign| {
        journeys::watch(conn, campaign.id, None, now)?;
        store::set_next_run(conn, campaign.id, None)
    })
}

/// Ends the campaign: what was not sent is taken back, and it does not run again until it is applied anew.
///
/// # Errors
/// Conflict, when it is cancelled already.
pub fn cancel(ws: &Workspace, name: &str, actor: &str) -> Result<Campaign> {
    let now = ws.now();
    let checks = Checks::new(ws);
    act(ws, name, Action::Cancel, "campaign.cancel", actor, |conn, campaign| {
        store::set_next_run(conn, campaign.id, None)?;
        journeys::watch(conn, campaign.id, None, now)?;
        for run in set_runs(conn, campaign, &[RunState::Sending, RunState::Paused], RunState::Cancelled, now)? {
            brake::cancel(conn, run, "campaign cancelled", now, &checks)?;
        }
        Ok(())
    })
}

fn set_runs(
    conn: &mut Connection,
    campaign: &Campaign,
    from: &[RunState],
    to: RunState,
    now: crate::clock::Timestamp,
) -> Result<Vec<CampaignRunId>> {
    let mut changed = Vec::new();
    for run in store::runs_in(conn, from)?.into_iter().filter(|run| run.campaign_id == campaign.id) {
        store::set_run_state(conn, run.id, to, now)?;
        changed.push(run.id);
    }
    Ok(changed)
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
