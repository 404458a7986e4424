//! Resolving what is held: by a person, or by a proof.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::claim::ClaimCheck;
use super::find;
use crate::clock::Timestamp;
use crate::deliveries::state::State;
use crate::error::{Error, Result};
use crate::ids::DeliveryId;
use crate::storage::Connection;
use crate::storage::schema::delivery;

/// What became of a held message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The receiver has it: a relay's log, a click, the customer's word.
    Arrived,
    /// The receiver does not have it: it is planned again.
    NeverArrived,
    /// Nobody will find out, and it is not sent again.
    GivenUp,
}

/// Resolves one held delivery; `proof` says by what, and stays in the row.
///
/// # Errors
/// Not found; invalid without a proof; conflict when the delivery is not held.
pub fn resolve(
    conn: &mut Connection,
    id: DeliveryId,
    resolution: Resolution,
    proof: &str,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<State> {
    if proof.trim().is_empty() {
        return Err(Error::invalid("proof: say how it is known (a relay's log line, the customer's word)"));
    }
    let row = find::by_id(conn, id)?;
    let state = match resolution {
        Resolution::Arrived => State::Sent,
        Resolution::NeverArrived => State::Planned,
        Resolution::GivenUp => State::Cancelled,
    };
    let held = delivery::table.filter(delivery::id.eq(id)).filter(delivery::state.eq(State::Held));
    let changed = diesel::update(held)
        .set((
            delivery::state.eq(state),
            delivery::next_at.eq(now),
            // A new attempt begins: an answer to the old one no longer counts.
            delivery::lease_owner.eq(None::<String>),
            delivery::reason.eq(format!("resolved: {}", proof.trim())),
            delivery::updated_at.eq(now),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Err(Error::conflict(format!("the delivery is {} and not held", row.state)));
    }
    match state {
        State::Sent => checks.sent(conn, &[&row], now)?,
        State::Cancelled => checks.released(conn, &row, state, now)?,
        _ => {}
    }
    Ok(state)
}
