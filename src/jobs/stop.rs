//! The wish to stop, which many threads wait for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Set once; threads that sleep on it wake at once.
#[derive(Debug, Default)]
pub struct Stop {
    flag: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Stop {
    /// Asks everybody to stop.
    pub fn set(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.flag.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    /// Whether it was asked.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// The bare flag, for what looks at it between two messages.
    pub fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Sleeps, at most this long. Returns whether it was asked to stop.
    pub fn wait(&self, at_most: Duration) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_set() {
            // A spurious wake only makes the caller look once more.
            drop(self.changed.wait_timeout(guard, at_most).unwrap_or_else(PoisonError::into_inner));
        }
        self.is_set()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn sleepers_wake_when_it_is_set() {
        let stop = Stop::default();
        assert!(!stop.wait(Duration::from_millis(1)));
        let began = Instant::now();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| while !stop.wait(Duration::from_secs(60)) {});
            std::thread::sleep(Duration::from_millis(20));
            stop.set();
            sleeper.join().unwrap();
        });
        assert!(began.elapsed() < Duration::from_secs(30) && stop.wait(Duration::from_secs(60)));
    }
}
