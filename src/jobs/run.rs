//! Does the work of one job by calling the verb of `operations` that it stands for.

use super::job::{Job, Work};
use super::progress::Written;
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::Depth;
use crate::operations::import::uploaded::{self, Sent};
use crate::operations::{
    Workspace, audit, export, history, journeys, lifetime, mature, merge, reviews, run, score, segments, train,
};
use crate::reports::profit::kept;

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
        Work::Release => {
            let (ended, lapsed) = (run::release_expired(ws)?, reviews::lapse(ws)?);
            Ok(format!("{ended} reservations ended, {lapsed} reviews lapsed"))
        }
    }
}

/// Starts the run of a scheduled instant, unless it was started before or it has become too late.
fn campaign_run(ws: &Workspace, name: &str, due: Timestamp) -> Result<String> {
    let occasion = due.to_string();
    let (started, in_time) = ws.store().read(|conn| {
        let campaign = campaigns::by_name(conn, name)?;
        let started = campaigns::runs(conn, campaign.id)?.iter().any(|run| run.occasion == occasion);
        let schedule = campaigns::version(conn, campaign.id, campaign.version)?.spec.schedule;
        Ok((started, schedule.is_some_and(|schedule| schedule.in_time(due, ws.now()))))
    })?;
    if started {
        return Ok("it had been started before".to_owned());
    }
    if !in_time {
        let detail = format!("due at {due}, too late to start");
        ws.store().write(|conn| audit::write(conn, ACTOR, "campaign.held", name, &detail, ws.now()))?;
        return Ok("held: it had become too late".to_owned());
    }
    let started = run::start(ws, name, Some(&occasion), ACTOR)?;
    Ok(format!("run {} with {} contacts", started.run, started.forecast.contacts))
}
