//! The worker: runs what is due and sends what is due, until told to stop, or until nothing is due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::job::{Job, State};
use super::queue::Wanted;
use super::schedule::tick;
use super::stop::Stop;
use super::{imports, queue, run};
use crate::clock::{SECOND, Timestamp};
use crate::deliveries::Summary;
use crate::error::{Error, Result};
use crate::ids;
use crate::operations::Workspace;
use crate::operations::incoming::maildir;
use crate::operations::segments;
use crate::operations::send::send_due;
use crate::operations::webhooks::{self, Delivered};

/// How long an idle worker sleeps.
const IDLE: Duration = Duration::from_secs(2);
/// How long one sleeps who has just had something to tell.
const SOON: Duration = Duration::from_millis(100);
/// How long it leaves a store alone that does not answer.
const DOWN: Duration = Duration::from_secs(10);
/// How often files are looked for that nobody will import any more.
const SWEEP: Duration = Duration::from_secs(3_600);
/// How often the Maildir is looked at.
const MAIL: Duration = Duration::from_secs(20);
/// How often the lease of a running job is renewed.
const RENEW: Duration = Duration::from_secs(60);

/// How often the end of a running job is looked for, when nobody wakes this thread.
const GLANCE: Duration = Duration::from_millis(500);
/// How long a job may still go on when the worker is told to stop.
const PATIENCE: Duration = Duration::from_secs(3);

/// A part of the work, for nodes that do only that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Messages.
    Sending,
    /// Schedules and jobs.
    Jobs,
}

/// What was done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Worked {
    /// Jobs done.
    pub done: u64,
    /// Attempts that failed and will be made again.
    pub failed: u64,
    /// Jobs laid aside for a person.
    pub dead: u64,
    /// What became of messages.
    pub sending: Summary,
    /// What webhooks were told.
    pub told: Delivered,
}

/// Works until `stop` is set; with `once`, until nothing is due.
///
/// # Errors
/// With `once`, those of the store. A worker that goes on logs them and tries again.
pub fn work(ws: &Workspace, stop: &Stop, once: bool, only: Option<Only>) -> Result<Worked> {
    if once {
        return until_idle(ws, stop, only);
    }
    let (jobs, sending) = (only != Some(Only::Sending), only != Some(Only::Jobs));
    // Messages have a thread of their own, so that a training does not make them late.
    std::thread::scope(|scope| {
        let runner = jobs.then(|| scope.spawn(|| run_jobs(ws, stop)));
        let importer = jobs.then(|| scope.spawn(|| run_imports(ws, stop)));
        let postman = jobs.then(|| scope.spawn(|| follow_mail(ws, stop)));
        // Segments follow facts and time, whatever else goes on.
        let follower = jobs.then(|| scope.spawn(|| follow_segments(ws, stop)));
        let teller = jobs.then(|| scope.spawn(|| tell_webhooks(ws, stop)));
        let sender = sending.then(|| scope.spawn(|| send_messages(ws, stop)));
        let joined = |handle: Option<std::thread::ScopedJoinHandle<'_, Worked>>| match handle {
            Some(handle) => handle.join().map_err(|_| Error::internal("a worker ended in a panic")),
            None => Ok(Worked::default()),
        };
        joined(follower)?;
        joined(postman)?;
        let (mut worked, imported) = (joined(runner)?, joined(importer)?);
        worked.done += imported.done;
        worked.failed += imported.failed;
        worked.dead += imported.dead;
        worked.sending = joined(sender)?.sending;
        worked.told = joined(teller)?.told;
        Ok(worked)
    })
}

