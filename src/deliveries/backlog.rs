//! The backlog: what the workers of one call have claimed and not begun. They share it: what goes out at the same time lies side by side
//! in the store, so that their marks, which they write together, change few pages.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::delivery::Delivery;
use super::outbox::claim::{Claim, Claimed, claim};
use super::send::{LEASE, SendOptions};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids;

/// A delivery, and what its message is made of.
pub(super) type Row = (Arc<Delivery>, String);

/// What a worker gets.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Its own now.
    pub(super) rows: Vec<Row>,
    /// Suppressed at the last look, while more was claimed for all.
    pub(super) suppressed: u64,
    /// Put off to a later hour.
    pub(super) put_off: u64,
    /// When the channel's pace allows more; set when it is the pace that holds back.
    pub(super) paced_until: Option<Timestamp>,
}

/// The backlogs of all channels.
pub(super) struct Backlog<'a> {
    options: SendOptions<'a>,
    owner: String,
    channels: Mutex<HashMap<String, Channel>>,
    claimed: Condvar,
}

#[derive(Default)]
struct Channel {
    rows: VecDeque<Row>,
    /// Whether the last claim brought as many as it asked for, so that it is worth asking before the backlog is empty.
    more: bool,
    /// Whether a worker is claiming at this moment.
    claiming: bool,
}

impl<'a> Backlog<'a> {
    pub(super) fn new(options: SendOptions<'a>) -> Backlog<'a> {
        let owner = format!("{}-{}", std::process::id(), ids::fresh(options.clock.now()));
        Backlog { options, owner, channels: Mutex::default(), claimed: Condvar::new() }
    }

    /// Takes at most `most` of a channel. Who finds the backlog low fills it up, while others go on with what is left.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn take(&self, channel: &str, most: usize) -> Result<Taken> {
        let batch = self.batch();
        let mut channels = self.lock();
        loop {
            let backlog = channels.entry(channel.to_owned()).or_default();
            if !backlog.is_low(most, batch) || (backlog.claiming && !backlog.rows.is_empty()) {
                return Ok(Taken { rows: backlog.pop(most), ..Taken::default() });
            }
            if !backlog.claiming {
                backlog.claiming = true;
                drop(channels);
                let claiming = Claiming { backlog: self, channel };
                let claimed = self.claim(channel, batch)?;
                drop(claiming);
                return Ok(self.lock().entry(channel.to_owned()).or_default().add(claimed, batch, most));
            }
            channels = self.claimed.wait(channels).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes the next of a channel, where one lies ready. None as well when it is time to claim, which [`Backlog::take`] does.
    pub(super) fn next(&self, channel: &str) -> Option<Row> {
        let mut channels = self.lock();
        let backlog = channels.get_mut(channel)?;
        if backlog.is_low(1, self.batch()) && !backlog.claiming { None } else { backlog.rows.pop_front() }
    }

    /// Takes all that is left of a channel.
    pub(super) fn drain(&self, channel: &str) -> Vec<Row> {
        self.lock().get_mut(channel).map(|backlog| backlog.pop(usize::MAX)).unwrap_or_default()
    }

    /// How many are claimed at once.
    fn batch(&self) -> usize {
        self.options.batch.max(1)
    }

    fn claim(&self, channel: &str, limit: usize) -> Result<Claimed> {
        let now = self.options.clock.now();
        let ask = Claim { channel, owner: &self.owner, now, lease: LEASE, limit };
        self.options.store.write(|conn| claim(conn, ask, self.options.checks))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Channel>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stands for a claim under way; when it ends, also by an error or a panic, others may claim.
struct Claiming<'h, 'a> {
    backlog: &'h Backlog<'a>,
    channel: &'h str,
}

impl Drop for Claiming<'_, '_> {
    fn drop(&mut self) {
        if let Some(channel) = self.backlog.lock().get_mut(self.channel) {
            channel.claiming = false;
        }
        self.backlog.claimed.notify_all();
    }
}

impl Channel {
    /// Whether it is time to claim, for who wants `most`.
    fn is_low(&self, most: usize, batch: usize) -> bool {
        self.rows.is_empty() || (self.more && self.rows.len() < most.max(batch / 2))
    }

    fn pop(&mut self, most: usize) -> Vec<Row> {
        self.rows.drain(..most.min(self.rows.len())).collect()
    }

    fn add(&mut self, claimed: Claimed, asked: usize, most: usize) -> Taken {
        let Claimed { taken, mut variables, suppressed, put_off, paced_until } = claimed;
        self.more = taken.len() == asked;
        self.rows.extend(taken.into_iter().map(|row| {
            let of_row = variables.remove(&row.id).unwrap_or_default();
            (Arc::new(row), of_row)
        }));
        Taken { rows: self.pop(most), suppressed, put_off, paced_until }
    }
}
