//! Several relays: each message goes through one of them, by weight; one that is out of reach is left alone for a minute, and the
//! others take its share.
//!
//! Only what was not begun changes its relay: once the final dot is out, the answer of that relay is the only one that counts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{SmtpRelay, SmtpSession};
use crate::deliveries::transport::{Outcome, Parcel, Session, Transport};
use crate::error::{Error, Result};

/// How long a relay that is out of reach is left alone.
const REST: Duration = Duration::from_secs(60);

/// The longest that a message waits for the pace of the relays before it is put off.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says when a relay takes the next message.
pub trait Gate: std::fmt::Debug + Send + Sync {
    /// Takes one message through; else how long to wait before asking again.
    ///
    /// # Errors
    /// Unavailable, when the store that counts does not answer.
    fn pass(&self) -> Result<Option<Duration>>;
}

/// A relay with its weight, and what holds it to a pace.
pub type Gated = (SmtpRelay, u32, Option<Arc<dyn Gate>>);

/// The relays that take e-mails.
#[derive(Debug)]
pub struct SmtpRelays(Vec<Member>);

#[derive(Debug)]
struct Member {
    relay: Arc<SmtpRelay>,
    weight: i64,
    gate: Option<Arc<dyn Gate>>,
    /// Shared by all workers of this process: one of them finding out is enough.
    down_until: Mutex<Option<Instant>>,
}

impl Member {
    /// How long it takes no more messages; none when it has taken this one.
    fn full(&self) -> Result<Option<Duration>, Outcome> {
        let Some(gate) = &self.gate else { return Ok(None) };
        gate.pass().map_err(|error| Outcome::later(error.message()))
    }
}

impl SmtpRelays {
    /// These relays with their weights.
    ///
    /// # Errors
    /// Invalid without any.
    pub fn new(relays: Vec<(SmtpRelay, u32)>) -> Result<SmtpRelays> {
        SmtpRelays::gated(relays.into_iter().map(|(relay, weight)| (relay, weight, None)).collect())
    }

    /// The same, where some of them take only so many messages a second.
    ///
    /// # Errors
    /// Invalid without any.
    pub fn gated(relays: Vec<Gated>) -> Result<SmtpRelays> {
        if relays.is_empty() {
            return Err(Error::invalid("smtp: name at least one relay"));
        }
        let member = |(relay, weight, gate): Gated| Member {
            relay: Arc::new(relay),
            weight: i64::from(weight.max(1)),
            gate,
            down_until: Mutex::new(None),
        };
        Ok(SmtpRelays(relays.into_iter().map(member).collect()))
    }

    fn is_down(&self, i: usize) -> bool {
        let until = *self.0[i].down_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn put_down(&self, i: usize, why: &str) {
        *self.0[i].down_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        tracing::warn!(relay = ?self.0[i].relay, why, "a relay is out of reach");
    }
}

impl Transport for Arc<SmtpRelays> {
    fn session(&self) -> Result<Box<dyn Session>> {
        let mut session = PoolSession {
            pool: self.clone(),
            open: self.0.iter().map(|_| None).collect(),
            credit: vec![0; self.0.len()],
            last: None,
        };
        let mut refusals = Vec::new();
        for (i, member) in self.0.iter().enumerate().filter(|(i, _)| !self.is_down(*i)) {
            match member.relay.connect() {
                Ok(connection) => {
                    session.open[i] = Some(SmtpSession::new(member.relay.clone(), Some(connection)));
                    return Ok(Box::new(session));
                }
                Err(failure) => {
                    if self.0.len() > 1 {
                        self.put_down(i, &failure.to_string());
                    }
                    refusals.push(failure.to_string());
                }
            }
        }
        if refusals.is_empty() {
            refusals.push("all relays are out of reach".to_owned());
        }
        Err(Error::unavailable(format!("smtp: {}", refusals.join("; "))))
    }
}

/// A worker's conversations, one with each relay that it has had to do with.
struct PoolSession {
    pool: Arc<SmtpRelays>,
    open: Vec<Option<SmtpSession>>,
    /// Smooth weighted round robin: what each relay is owed.
    credit: Vec<i64>,
    /// The relay that has what was prepared.
    last: Option<usize>,
}

impl PoolSession {
    /// Relays in the order in which they are asked: the one whose turn it is, then the others by what they are owed. Those that
    /// are down come last, for when all are.
    fn order(&mut self) -> Vec<usize> {
        let members = &self.pool.0;
        let total: i64 = members.iter().map(|member| member.weight).sum();
        for (credit, member) in self.credit.iter_mut().zip(members) {
            *credit += member.weight;
        }
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&i| (self.pool.is_down(i), -self.credit[i]));
        self.credit[order[0]] -= total;
        order
    }

