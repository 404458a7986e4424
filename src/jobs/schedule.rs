//! What time asks for: runs of campaigns whose schedule is due, and recurring work.

use jiff::ToSpan;

use super::job::Work;
use super::queue;
use crate::campaigns::journey::store as journeys;
use crate::campaigns::store::{self as campaigns, Campaign};
use crate::clock::{self, DAY, HOUR, MINUTE, Timestamp};
use crate::decisions::{reservation, review};
use crate::error::Result;
use crate::experiments::store as experiments;
use crate::operations::Workspace;
use crate::operations::export::Question;
use crate::segments::stage::store as stages;

/// Facts that arrived one by one and are sealed before their hour.
const LONG_TAIL: i64 = 10_000;
/// How often a test is looked at again whose rest could not begin.
const AGAIN: i64 = 5 * MINUTE;
/// How long harm of a run's variants is watched.
const WATCHED: i64 = 60 * DAY;
/// How late nightly work may still begin: a node that starts at noon does not make up for the night.
const NIGHTLY_LATENESS: i64 = HOUR;

/// Writes down what has become due. Any number of nodes may do so at once. Returns how much was new.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn tick(ws: &Workspace) -> Result<usize> {
    Ok(due_campaigns(ws)? + due_tests(ws)? + recurring(ws)?)
}

/// Writes down what is due about tests before a rest: what could not be done is looked at again a few minutes later.
fn due_tests(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    let at = floor(now, AGAIN);
    let mut new = 0;
    for (run, state) in ws.store().read(|conn| experiments::due_tests(conn, now))? {
        // What has just been decided is not kept waiting by the look that found it undecided.
        let (work, occasion) = (Work::FollowTest { run }, format!("{run}/{state}/{at}"));
        if !ws.store().read(|conn| queue::is_known(conn, ws.id_key(), &work, &occasion))? {
            let added = ws.store().write(|conn| queue::enqueue(conn, ws.id_key(), &work, &occasion, now, now))?;
            new += usize::from(added);
        }
    }
    Ok(new)
}

fn due_campaigns(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    let mut new = 0;
    for campaign in ws.store().read(|conn| campaigns::due(conn, now))? {
        match due_campaign(ws, &campaign, now) {
            Ok(added) => new += usize::from(added),
            // One damaged campaign must not keep the others from running.
            Err(error) => tracing::error!(campaign = campaign.name, ?error, "the schedule cannot be followed"),
        }
    }
    Ok(new)
}

/// Writes the run down and sets the next time, in one transaction. The job itself holds a run that has become too late.
fn due_campaign(ws: &Workspace, campaign: &Campaign, now: Timestamp) -> Result<bool> {
    let Some(due) = campaign.next_run_at else { return Ok(false) };
    ws.store().write(|conn| {
        let Some(schedule) = campaigns::version(conn, campaign.id, campaign.version)?.spec.schedule else {
            campaigns::set_next_run(conn, campaign.id, None)?;
            return Ok(false);
        };
        let work = Work::CampaignRun { campaign: campaign.name.clone(), due };
        let new = queue::enqueue(conn, ws.id_key(), &work, &format!("{}/{due}", campaign.id), now, now)?;
        // Read anew: the other node's transaction, for which the insert has waited, may have moved it.
        if campaigns::by_id(conn, campaign.id)?.next_run_at == Some(due) {
            campaigns::set_next_run(conn, campaign.id, Some(schedule.next(now)?))?;
        }
        Ok(new)
    })
}

fn recurring(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    let hour = floor(now, HOUR);
    let mut wanted = vec![(Work::Mature, hour)];
    let waiting = ws.history().waiting()?;
    if waiting >= LONG_TAIL {
        wanted.push((Work::Seal, floor(now, MINUTE)));
    } else if waiting > 0 {
        wanted.push((Work::Seal, hour));
    }
    if ws.history().compaction_is_due()? {
        wanted.push((Work::Compact, hour));
    }
    if ws.store().read(|conn| experiments::any_period_since(conn, now.plus(-WATCHED)))? {
        wanted.push((Work::Guard, hour));
    }
    let late = |conn: &mut _| Ok(reservation::any_expired(conn, now)? || !review::expired(conn, now, 1)?.is_empty());
    if ws.store().read_one(late)? {
        wanted.push((Work::Release, floor(now, MINUTE)));
    }
    if ws.store().read_one(|conn| journeys::any(conn, now))? {
        wanted.push((Work::Journeys, floor(now, MINUTE)));
    }
    let schedule = &ws.settings().schedule;
    // Whatever the hour: time goes on while no worker runs.
    if schedule.stages_hours > 0 && ws.store().read(stages::any)? {
        wanted.push((Work::Stages, floor(now, i64::from(schedule.stages_hours) * HOUR)));
    }
    // Models first, then the scores that they give.
    for (work, at) in [(Work::Train, schedule.train), (Work::Score, schedule.score)] {
        let Some(at) = at.0 else { continue };
        let last = last_time(ws, at, now)?;
        if now.0 - last.0 <= NIGHTLY_LATENESS {
            wanted.push((work, last));
        }
    }
    if let Some(at) = schedule.export.0 {
        let last = last_time(ws, at, now)?;
        if now.0 - last.0 <= NIGHTLY_LATENESS {
            let (question, actor) = (Question::default(), "schedule".to_owned());
            wanted.push((
                Work::Export { export: ws.id_key().hash63(b"export", &[&last.0.to_le_bytes()]), question, actor },
                last,
            ));
        }
    }
    let known = |conn: &mut _, work: &Work, at: Timestamp| queue::is_known(conn, ws.id_key(), work, &at.to_string());
    let new: Vec<(Work, Timestamp)> = ws.store().read(|conn| {
        let mut new = Vec::new();
        for (work, at) in wanted {
            if !known(conn, &work, at)? {
                new.push((work, at));
            }
        }
        Ok(new)
    })?;
    if new.is_empty() {
        return Ok(0);
    }
    ws.store().write(|conn| {
        let mut added = 0;
        for (work, at) in &new {
            added += usize::from(queue::enqueue(conn, ws.id_key(), work, &at.to_string(), now, now)?);
        }
        Ok(added)
    })
}

fn floor(at: Timestamp, period: i64) -> Timestamp {
    Timestamp(at.0.div_euclid(period) * period)
}

/// The last time that the clock showed this hour and minute in the workspace's own zone.
fn last_time(ws: &Workspace, (hour, minute): (i8, i8), now: Timestamp) -> Result<Timestamp> {
    let local = now.to_jiff().to_zoned(clock::zone(&ws.settings().zone)?);
    let at = |date: jiff::civil::Date| {
        let zoned = date.at(hour, minute, 0, 0).to_zoned(local.time_zone().clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_microsecond()))
    };
    let yesterday = local.date().checked_sub(1.day()).ok();
    let found = at(local.date()).filter(|at| *at <= now).or_else(|| yesterday.and_then(at));
    Ok(found.unwrap_or_default())
}