fn until_idle(ws: &Workspace, stop: &Stop, only: Option<Only>) -> Result<Worked> {
    let owner = owner(ws);
    let mut worked = Worked::default();
    if only != Some(Only::Sending) {
        imports::sweep(ws)?;
        webhooks::sweep(ws)?;
    }
    while !stop.is_set() {
        let mut busy = false;
        if only != Some(Only::Sending) {
            segments::refresh(ws)?;
            tick(ws)?;
            while !stop.is_set()
                && (next_job(ws, stop, Wanted::Others, &owner, &mut worked)?
                    || next_import(ws, stop, &owner, &mut worked)?)
            {
                busy = true;
            }
        }
        if only != Some(Only::Sending) {
            take_mail(ws)?;
        }
        if only != Some(Only::Jobs) {
            let summary = send_due(ws, stop.flag())?;
            busy |= summary.sent + summary.failed > 0;
            add(&mut worked.sending, summary);
        }
        if only != Some(Only::Sending) {
            let told = webhooks::deliver(ws, stop.flag())?;
            busy |= told.any();
            worked.told.add(told);
        }
        if !busy {
            break;
        }
    }
    Ok(worked)
}

fn run_jobs(ws: &Workspace, stop: &Stop) -> Worked {
    let owner = owner(ws);
    let mut worked = Worked::default();
    while !stop.is_set() {
        let wait = match tick(ws).and_then(|_| next_job(ws, stop, Wanted::Others, &owner, &mut worked)) {
            Ok(true) => continue,
            Ok(false) => IDLE,
            Err(error) => down("jobs", &error),
        };
        stop.wait(wait);
    }
    worked
}

/// Imports what came over REST and lies in this data folder.
fn run_imports(ws: &Workspace, stop: &Stop) -> Worked {
    let owner = owner(ws);
    let mut worked = Worked::default();
    let mut swept: Option<Instant> = None;
    while !stop.is_set() {
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            if let Err(error) = imports::sweep(ws) {
                tracing::warn!(?error, "files of imports that nobody wants any more could not be removed");
            }
        }
        let wait = match next_import(ws, stop, &owner, &mut worked) {
            Ok(true) => continue,
            Ok(false) => IDLE,
            Err(error) => down("imports", &error),
        };
        stop.wait(wait);
    }
    worked
}

fn next_import(ws: &Workspace, stop: &Stop, owner: &str, worked: &mut Worked) -> Result<bool> {
    let here = imports::here(ws)?;
    Ok(!here.is_empty() && next_job(ws, stop, Wanted::Imports(&here), owner, worked)?)
}

/// Brings rule segments up to now, again and again.
fn follow_segments(ws: &Workspace, stop: &Stop) -> Worked {
    while !stop.is_set() {
        let wait = match segments::refresh(ws) {
            Ok(_) => IDLE,
            Err(error) => down("segments", &error),
        };
        stop.wait(wait);
    }
    Worked::default()
}

/// Takes what came back, where a Maildir is set.
fn take_mail(ws: &Workspace) -> Result<()> {
    match &ws.settings().mail.maildir {
        Some(folder) => maildir::poll(ws, folder).map(drop),
        None => Ok(()),
    }
}

fn follow_mail(ws: &Workspace, stop: &Stop) -> Worked {
    while ws.settings().mail.maildir.is_some() && !stop.is_set() {
        let wait = match take_mail(ws) {
            Ok(()) => MAIL,
            Err(error) => down("mail", &error),
        };
        stop.wait(wait);
    }
    Worked::default()
}

/// Tells webhooks what happens.
fn tell_webhooks(ws: &Workspace, stop: &Stop) -> Worked {
    let mut worked = Worked::default();
    let mut swept: Option<Instant> = None;
    while !stop.is_set() {
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            if let Err(error) = webhooks::sweep(ws) {
                tracing::warn!(?error, "old calls of webhooks could not be removed");
            }
        }
        let wait = match webhooks::deliver(ws, stop.flag()) {
            Ok(told) => {
                worked.told.add(told);
                if told.sent > 0 { SOON } else { IDLE }
            }
            Err(error) => down("webhooks", &error),
        };
        stop.wait(wait);
    }
    worked
}

