//! The telling: events are handed over, claimed webhook by webhook, posted by several threads, and recorded.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::{SECOND, Timestamp};
use crate::customers::store as customers;
use crate::deliveries::transport::Outcome;
use crate::deliveries::webhook::{PATIENCE, Webhook as Target};
use crate::error::{Error, Result};
use crate::ids::{self, CustomerId};
use crate::operations::Workspace;
use crate::webhooks::{Call, CallState, Webhook, outbox, queue, store};

/// Posts of one webhook at the same time; they are of different customers.
const TOGETHER: usize = 4;
/// Calls claimed at once.
const BATCH: i32 = 16;
/// How long a busy webhook may keep the others from new events.
const TURN: Duration = Duration::from_secs(5);

/// What was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Events that receivers accepted.
    pub sent: u64,
    /// Attempts that failed and will be made again.
    pub failed: u64,
    /// Events given up.
    pub dead: u64,
}

impl Delivered {
    /// Whether anything was tried.
    pub fn any(self) -> bool {
        self.sent + self.failed + self.dead > 0
    }

    /// Sums up.
    pub fn add(&mut self, other: Delivered) {
        self.sent += other.sent;
        self.failed += other.failed;
        self.dead += other.dead;
    }
}

/// Tells what is to be told now, until nothing is due, a turn has ended, or `stop` is set.
///
/// # Errors
/// Unavailable, when the store does not answer; what was claimed is found again when its lease ends.
pub fn deliver(ws: &Workspace, stop: &AtomicBool) -> Result<Delivered> {
    while ws.store().read_one(outbox::any)? {
        let now = ws.now();
        ws.store().write(|conn| outbox::hand_over(conn, now))?;
    }
    let hooks = ws.store().read_one(|conn| store::awake(conn, ws.now()))?;
    let mut told = Delivered::default();
    std::thread::scope(|scope| {
        let drains: Vec<_> = hooks.iter().map(|hook| scope.spawn(|| drain(ws, hook, stop))).collect();
        for one in drains {
            told.add(one.join().map_err(|_| Error::internal("a webhook's thread ended in a panic"))??);
        }
        Ok(told)
    })
}

/// Removes what has been kept long enough.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn sweep(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    ws.store().write(|conn| queue::sweep(conn, now))
}

/// Tells one webhook what is due.
fn drain(ws: &Workspace, hook: &Webhook, stop: &AtomicBool) -> Result<Delivered> {
    let owner = ids::fresh(ws.now()).to_string();
    // The settings may have changed since the webhook was made: what is wrong is what every attempt comes to.
    let target = target(ws, &hook.url, &hook.secret);
    let (began, mut told) = (Instant::now(), Delivered::default());
    while !stop.load(Ordering::SeqCst) && began.elapsed() < TURN {
        let now = ws.now();
        // Most of the time nothing is due: who only looks shall not take the one writer's place.
        if !ws.store().read_one(|conn| queue::any_due(conn, hook.id, now))? {
            break;
        }
        let calls = ws.store().write(|conn| queue::claim(conn, hook.id, &owner, now, BATCH))?;
        if calls.is_empty() {
            break;
        }
        let share = calls.len().div_ceil(TOGETHER);
        std::thread::scope(|scope| {
            let threads: Vec<_> = calls
                .chunks(share)
                .map(|calls| {
                    scope.spawn(|| {
                        calls.iter().try_fold(Delivered::default(), |mut told, call| {
                            told.add(one(ws, target.as_ref(), call)?);
                            Ok::<_, Error>(told)
                        })
                    })
                })
                .collect();
            for thread in threads {
                told.add(thread.join().map_err(|_| Error::internal("a webhook's thread ended in a panic"))??);
            }
            Ok::<_, Error>(())
        })?;
    }
    Ok(told)
}

fn one(ws: &Workspace, target: std::result::Result<&Target, &Error>, call: &Call) -> Result<Delivered> {
    let now = ws.now();
    // Another worker may have it before the answer comes: it is theirs then.
    if now.plus(PATIENCE.as_micros() as i64) > call.lease_until {
        return Ok(Delivered::default());
    }
    let customer = match call.customer_id {
        None => None,
        Some(id) => match key_of(ws, id)? {
            Some(key) => Some(key),
            // Facts of a customer who has no profile, or has none any more: nobody is named, and nothing is told.
            None => {
                ws.store().write(|conn| queue::forget(conn, id))?;
                return Ok(Delivered::default());
            }
        },
    };
    let outcome = match target {
        Ok(target) => {
            let data: Value = serde_json::from_str(&call.data).unwrap_or_default();
            let body = body(call.event_id, &call.kind, call.at, Some(call.position), customer.as_deref(), &data);
            target.post(body.as_bytes(), &call.event_id.to_string(), seconds(now))
        }
        Err(error) => Outcome::refused(error.message()),
    };
    let now = ws.now();
    let state = ws.store().write(|conn| queue::record(conn, call, &outcome, now))?;
    if state == Some(CallState::Dead) {
        tracing::warn!(event = call.event_id, kind = call.kind, "a webhook's event was given up");
    }
    Ok(match state {
        Some(CallState::Sent) => Delivered { sent: 1, ..Delivered::default() },
        Some(CallState::Dead) => Delivered { dead: 1, ..Delivered::default() },
        Some(_) => Delivered { failed: 1, ..Delivered::default() },
        None => Delivered::default(),
    })
}

fn key_of(ws: &Workspace, id: CustomerId) -> Result<Option<String>> {
    Ok(ws.store().read_one(|conn| customers::external_ids(conn, &[id]))?.remove(&id))
}

/// Where a webhook's events go, and what signs them: the bytes of the secret's text.
pub(super) fn target(ws: &Workspace, url: &str, secret: &str) -> Result<Target> {
    Target::new(url, secret.as_bytes(), &ws.settings().webhook_allow)
}

pub(super) fn seconds(now: Timestamp) -> i64 {
    now.0.div_euclid(SECOND)
}

/// What is posted. Ids are texts: they have 63 bits, and many readers of JSON have numbers of 53.
pub(super) fn body(
    event: i64,
    kind: &str,
    at: Timestamp,
    position: Option<i64>,
    customer: Option<&str>,
    data: &Value,
) -> String {
    let mut body = json!({ "id": event.to_string(), "type": kind, "at": at });
    if let Some(map) = body.as_object_mut() {
        map.extend(position.map(|position| ("position".to_owned(), json!(position))));
        map.extend(customer.map(|customer| ("customer".to_owned(), json!(customer))));
        map.insert("data".to_owned(), data.clone());
    }
    body.to_string()
}
