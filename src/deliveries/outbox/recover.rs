//! Recovery: what a worker that is gone has left behind.

use diesel::prelude::*;

use super::claim::ClaimCheck;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
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
pub fn recover(conn: &mut Connection, now: Timestamp, checks: &dyn ClaimCheck) -> Result<Recovered> {
    let expired = |state: State| {
        let in_state = delivery::table.filter(delivery::state.eq(state.literal())).filter(state.in_place());
        in_state.filter(delivery::lease_until.lt(now))
    };
    let planned = diesel::update(expired(State::Claimed))
        .set((delivery::state.eq(State::Planned), delivery::updated_at.eq(now)))
        .execute(conn)?;
    let found: Vec<Delivery> = expired(State::Committing).load(conn)?;
    let mut held = 0;
    for row in &found {
        // Names the state it was read in: its answer may have come meanwhile, or another worker may have found it.
        let changed = diesel::update(expired(State::Committing).filter(delivery::id.eq(row.id)))
            .set((
                delivery::state.eq(State::Held),
                delivery::reason.eq("the sender ended before the answer"),
                delivery::updated_at.eq(now),
            ))
            .execute(conn)?;
        if changed == 1 {
            checks.held(conn, row, now)?;
            held += 1;
        }
    }
    Ok(Recovered { planned, held })
}