fn send_messages(ws: &Workspace, stop: &Stop) -> Worked {
    let mut worked = Worked::default();
    while !stop.is_set() {
        let wait = match send_due(ws, stop.flag()) {
            Ok(summary) => {
                let wait = summary.paced_until.map_or(IDLE, |until| until_then(ws, until));
                for channel in &summary.unavailable {
                    tracing::warn!(channel, "out of reach; its messages wait");
                }
                add(&mut worked.sending, summary);
                wait
            }
            Err(error) => down("sending", &error),
        };
        stop.wait(wait);
    }
    worked
}

fn down(part: &str, error: &Error) -> Duration {
    tracing::error!(part, ?error, "trying again soon");
    DOWN
}

/// Until the pace allows more: at least a little, at most as long as an idle worker sleeps.
fn until_then(ws: &Workspace, until: Timestamp) -> Duration {
    let micros = (until.0 - ws.now().0).clamp(SECOND / 100, IDLE.as_micros() as i64);
    Duration::from_micros(micros as u64)
}

/// A name that no other worker ever has.
fn owner(ws: &Workspace) -> String {
    format!("{}-{}", std::process::id(), ids::fresh(ws.now()))
}

/// Claims a job and does it. `false` when none is due.
fn next_job(ws: &Workspace, stop: &Stop, wanted: Wanted<'_>, owner: &str, worked: &mut Worked) -> Result<bool> {
    let now = ws.now();
    let Some(job) = ws.store().write(|conn| queue::claim(conn, wanted, owner, now))? else { return Ok(false) };
    tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempts, "job begun");
    let result = leased(ws, stop, &job);
    let now = ws.now();
    match result {
        None => {
            tracing::info!(job = %job.id, kind = job.kind, "given back: this worker ends before it");
            ws.store().write(|conn| queue::give_back(conn, &job, now))?;
        }
        Some(Ok(note)) => {
            tracing::info!(job = %job.id, kind = job.kind, note, "job done");
            ws.store().write(|conn| queue::finish(conn, &job, &note, now))?;
            worked.done += 1;
        }
        Some(Err(error)) => {
            tracing::warn!(job = %job.id, kind = job.kind, attempt = job.attempts, ?error, "job failed");
            match ws.store().write(|conn| queue::fail(conn, &job, &error, now))? {
                Some(State::Dead) => worked.dead += 1,
                Some(_) => worked.failed += 1,
                None => {}
            }
        }
    }
    Ok(true)
}

/// Does the job on a thread of its own, while this one renews its lease. `None` when the worker is told to stop and the job
/// does not end soon: its thread ends with the process, and whatever it did in part is done again by the next worker, for
/// which every job is made.
fn leased(ws: &Workspace, stop: &Stop, job: &Job) -> Option<Result<String>> {
    let ended = Arc::new(Stop::default());
    let doing = {
        let (ws, job, ended) = (ws.clone(), job.clone(), EndGuard(ended.clone()));
        std::thread::spawn(move || {
            // Set also when the job panics, or this thread would renew for ever.
            let _ended = ended;
            run::run(&ws, &job)
        })
    };
    let mut renewed = Instant::now();
    let mut told: Option<Instant> = None;
    while !ended.wait(GLANCE) {
        if stop.is_set() && told.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return None;
        }
        if renewed.elapsed() >= RENEW {
            renewed = Instant::now();
            if !matches!(ws.store().write(|conn| queue::renew(conn, job, ws.now())), Ok(true)) {
                tracing::warn!(job = %job.id, "the lease could not be renewed");
            }
        }
    }
    Some(doing.join().unwrap_or_else(|_| Err(Error::internal("the job ended in a panic"))))
}

struct EndGuard(Arc<Stop>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Sums up; what is out of reach is named once, and only the last word on the pace counts.
fn add(sum: &mut Summary, more: Summary) {
    sum.sent += more.sent;
    sum.suppressed += more.suppressed;
    sum.put_off += more.put_off;
    sum.deferred += more.deferred;
    sum.failed += more.failed;
    sum.held += more.held;
    sum.fenced += more.fenced;
    sum.given_back += more.given_back;
    for channel in more.unavailable {
        if !sum.unavailable.contains(&channel) {
            sum.unavailable.push(channel);
        }
    }
    sum.paced_until = more.paced_until;
}
