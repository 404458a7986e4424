//! The marks and answers of all workers, in transactions that they share.
//!
//! A mark must be durable before the final dot, so each worker waits for its own. While one transaction is being written, what other
//! workers ask for gathers; whoever comes first afterwards writes all of it. So one flush covers the marks of several connections, and
//! one statement many rows, but no connection ever has more than its one message (or batch, where a repeated commit does no harm)
//! between mark and answer: a crash leaves as little in doubt as before.
//!
//! A transaction costs far more than one more row in it. Left alone, workers fall into two groups that take turns, each half as large as
//! it could be; so who writes gives those a moment who were there the last time.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::delivery::Delivery;
use super::outbox::step::{give_back, step};
use super::send::{COMMIT_LEASE, SendOptions};
use super::state::State;
use super::transport::Outcome;
use crate::error::{Error, Result};

/// Who writes waits for others at most so many times shorter than the last transaction took.
const PATIENCE: u32 = 4;

/// What a worker asks for.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Answers to record.
    pub(super) answers: Vec<(Arc<Delivery>, Outcome)>,
    /// Rows to mark as committing.
    pub(super) marks: Vec<Arc<Delivery>>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Reply {
    /// The state of each answered row; `None` when it was no longer the worker's.
    pub(super) states: Vec<Option<State>>,
    /// Whether each row is marked; one that is not must not go out.
    pub(super) marked: Vec<bool>,
}

/// The shared writer.
pub(super) struct Joint<'a> {
    options: SendOptions<'a>,
    queue: Mutex<Queue>,
    written: Condvar,
    asked: Condvar,
}

#[derive(Default)]
struct Queue {
    next: u64,
    waiting: Vec<(u64, Request)>,
    replies: Vec<(u64, Result<Reply>)>,
    writing: bool,
    /// How many were there the last time: whose requests were written, and who came meanwhile.
    crowd: usize,
    /// How long that took.
    took: Duration,
}

impl<'a> Joint<'a> {
    pub(super) fn new(options: SendOptions<'a>) -> Joint<'a> {
        Joint { options, queue: Mutex::default(), written: Condvar::new(), asked: Condvar::new() }
    }

    /// Writes `request`, with what others ask for meanwhile; durable when it returns. What the worker can do `meanwhile` is done once,
    /// while it would only wait, or else at the end.
    pub(super) fn write(&self, request: Request, meanwhile: impl FnOnce()) -> Result<Reply> {
        let mut meanwhile = Some(meanwhile);
        let mut queue = self.lock();
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push((ticket, request));
        self.asked.notify_one();
        loop {
            if let Some(at) = queue.replies.iter().position(|(of, _)| *of == ticket) {
                let (_, reply) = queue.replies.swap_remove(at);
                drop(queue);
                meanwhile.take().into_iter().for_each(|work| work());
                return reply;
            }
            let alone = queue.waiting.len() < queue.crowd;
            if (queue.writing || alone)
                && let Some(work) = meanwhile.take()
            {
                drop(queue);
                work();
                queue = self.lock();
                continue;
            }
            if queue.writing {
                queue = self.written.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.writing = true;
            if alone {
                queue = self.gather(queue);
            }
            let begun = Instant::now();
            let (tickets, requests): (Vec<u64>, Vec<Request>) = std::mem::take(&mut queue.waiting).into_iter().unzip();
            drop(queue);
            let replies = catch_unwind(AssertUnwindSafe(|| self.together(&requests)));
            queue = self.lock();
            queue.writing = false;
            queue.took = begun.elapsed();
            queue.crowd = tickets.len() + queue.waiting.len();
            match replies {
                Ok(replies) => queue.replies.extend(tickets.into_iter().zip(replies)),
                Err(panic) => {
                    let failed = |of| (of, Err(Error::internal("a sending worker ended in a panic")));
                    queue.replies.extend(tickets.into_iter().filter(|of| *of != ticket).map(failed));
                    self.written.notify_all();
                    drop(queue);
                    resume_unwind(panic);
                }
            }
            self.written.notify_all();
        }
    }

    /// Gives others a moment.
    fn gather<'q>(&'q self, mut queue: MutexGuard<'q, Queue>) -> MutexGuard<'q, Queue> {
        let until = Instant::now() + queue.took / PATIENCE;
        while queue.waiting.len() < queue.crowd {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = self.asked.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        queue
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction for all; when it fails, one for each, so that what is wrong with one holds up nobody else.
    fn together(&self, requests: &[Request]) -> Vec<Result<Reply>> {
        match self.transaction(requests) {
            Ok(replies) => replies.into_iter().map(Ok).collect(),
            Err(error) if requests.len() == 1 => vec![Err(error)],
            Err(_) => requests
                .iter()
                .map(|request| {
                    let mut replies = self.transaction(std::slice::from_ref(request))?;
                    replies.pop().ok_or_else(|| Error::internal("a request has a reply"))
                })
                .collect(),
        }
    }

    fn transaction(&self, requests: &[Request]) -> Result<Vec<Reply>> {
        let (now, checks) = (self.options.clock.now(), self.options.checks);
        self.options.store.write_often(|conn| {
            let mut replies = Vec::with_capacity(requests.len());
            let answers: Vec<_> = requests.iter().flat_map(|request| request.answers.iter().cloned()).collect();
            let rows: Vec<&Delivery> = requests.iter().flat_map(|request| &request.marks).map(Arc::as_ref).collect();
            let (states, marks) = step(conn, &answers, &rows, now.plus(COMMIT_LEASE), now, checks)?;
            for (row, _) in rows.iter().zip(&marks).filter(|(_, marked)| !**marked) {
                // Paused meanwhile: back to the plan. Another worker's, or cancelled: nothing happens.
                give_back(conn, row, row.next_at, now)?;
            }
            let (mut states, mut marks) = (states.into_iter(), marks.into_iter());
            for request in requests {
                replies.push(Reply {
                    states: states.by_ref().take(request.answers.len()).collect(),
                    marked: marks.by_ref().take(request.marks.len()).collect(),
                });
            }
            Ok(replies)
        })
    }
}
