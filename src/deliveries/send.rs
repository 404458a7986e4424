//! The worker: claims what is due, renders it, takes it to the brink, marks, commits, records; until nothing is due.
//!
//! The order of one message: claim (transaction) - render and prepare - mark (transaction, which also records the one
//! before) - commit - record. While the mark is written, a relay answers what was prepared and the worker renders the next
//! message. A crash before the mark plans it again; between mark and record it is held; so a crash holds at most one message
//! for each connection (one batch where a transport can prove what went out).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::backlog::{Backlog, Row};
use super::delivery::Delivery;
use super::joint::{Joint, Reply, Request};
use super::outbox::claim::ClaimCheck;
use super::outbox::recover::recover;
use super::outbox::resolve::{Resolution, resolve};
use super::outbox::step::give_back;
use super::outbox::{find, pace};
use super::state::State;
use super::transport::{Outcome, Parcel, Session, Transport, Transports};
use crate::clock::{Clock, MINUTE, SECOND, Timestamp};
use crate::error::{Error, Result};
use crate::messages::compose::{Form, Signer, compose};
use crate::messages::{CampaignTemplates, LinkKeys, Message};
use crate::storage::Store;

/// How long a worker has what it claimed.
pub(super) const LEASE: i64 = 2 * MINUTE;
/// How long an answer may take after the mark: the receiver's ten minutes, and some.
pub(super) const COMMIT_LEASE: i64 = 12 * MINUTE;
/// Held deliveries that are looked at for a proof in one go.
const PROOFS: i64 = 1_000;

/// Finds the templates that a delivery was approved with.
pub trait TemplateLibrary: Send + Sync {
    /// The templates of this version.
    ///
    /// # Errors
    /// Not found, when no campaign has had such templates.
    fn templates(&self, version: &str) -> Result<Arc<CampaignTemplates>>;
}

impl TemplateLibrary for HashMap<String, Arc<CampaignTemplates>> {
    fn templates(&self, version: &str) -> Result<Arc<CampaignTemplates>> {
        self.get(version).cloned().ok_or_else(|| Error::not_found(format!("there are no templates `{version}`")))
    }
}

/// What a worker needs.
#[derive(Clone, Copy)]
pub struct SendOptions<'a> {
    /// The store with the outbox.
    pub store: &'a Store,
    /// The ways out.
    pub transports: &'a Transports,
    /// Templates by version.
    pub templates: &'a dyn TemplateLibrary,
    /// The last look before sending.
    pub checks: &'a dyn ClaimCheck,
    /// The present.
    pub clock: &'a dyn Clock,
    /// What signs links.
    pub keys: &'a LinkKeys,
    /// Where links point.
    pub base_url: &'a str,
    /// Ends the work before the next message.
    pub stop: &'a AtomicBool,
    /// Worker threads, each with connections of its own.
    pub workers: usize,
    /// Messages claimed at once.
    pub batch: usize,
    /// Waits when only the pace holds back; else returns, with [`Summary::paced_until`].
    pub patient: bool,
}

/// What a call of [`send`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Accepted by the receiver.
    pub sent: u64,
    /// Suppressed at the last look.
    pub suppressed: u64,
    /// Put off to a later hour at the last look.
    pub put_off: u64,
    /// The receiver asked to come again.
    pub deferred: u64,
    /// Refused, impossible to make, or given up.
    pub failed: u64,
    /// Uncertain.
    pub held: u64,
    /// No longer ours when the time came: another worker's, or stopped.
    pub fenced: u64,
    /// Given back unsent, because the work was stopped or the channel is down.
    pub given_back: u64,
    /// Channels that were out of reach, with what they said.
    pub unavailable: Vec<String>,
    /// When a channel's pace allows more.
    pub paced_until: Option<Timestamp>,
}

impl Summary {
    fn count(&mut self, state: Option<State>) {
        match state {
            Some(State::Sent) => self.sent += 1,
            Some(State::Deferred) => self.deferred += 1,
            Some(State::Failed) => self.failed += 1,
            Some(State::Held) => self.held += 1,
            Some(_) => {}
            None => self.fenced += 1,
        }
    }

    fn add(&mut self, other: Summary) {
        self.sent += other.sent;
        self.suppressed += other.suppressed;
        self.put_off += other.put_off;
        self.deferred += other.deferred;
        self.failed += other.failed;
        self.held += other.held;
        self.fenced += other.fenced;
        self.given_back += other.given_back;
        self.unavailable.extend(other.unavailable);
        self.paced_until = [self.paced_until, other.paced_until].into_iter().flatten().min();
    }
}

