//! Recording what the receiver said.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::prelude::*;

use super::claim::ClaimCheck;
use super::together;
use crate::clock::Timestamp;
use crate::deliveries::backoff;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::deliveries::transport::Outcome;
use crate::error::Result;
use crate::ids::DeliveryId;
use crate::storage::schema::delivery;
use crate::storage::{Connection, update_rows};

/// The longest reply that is kept, in characters.
const MOST_REPLY: usize = 500;

/// Records `outcome`; returns the state that it led to, or `None` when the delivery is no longer this worker's.
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
        State::Sent => checks.sent(conn, row, now)?,
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

/// Records several outcomes, in their order.
pub fn record_all(
    conn: &mut Connection,
    answers: &[(Arc<Delivery>, Outcome)],
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<Vec<Option<State>>> {
    let accepted = accepted(conn, answers, now)?;
    let one = |(row, outcome): &(Arc<Delivery>, Outcome)| match (&accepted, outcome) {
        (Some(accepted), Outcome::Sent { .. }) => {
            if !accepted.contains(&row.id) {
                return Ok(None);
            }
            checks.sent(conn, row, now)?;
            Ok(Some(State::Sent))
        }
        _ => record(conn, row, outcome, now, checks),
    };
    answers.iter().map(one).collect()
}

/// Records what was accepted in one statement, where a statement is a round trip; `None` where it is none.
fn accepted(
    conn: &mut Connection,
    answers: &[(Arc<Delivery>, Outcome)],
    now: Timestamp,
) -> Result<Option<HashSet<DeliveryId>>> {
    let Connection::Postgres(conn) = conn else { return Ok(None) };
    let sent = answers.iter().filter_map(|(row, outcome)| match outcome {
        Outcome::Sent { code, text } => Some((row.as_ref(), *code, readable(text))),
        _ => None,
    });
    let (mut rows, mut codes, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (row, code, text) in sent {
        rows.push(row);
        codes.push(code);
        texts.push(text);
    }
    if rows.is_empty() {
        return Ok(Some(HashSet::new()));
    }
    let statement = together::Accepted { rows: together::Claims::of(rows.into_iter()), codes, texts, now };
    Ok(Some(statement.load(conn)?.into_iter().collect()))
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
fn readable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_REPLY).collect()
}
