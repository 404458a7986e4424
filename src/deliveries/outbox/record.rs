//! Recording what the receiver said.

use diesel::prelude::*;

use super::claim::ClaimCheck;
use crate::clock::Timestamp;
use crate::deliveries::backoff;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::deliveries::transport::Outcome;
use crate::error::Result;
use crate::storage::schema::delivery;
use crate::storage::{Connection, update_rows};

/// The longest reply that is kept, in characters.
const MOST_REPLY: usize = 500;

/// Records `outcome`; returns the state that it led to, or `None` when the delivery is no longer this worker's. The checks hear of it,
/// but for what was sent: of that [`super::step`] tells them, of all at once.
///
/// A worker that slept past its lease finds its delivery held; when it then has the receiver's word that the message was
/// accepted, that is the proof, and the delivery is sent.
pub fn record(
    conn: &mut Connection,
    row: &Delivery,
    outcome: &Outcome,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<Option<State>> {
    let (state, next_at, reason) = judge(row, outcome, now);
    let from = match state {
        State::Sent => [State::Committing, State::Held],
        State::Held => [State::Committing; 2],
        _ => [State::Claimed, State::Committing],
    };
    let (code, text) = outcome.reply();
    let mine = delivery::id
        .eq(row.id)
        .and(delivery::lease_owner.eq(&row.lease_owner))
        .and(delivery::attempt.eq(row.attempt))
        .and(delivery::state.eq(from[0]).or(delivery::state.eq(from[1])));
    let changes = (
        delivery::state.eq(state),
        delivery::next_at.eq(next_at),
        delivery::reason.eq(&reason),
        delivery::reply_code.eq(code),
        delivery::reply_text.eq(text.map(readable)),
        delivery::updated_at.eq(now),
    );
    let changed = update_rows!(&mut *conn, delivery::table, mine, changes)?;
    if changed == 0 {
        return Ok(None);
    }
    match state {
        State::Held => checks.held(conn, row, now)?,
        State::Failed => {
            if let Outcome::Refused { code: Some(_), text } = outcome {
                checks.refused(conn, row, text, now)?;
            }
            checks.released(conn, row, state, now)?;
        }
        _ => {}
    }
    Ok(Some(state))
}

fn judge(row: &Delivery, outcome: &Outcome, now: Timestamp) -> (State, Timestamp, Option<String>) {
    match outcome {
        Outcome::Sent { .. } => (State::Sent, row.next_at, None),
        Outcome::Refused { .. } => (State::Failed, row.next_at, Some("refused".to_owned())),
        Outcome::Uncertain { .. } => (State::Held, row.next_at, Some("no certain answer".to_owned())),
        Outcome::Later { .. } => match backoff::next(row.id.0, row.attempt, row.created_at, now) {
            Some(at) => (State::Deferred, at, Some("later".to_owned())),
            None => (State::Failed, row.next_at, Some("given up".to_owned())),
        },
    }
}

/// A receiver's words without control characters, cut to a length.
pub(super) fn readable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_REPLY).collect()
}
