//! Recovery: what a worker that is gone has left behind.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::deliveries::state::State;
use crate::error::Result;
use crate::storage::Connection;
use crate::storage::schema::delivery;

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Claimed and not begun: planned again.
    pub planned: usize,
    /// Begun and without an answer: held.
    pub held: usize,
}

/// Puts expired claims back into the plan and holds expired commits. The last owner and attempt stay in the row, so that a
/// late answer of that very attempt can still be recorded.
pub fn recover(conn: &mut Connection, now: Timestamp) -> Result<Recovered> {
    let expired =
        |state: State| delivery::table.filter(delivery::state.eq(state)).filter(delivery::lease_until.lt(now));
    let planned = diesel::update(expired(State::Claimed))
        .set((delivery::state.eq(State::Planned), delivery::updated_at.eq(now)))
        .execute(conn)?;
    let held = diesel::update(expired(State::Committing))
        .set((
            delivery::state.eq(State::Held),
            delivery::reason.eq("the sender ended before the answer"),
            delivery::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(Recovered { planned, held })
}
