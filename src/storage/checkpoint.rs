//! SQLite's write-ahead log is moved into the file beside the writers, not by them: a writer that has to do so keeps everybody waiting
//! for as long as the disk takes to flush some megabytes.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::store::{Location, open};

/// Writes after which the log is moved.
const WRITES: usize = 64;
/// Rest after each move.
const REST: Duration = Duration::from_millis(50);

/// Tells the mover of a store's log how much was written; it ends with the store.
pub(super) struct Checkpointer {
    tell: SyncSender<()>,
    writes: usize,
}

impl Checkpointer {
    /// Starts the mover of this store's log; `None` where the system gives no thread, and the writer then moves the log itself.
    pub(super) fn start(location: &Location) -> Option<Checkpointer> {
        let (tell, told) = sync_channel(1);
        let location = location.clone();
        let moving = move || keep_short(&location, &told);
        std::thread::Builder::new().name("checkpoint".into()).spawn(moving).ok()?;
        Some(Checkpointer { tell, writes: 0 })
    }

    /// So many writes were committed.
    pub(super) fn wrote(&mut self, writes: usize) {
        self.writes += writes;
        if self.writes >= WRITES && !matches!(self.tell.try_send(()), Err(TrySendError::Disconnected(()))) {
            self.writes = 0;
        }
    }
}

/// Moves what is in the log whenever it is told, without waiting for readers or writers (PASSIVE), until the store is closed.
fn keep_short(location: &Location, told: &Receiver<()>) {
    let mut conn = None;
    while told.recv().is_ok() {
        if conn.is_none() {
            conn = open(location).ok();
        }
        // What cannot be moved now is moved the next time, at the latest by the writer itself.
        if let Some(conn) = &mut conn
            && let Err(error) = conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")
        {
            tracing::debug!(%error, "the log could not be moved");
        }
        std::thread::sleep(REST);
    }
}
