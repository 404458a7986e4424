//! SQLite's write-ahead log is moved into the file beside the writers, not by them: a writer that has to do so keeps everybody waiting
//! for as long as the disk takes to flush some megabytes.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::store::{Location, open};

/// Writes after which the log is moved.
const WRITES: usize = 64;
/// Rest after each move.
const REST: Duration = Duration::from_millis(50);

/// Tells the mover of a store's log how much was written; it ends with the store.
pub(super) struct Checkpointer {
    /// Taken when the store is closed.
    tell: Option<SyncSender<()>>,
    mover: Option<JoinHandle<()>>,
    writes: usize,
}

impl Drop for Checkpointer {
    /// Waits for the mover: whoever opens the store next finds nobody at its file.
    fn drop(&mut self) {
        self.tell.take();
        if let Some(Err(_)) = self.mover.take().map(JoinHandle::join) {
            tracing::error!("the thread that moves the log has panicked");
        }
    }
}

impl Checkpointer {
    /// Starts the mover of this store's log; `None` where the system gives no thread, and the writer then moves the log itself.
    pub(super) fn start(location: &Location) -> Option<Checkpointer> {
        let (tell, told) = sync_channel(1);
        let location = location.clone();
        let moving = move || keep_short(&location, &told);
        let mover = std::thread::Builder::new().name("checkpoint".into()).spawn(moving).ok()?;
        Some(Checkpointer { tell: Some(tell), mover: Some(mover), writes: 0 })
    }

    /// So many writes were committed.
    pub(super) fn wrote(&mut self, writes: usize) {
        self.writes += writes;
        let Some(tell) = self.tell.as_ref().filter(|_| self.writes >= WRITES) else { return };
        if !matches!(tell.try_send(()), Err(TrySendError::Disconnected(()))) {
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
