//! Claiming: a worker takes what is due, after the customer's consent and contact policy have been looked at once more.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{brake, find, pace};
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::DeliveryId;
use crate::storage::schema::{delivery, delivery_brake};
use crate::storage::{Connection, on_each};

/// What the last look before sending says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may go.
    Allowed,
    /// It may not; the word says why (`unsubscribed`, `open_complaint`, `cap`, ...).
    Suppressed(String),
    /// Not before this instant (quiet hours, cool-down).
    NotBefore(Timestamp),
}

/// What the outbox asks of the parts that know customers and capacities. All of it runs in the outbox's own transaction, so
/// that a consent withdrawn a moment ago counts, and stock given back is given back exactly once.
pub trait ClaimCheck: Send + Sync {
    /// Whether each of `deliveries` may go out now, in their order. `then` does what follows from a verdict, and the next one sees it. An
    /// error stops the claim: this fails closed.
    fn check(&self, conn: &mut Connection, deliveries: &[Delivery], now: Timestamp, then: Then<'_>) -> Result<()>;

    /// The delivery ended without a contact (suppressed, failed, cancelled): give back its stock and capacity.
    fn released(&self, _conn: &mut Connection, _delivery: &Delivery, _end: State, _now: Timestamp) -> Result<()> {
        Ok(())
    }

    /// The receiver refused the message for good, in these words.
    fn refused(&self, _conn: &mut Connection, _delivery: &Delivery, _text: &str, _now: Timestamp) -> Result<()> {
        Ok(())
    }

    /// Nobody knows whether the receiver has the message.
    fn held(&self, _conn: &mut Connection, _delivery: &Delivery, _now: Timestamp) -> Result<()> {
        Ok(())
    }

    /// Contacts were made: receivers accepted these messages.
    fn sent(&self, _conn: &mut Connection, _deliveries: &[&Delivery], _now: Timestamp) -> Result<()> {
        Ok(())
    }
}

/// What follows from a verdict.
pub type Then<'a> = &'a mut dyn FnMut(&mut Connection, &Delivery, Verdict) -> Result<()>;

/// Allows everything; for messages that no policy governs, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCheck;

impl ClaimCheck for NoCheck {
    fn check(&self, conn: &mut Connection, deliveries: &[Delivery], _: Timestamp, then: Then<'_>) -> Result<()> {
        deliveries.iter().try_for_each(|delivery| then(conn, delivery, Verdict::Allowed))
    }
}

/// What a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The channel.
    pub channel: &'a str,
    /// The worker's own name, used by no other worker ever.
    pub owner: &'a str,
    /// The present.
    pub now: Timestamp,
    /// How long the worker has them, in microseconds.
    pub lease: i64,
    /// At most this many.
    pub limit: usize,
}

/// What a claim brought.
#[derive(Debug, Default)]
pub struct Claimed {
    /// Now the worker's.
    pub taken: Vec<Delivery>,
    /// What each of them is made of.
    pub variables: HashMap<DeliveryId, String>,
    /// Suppressed at the last look.
    pub suppressed: u64,
    /// Put off to a later hour.
    pub put_off: u64,
    /// When the channel's pace allows more; set when it is the pace that holds back.
    pub paced_until: Option<Timestamp>,
}

/// Takes what is due on a channel. Several workers may ask at once: on PostgreSQL rows that another is taking are skipped,
/// on SQLite there is one writer.
pub fn claim(conn: &mut Connection, ask: Claim<'_>, checks: &dyn ClaimCheck) -> Result<Claimed> {
    let mut claimed = Claimed::default();
    if brake::is_stopped(conn)? {
        return Ok(claimed);
    }
    let allowance = pace::allowance(conn, ask.channel, ask.now)?;
    let limit = allowance.limit(ask.limit);
    if limit == 0 {
        claimed.paced_until = Some(allowance.next_at(ask.now));
        return Ok(claimed);
    }
    let mut domains = pace::Domains::of_channel(conn, ask.channel, ask.now)?;
    let rows = due(conn, ask, limit)?;
    checks.check(conn, &rows, ask.now, &mut |conn, row, verdict| {
        match verdict {
            Verdict::Allowed => match domains.take(ask.channel, &row.address, ask.now) {
                None => claimed.taken.push(row.clone()),
                Some(turn) => {
                    put(conn, row, row.state, turn, "pace of its domain", ask.now)?;
                    claimed.put_off += 1;
                }
            },
            Verdict::Suppressed(reason) => {
                put(conn, row, State::Suppressed, row.next_at, &reason, ask.now)?;
                checks.released(conn, row, State::Suppressed, ask.now)?;
                claimed.suppressed += 1;
            }
            Verdict::NotBefore(at) => {
                // At least a second later, or a check that answers "now" would be asked for ever.
                let at = at.max(ask.now.plus(crate::clock::SECOND));
                put(conn, row, row.state, at, "not before", ask.now)?;
                claimed.put_off += 1;
            }
        }
        Ok(())
    })?;
    domains.keep(conn)?;
    take(conn, ask, &mut claimed.taken)?;
    claimed.variables = find::variables_of(conn, &claimed.taken)?;
    pace::spend(conn, ask.channel, allowance, claimed.taken.len())?;
    Ok(claimed)
}

macro_rules! due_query {
    ($ask:expr, $which:expr, $limit:expr) => {
        delivery::table
            .filter(delivery::channel.eq($ask.channel))
            .filter($which)
            .filter(delivery::next_at.le($ask.now))
            .filter(delivery::campaign_run_id.ne_all(delivery_brake::table.select(delivery_brake::campaign_run_id)))
            .order((delivery::next_at, delivery::id))
            .limit($limit as i64)
    };
}

/// What is due, the earliest first: each store in the order of its own index, so that both stop at the limit and sort nothing. SQLite's
/// begins with the state.
fn due(conn: &mut Connection, ask: Claim<'_>, limit: usize) -> Result<Vec<Delivery>> {
    match conn {
        Connection::Sqlite(c) => {
            let mut rows = Vec::new();
            for state in [State::Deferred, State::Planned] {
                rows.extend(due_query!(ask, delivery::state.eq(state.literal()), limit).load::<Delivery>(c)?);
            }
            rows.sort_by_key(|row| (row.next_at, row.id));
            rows.truncate(limit);
            Ok(rows)
        }
        Connection::Postgres(c) => {
            Ok(due_query!(ask, State::Planned.in_place(), limit).for_update().skip_locked().load(c)?)
        }
    }
}

fn take(conn: &mut Connection, ask: Claim<'_>, taken: &mut [Delivery]) -> Result<()> {
    let ids: Vec<i64> = taken.iter().map(|row| row.id.0).collect();
    let until = ask.now.plus(ask.lease);
    on_each!(conn, c => diesel::update(delivery::table.filter(delivery::id.eq_any(&ids)))
        .set((
            delivery::state.eq(State::Claimed),
            delivery::attempt.eq(delivery::attempt + 1),
            delivery::lease_owner.eq(ask.owner),
            delivery::lease_until.eq(until),
            delivery::updated_at.eq(ask.now),
        ))
        .execute(c))?;
    for row in taken {
        row.state = State::Claimed;
        row.attempt += 1;
        row.lease_owner = Some(ask.owner.to_owned());
        row.lease_until = until;
    }
    Ok(())
}

fn put(
    conn: &mut Connection,
    row: &Delivery,
    state: State,
    next_at: Timestamp,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    diesel::update(delivery::table.find(row.id))
        .set((
            delivery::state.eq(state),
            delivery::next_at.eq(next_at),
            delivery::reason.eq(reason),
            delivery::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}