/// Sends what is due, until nothing is.
///
/// # Errors
/// The store's, after which everything claimed is found again when its lease ends.
pub fn send(options: SendOptions<'_>) -> Result<Summary> {
    let now = options.clock.now();
    options.store.write(|conn| recover(conn, now, options.checks))?;
    settle_by_proof(options)?;
    let mut summary = Summary::default();
    let (backlog, joint) = (Backlog::new(options), Joint::new(options));
    std::thread::scope(|scope| {
        let (backlog, joint) = (&backlog, &joint);
        let spawn = |_| scope.spawn(move || Worker::new(options, backlog, joint).run());
        let workers: Vec<_> = (0..options.workers.max(1)).map(spawn).collect();
        for worker in workers {
            let done = worker.join().map_err(|_| Error::internal("a sending worker ended in a panic"))?;
            summary.add(done?);
        }
        Ok::<(), Error>(())
    })?;
    // What a stop left over.
    for (channel, _) in options.transports.iter() {
        let rest = backlog.drain(channel);
        if !rest.is_empty() {
            summary.given_back += give_back_all(options, rest.iter().map(|(row, _)| row.as_ref()), 0)?;
        }
    }
    Ok(summary)
}

/// Resolves what is held on channels that can prove what went out.
fn settle_by_proof(options: SendOptions<'_>) -> Result<()> {
    for (channel, transport) in options.transports.iter() {
        for row in options.store.read(|conn| find::held(conn, channel, PROOFS))? {
            let Some(went_out) = transport.proof(&row) else { continue };
            let resolution = if went_out { Resolution::Arrived } else { Resolution::NeverArrived };
            let now = options.clock.now();
            let settled = options
                .store
                .write(|conn| resolve(conn, row.id, resolution, "the transport's own record", now, options.checks));
            // Another worker may have settled it in the meantime.
            settled.map(drop).or_else(|e| if e.kind() == crate::error::Kind::Conflict { Ok(()) } else { Err(e) })?;
        }
    }
    Ok(())
}

/// How a worker's turn on a channel ended.
enum Turn {
    /// There may be more.
    More,
    /// The channel's pace allows more at this time.
    Paced(Timestamp),
    /// Nothing is due, or the channel is down: it is left alone until the next call.
    Over,
}

/// A delivery with its message, or with why it has none.
struct Made {
    row: Arc<Delivery>,
    message: Result<Message, Outcome>,
}

impl Made {
    fn parcel(&self, now: Timestamp) -> Result<Parcel<'_>, Outcome> {
        let message = self.message.as_ref().map_err(Outcome::clone)?;
        Ok(Parcel { delivery: &self.row, message, now })
    }
}

struct Worker<'a> {
    options: SendOptions<'a>,
    summary: Summary,
    /// Answers that are recorded with the next mark.
    answers: Vec<(Arc<Delivery>, Outcome)>,
    backlog: &'a Backlog<'a>,
    joint: &'a Joint<'a>,
}

