//! Does the work of one job by calling the verb of `operations` that it stands for.

use super::job::{Job, Work};
use super::progress::Written;
use super::queue;
use crate::campaigns::State;
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::Depth;
use crate::operations::import::uploaded::{self, Sent};
use crate::operations::{
    Workspace, audit, choose, export, history, journeys, lifetime, mature, merge, reviews, run, score, segments, train,
};
use crate::reports::profit::kept;
use crate::storage::Connection;

/// Who the audit says did it.
const ACTOR: &str = "schedule";

/// Does the work; says what it came to.
///
/// # Errors
/// Those of the work.
pub(super) fn run(ws: &Workspace, job: &Job) -> Result<String> {
    let progress = Written::new(ws, job);
    match job.work()? {
        Work::Import { import, dry_run, again, may_merge } => {
            uploaded::bring(ws, &Sent { import, dry_run, again, may_merge }, &progress)
        }
        Work::CampaignRun { campaign, due } => campaign_run(ws, &campaign, due),
        Work::Journeys => {
            let done = journeys::follow(ws)?;
            Ok(format!(
                "{} began, {} steps taken with {} contacts, {} passed over, {} reached the goal, {} held",
                done.begun, done.taken, done.contacts, done.passed, done.reached, done.held
            ))
        }
        Work::Seal => {
            // Merges over which an import was killed.
            merge::settle(ws, ACTOR)?;
            // What segments have not taken in is not sealed.
            segments::refresh(ws)?;
            let sealed = ws.history().seal_tail(ws.now())?;
            Ok(format!("{} facts sealed", sealed.added))
        }
        Work::Compact => {
            let done = history::compact(ws, Depth::Due)?;
            Ok(format!("{} segments became {}, {} hidden facts left out", done.inputs, done.outputs, done.hidden))
        }
        Work::Mature => Ok(format!("{} runs closed", mature::mature(ws)?.len())),
        Work::Train => {
            let trained = train::train(ws, &[], &progress)?;
            let serving = trained.iter().filter(|model| model.serves).count();
            Ok(format!("{} models looked at, {serving} new ones serve", trained.len()))
        }
        Work::Score => {
            let scored = score::score(ws, &progress)?;
            kept::refresh(ws, &progress)?;
            Ok(format!("{} customers", scored.customers))
        }
        Work::Report => {
            kept::refresh(ws, &progress)?;
            Ok("profitability and customer equity".to_owned())
        }
        Work::Stages => {
            let done = lifetime::refresh_stages(ws)?;
            Ok(format!("{} of {} customers changed their stage", done.changed, done.customers))
        }
        Work::Export { export: id, question, actor } => {
            export::sweep(ws)?;
            let files = export::of_job(ws, id, &question, &actor, &progress)?;
            Ok(format!("{} files in {}", files.len(), export::folder_of(ws, id).display()))
        }
        Work::FollowTest { run } => choose::follow(ws, run, ACTOR),
        Work::Guard => {
            let stopped = choose::guard(ws, ACTOR)?;
            Ok(if stopped.is_empty() { "no harm beyond what is tolerated".to_owned() } else { stopped.join("; ") })
        }
        Work::Release => {
            let (ended, lapsed) = (run::release_expired(ws)?, reviews::lapse(ws)?);
            Ok(format!("{ended} reservations ended, {lapsed} reviews lapsed"))
        }
    }
}

/// What a scheduled instant has still to do for a campaign.
enum Scheduled {
    Started,
    TooLate,
    Due,
}

fn scheduled(conn: &mut Connection, name: &str, due: Timestamp, now: Timestamp) -> Result<Scheduled> {
    let campaign = campaigns::by_name(conn, name)?;
    if campaigns::runs(conn, campaign.id)?.iter().any(|run| run.occasion == due.to_string()) {
        return Ok(Scheduled::Started);
    }
    let schedule = campaigns::version(conn, campaign.id, campaign.version)?.spec.schedule;
    let in_time = schedule.is_some_and(|schedule| schedule.in_time(due, now));
    Ok(if in_time { Scheduled::Due } else { Scheduled::TooLate })
}

/// Starts the run of a scheduled instant, unless it was started before or it has become too late; together with those of other
/// campaigns for the same instant, so that each client is left to one of them.
fn campaign_run(ws: &Workspace, name: &str, due: Timestamp) -> Result<String> {
    let (occasion, now) = (due.to_string(), ws.now());
    match ws.store().read(|conn| scheduled(conn, name, due, now))? {
        Scheduled::Started => return Ok("it had been started before".to_owned()),
        Scheduled::TooLate => {
            let detail = format!("due at {due}, too late to start");
            ws.store().write(|conn| audit::write(conn, ACTOR, "campaign.held", name, &detail, now))?;
            return Ok("held: it had become too late".to_owned());
        }
        Scheduled::Due => {}
    }
    let together = ws.store().read(|conn| beside(conn, name, due, now))?;
    if together.len() > 1 {
        match run::start_together(ws, &together, Some(&occasion), ACTOR) {
            Ok(runs) => {
                let own = runs.iter().find(|started| started.campaign == name);
                let own = own.map_or_else(String::new, |own| {
                    format!("run {} with {} contacts, ", own.run, own.forecast.contacts)
                });
                return Ok(format!("{own}decided together with {} others", runs.len() - 1));
            }
            // What keeps another one from running must not keep this one.
            Err(error) => tracing::warn!(campaign = name, %error, "campaigns that are due at once decide apart"),
        }
    }
    let started = run::start(ws, name, Some(&occasion), ACTOR)?;
    Ok(format!("run {} with {} contacts", started.run, started.forecast.contacts))
}

/// The campaigns whose runs of this instant can be decided together with this one, itself among them.
fn beside(conn: &mut Connection, name: &str, due: Timestamp, now: Timestamp) -> Result<Vec<String>> {
    let mut together = vec![name.to_owned()];
    for other in queue::runs_due(conn, due)? {
        let due_too = other != name && matches!(scheduled(conn, &other, due, now)?, Scheduled::Due);
        if due_too && campaigns::by_name(conn, &other)?.state == State::Approved.as_str() {
            together.push(other);
        }
    }
    Ok(together)
}
