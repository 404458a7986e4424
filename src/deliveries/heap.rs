//! What the workers of one call have claimed and not begun. They take from one heap: what goes out at the same time lies side by side in
//! the store, so that their marks, which they write together, change few pages.

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

/// The heaps of all channels.
pub(super) struct Heap<'a> {
    options: SendOptions<'a>,
    owner: String,
    channels: Mutex<HashMap<String, Channel>>,
    claimed: Condvar,
}

#[derive(Default)]
struct Channel {
    rows: VecDeque<Row>,
    /// Whether the last claim brought as many as it asked for, so that it is worth asking before the heap is empty.
    more: bool,
    /// Whether a worker is claiming at this moment.
    claiming: bool,
}

impl<'a> Heap<'a> {
    pub(super) fn new(options: SendOptions<'a>) -> Heap<'a> {
        let owner = format!("{}-{}", std::process::id(), ids::fresh(options.clock.now()));
        Heap { options, owner, channels: Mutex::default(), claimed: Condvar::new() }
    }

    /// Takes at most `most` of a channel. Who finds the heap low fills it up, while others go on with what is left.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn take(&self, channel: &str, most: usize) -> Result<Taken> {
        let batch = self.options.batch.max(1);
        let mut channels = self.lock();
        loop {
            let heap = channels.entry(channel.to_owned()).or_default();
            let low = heap.rows.is_empty() || (heap.more && heap.rows.len() < most.max(batch / 2));
            if !low || (heap.claiming && !heap.rows.is_empty()) {
                return Ok(Taken { rows: heap.pop(most), ..Taken::default() });
            }
            if !heap.claiming {
                heap.claiming = true;
                drop(channels);
                let claiming = Claiming { heap: self, channel };
                let claimed = self.claim(channel, batch)?;
                drop(claiming);
                return Ok(self.lock().entry(channel.to_owned()).or_default().add(claimed, batch, most));
            }
            channels = self.claimed.wait(channels).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes all that is left of a channel.
    pub(super) fn drain(&self, channel: &str) -> Vec<Row> {
        self.lock().get_mut(channel).map(|heap| heap.pop(usize::MAX)).unwrap_or_default()
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
    heap: &'h Heap<'a>,
    channel: &'h str,
}

impl Drop for Claiming<'_, '_> {
    fn drop(&mut self) {
        if let Some(channel) = self.heap.lock().get_mut(self.channel) {
            channel.claiming = false;
        }
        self.heap.claimed.notify_all();
    }
}

impl Channel {
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