impl<'a> Worker<'a> {
    fn new(options: SendOptions<'a>, backlog: &'a Backlog<'a>, joint: &'a Joint<'a>) -> Worker<'a> {
        Worker { options, summary: Summary::default(), answers: Vec::new(), backlog, joint }
    }

    fn stopped(&self) -> bool {
        self.options.stop.load(Ordering::Relaxed)
    }

    fn run(mut self) -> Result<Summary> {
        let mut open: Vec<(String, Arc<dyn Transport>)> =
            self.options.transports.iter().map(|(channel, way)| (channel.to_owned(), way.clone())).collect();
        let mut sessions: HashMap<String, Box<dyn Session>> = HashMap::new();
        while !open.is_empty() && !self.stopped() {
            let mut waits = Vec::new();
            let mut next = Vec::new();
            for (channel, transport) in open {
                match self.turn(&channel, &transport, &mut sessions)? {
                    Turn::More => next.push((channel, transport)),
                    Turn::Paced(until) => {
                        waits.push(until);
                        next.push((channel, transport));
                    }
                    Turn::Over => {}
                }
            }
            if !next.is_empty() && waits.len() == next.len() && !self.wait(&waits) {
                break;
            }
            open = next;
        }
        Ok(self.summary)
    }

    /// Waits for the pace, in steps that a stop can end. `false` when the caller waits itself.
    fn wait(&mut self, waits: &[Timestamp]) -> bool {
        let until = waits.iter().min().copied().unwrap_or_default();
        if !self.options.patient {
            self.summary.paced_until = Some(until);
            return false;
        }
        let micros = (until.0 - self.options.clock.now().0).clamp(1_000, SECOND / 4);
        std::thread::sleep(Duration::from_micros(micros as u64));
        true
    }

    /// Sends a batch's worth through one channel.
    fn turn(
        &mut self,
        channel: &str,
        transport: &Arc<dyn Transport>,
        sessions: &mut HashMap<String, Box<dyn Session>>,
    ) -> Result<Turn> {
        let (batch, mut left) = (transport.batch().max(1), self.options.batch.max(1));
        let mut ahead: Option<Made> = None;
        while left > 0 && !self.stopped() {
            if let (Some(next), Some(session)) = (ahead.take(), sessions.get_mut(channel)) {
                left -= 1;
                ahead = self.chunk(session.as_mut(), vec![next], channel, left > 0)?;
                continue;
            }
            let taken = self.backlog.take(channel, batch)?;
            self.summary.suppressed += taken.suppressed;
            self.summary.put_off += taken.put_off;
            if taken.rows.is_empty() {
                self.flush()?;
                return Ok(match taken.paced_until {
                    Some(until) => Turn::Paced(until),
                    None if taken.suppressed + taken.put_off > 0 => Turn::More,
                    None => Turn::Over,
                });
            }
            if !sessions.contains_key(channel) {
                match transport.session() {
                    Ok(session) => {
                        sessions.insert(channel.to_owned(), session);
                    }
                    Err(error) => {
                        self.summary.unavailable.push(format!("{channel}: {}", error.message()));
                        let rest = self.backlog.drain(channel);
                        let rows = taken.rows.iter().chain(&rest).map(|(row, _)| row.as_ref());
                        self.summary.given_back += give_back_all(self.options, rows, MINUTE)?;
                        return Ok(Turn::Over);
                    }
                }
            }
            let session = sessions.get_mut(channel).expect("it was put there above").as_mut();
            left = left.saturating_sub(taken.rows.len());
            let made = taken.rows.iter().map(|row| self.make(row)).collect();
            ahead = self.chunk(session, made, channel, batch == 1 && left > 0)?;
        }
        if let Some(stopped) = ahead {
            sessions.remove(channel);
            self.summary.given_back += give_back_all(self.options, std::iter::once(stopped.row.as_ref()), 0)?;
        }
        self.flush()?;
        Ok(Turn::More)
    }

    /// Sends a few. With `more` to come, the next of the channel is made while others keep the store busy, and returned.
    fn chunk(
        &mut self,
        session: &mut dyn Session,
        chunk: Vec<Made>,
        channel: &str,
        more: bool,
    ) -> Result<Option<Made>> {
        let mut prepared = Vec::with_capacity(chunk.len());
        for made in chunk {
            match made.parcel(self.options.clock.now()).and_then(|parcel| session.prepare(&parcel)) {
                Ok(()) => prepared.push(made.row),
                Err(outcome) => self.answers.push((made.row, outcome)),
            }
        }
        if prepared.is_empty() {
            self.flush()?;
            return Ok(None);
        }
        let mut ahead = None;
        let marked = self.mark(prepared.clone(), |worker| {
            ahead = more.then(|| worker.backlog.next(channel)).flatten().map(|row| worker.make(&row));
            if let Some(Ok(parcel)) = ahead.as_ref().map(|next| next.parcel(worker.options.clock.now())) {
                session.look_ahead(&parcel);
            }
        });
        let keep = match marked {
            Ok(keep) => keep,
            Err(error) => {
                session.abandon();
                return Err(error);
            }
        };
        let outcomes = session.commit(&keep);
        let kept = prepared.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(row, _)| row);
        self.answers.extend(kept.zip(outcomes));
        Ok(ahead)
    }

    fn make(&self, (row, variables): &Row) -> Made {
        let signer = Signer {
            base_url: self.options.base_url,
            keys: self.options.keys,
            delivery: row.id,
            customer: row.customer_id,
        };
        let made = self
            .options
            .templates
            .templates(&row.template_version)
            .and_then(|templates| compose(&templates, Form::of_channel(&row.channel), variables, signer));
        Made { row: row.clone(), message: made.map_err(|error| Outcome::refused(error.to_string())) }
    }

    /// One durable transaction, shared with other workers: the answers so far, and the marks of what goes out next.
    fn mark(&mut self, marks: Vec<Arc<Delivery>>, meanwhile: impl FnOnce(&Worker<'_>)) -> Result<Vec<bool>> {
        let answers = std::mem::take(&mut self.answers);
        let Reply { states, marked } = self.joint.write(Request { answers, marks }, || meanwhile(self))?;
        states.into_iter().for_each(|state| self.summary.count(state));
        self.summary.fenced += marked.iter().filter(|marked| !**marked).count() as u64;
        Ok(marked)
    }

    fn flush(&mut self) -> Result<()> {
        if self.answers.is_empty() {
            return Ok(());
        }
        self.mark(Vec::new(), |_| ()).map(drop)
    }
}

/// Gives rows back that nobody has begun; how many they were.
fn give_back_all<'r>(options: SendOptions<'_>, rows: impl Iterator<Item = &'r Delivery>, later: i64) -> Result<u64> {
    let now = options.clock.now();
    options.store.write(|conn| {
        let mut count = 0;
        for row in rows {
            give_back(conn, row, now.plus(later), now)?;
            count += 1;
        }
        Ok(count)
    })
}

/// Sets how many messages a second a channel takes; `None` takes the limit away.
///
/// # Errors
/// Invalid outside 1..1,000,000.
pub fn set_pace(store: &Store, channel: &str, per_second: Option<i32>, now: Timestamp) -> Result<()> {
    store.write(|conn| pace::set(conn, channel, per_second, now))
}
