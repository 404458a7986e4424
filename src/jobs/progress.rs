//! How far a job is, written down for whoever asks, and whether it was called off.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::job::Job;
use super::queue;
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::progress::Progress;

/// Between two writes of a stage.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes progress to the job's row, at most once a second.
pub(super) struct Written<'a> {
    ws: &'a Workspace,
    job: &'a Job,
    reached: Mutex<Reached>,
    asked: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Reached {
    stage: String,
    done: u64,
    total: Option<u64>,
    counted: Map<String, Value>,
    written: Option<Instant>,
}

impl Reached {
    /// What to write now; none when something was written a moment ago.
    fn due(&mut self) -> Option<String> {
        if self.written.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        self.written = Some(Instant::now());
        let mut shown = json!({ "stage": self.stage, "done": self.done, "total": self.total });
        shown.as_object_mut()?.extend(self.counted.clone());
        Some(shown.to_string())
    }
}

impl<'a> Written<'a> {
    /// Of this job, which the worker has claimed.
    pub fn new(ws: &'a Workspace, job: &'a Job) -> Written<'a> {
        Written { ws, job, reached: Mutex::default(), asked: Mutex::default() }
    }

    fn change(&self, change: impl FnOnce(&mut Reached)) {
        let due = {
            let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut reached);
            reached.due()
        };
        let Some(due) = due else { return };
        if let Err(error) = self.ws.store().write(|conn| queue::advance(conn, self.job, &due)) {
            // The work itself goes on, and meets the store when it must.
            tracing::debug!(job = %self.job.id, ?error, "its progress could not be written down");
        }
    }
}

impl Progress for Written<'_> {
    fn stage(&self, name: &str, total: Option<u64>) {
        let (stage, written) = (name.to_owned(), None);
        self.change(|reached| *reached = Reached { stage, total, written, ..Reached::default() });
    }

    fn advance(&self, units: u64) {
        self.change(|reached| reached.done += units);
    }

    /// Looks once a second at most.
    fn proceed(&self) -> Result<()> {
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.is_some_and(|at| at.elapsed() < PAUSE) {
                return Ok(());
            }
            *asked = Some(Instant::now());
        }
        match self.ws.store().read(|conn| queue::is_held(conn, self.job)) {
            Ok(false) => Err(Error::conflict("the job was cancelled, or another worker has it")),
            // A store that does not answer is no word to stop.
            _ => Ok(()),
        }
    }

    fn count(&self, what: &str, number: u64) {
        self.change(|reached| drop(reached.counted.insert(what.to_owned(), number.into())));
    }
}