    fn try_each(&mut self, parcel: &Parcel<'_>) -> Result<Tried, Outcome> {
        let (mut last, mut full) = (Outcome::later("there is no relay"), None::<Duration>);
        for i in self.order() {
            if full.is_some() && self.pool.is_down(i) {
                continue;
            }
            if let Some(wait) = self.pool.0[i].full()? {
                full = Some(full.map_or(wait, |least| least.min(wait)));
                continue;
            }
            let relay = &self.pool.0[i].relay;
            let session = self.open[i].get_or_insert_with(|| SmtpSession::new(relay.clone(), None));
            match session.prepare(parcel) {
                Ok(()) => {
                    self.last = Some(i);
                    return Ok(Tried::Prepared);
                }
                Err(outcome) if is_of_the_relay(&outcome) && self.pool.0.len() > 1 => {
                    self.pool.put_down(i, outcome.reply().1.unwrap_or_default());
                    self.open[i] = None;
                    last = outcome;
                }
                Err(outcome) => return Ok(Tried::Failed(outcome)),
            }
        }
        Ok(full.map_or(Tried::Failed(last), Tried::Full))
    }
}

/// What became of asking the relays.
enum Tried {
    Prepared,
    Failed(Outcome),
    /// Those that are there take no more for so long.
    Full(Duration),
}

/// Whether it is the relay that is in trouble, and not the message.
fn is_of_the_relay(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Later { code: None | Some(421 | 454), .. })
}

impl Session for PoolSession {
    fn prepare(&mut self, parcel: &Parcel<'_>) -> Result<(), Outcome> {
        let begun = Instant::now();
        loop {
            let (outcome, wait) = match self.try_each(parcel)? {
                Tried::Prepared => return Ok(()),
                Tried::Failed(outcome) => return Err(outcome),
                Tried::Full(wait) => (Outcome::later("the pace of the relays"), wait),
            };
            if begun.elapsed() + wait > PATIENCE {
                return Err(outcome);
            }
            std::thread::sleep(wait);
        }
    }

    fn look_ahead(&mut self, parcel: &Parcel<'_>) {
        // Of several relays, or one that takes only so many a second, it is not known yet which takes the next.
        if let ([member], [Some(session)]) = (self.pool.0.as_slice(), self.open.as_mut_slice())
            && member.gate.is_none()
        {
            session.look_ahead(parcel);
        }
    }

    fn commit(&mut self, keep: &[bool]) -> Vec<Outcome> {
        let Some((i, session)) = self.last.take().and_then(|i| Some((i, self.open[i].as_mut()?))) else {
            return keep.iter().filter(|kept| **kept).map(|_| Outcome::later("there was no connection")).collect();
        };
        let outcomes = session.commit(keep);
        if let Some(outcome) = outcomes.iter().find(|outcome| is_of_the_relay(outcome))
            && self.pool.0.len() > 1
        {
            self.pool.put_down(i, outcome.reply().1.unwrap_or_default());
        }
        outcomes
    }

    fn abandon(&mut self) {
        if let Some(session) = self.last.take().and_then(|i| self.open[i].as_mut()) {
            session.abandon();
        }
    }
}
