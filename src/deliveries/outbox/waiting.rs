//! Messages that wait for somebody's word before they may go: planned, with a time that never comes.

use diesel::prelude::*;

use super::claim::ClaimCheck;
use super::find;
use crate::clock::Timestamp;
use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::DeliveryId;
use crate::storage::Connection;
use crate::storage::schema::delivery;

/// The time of what waits.
pub const NEVER: Timestamp = Timestamp(i64::MAX);

/// Lets it go at `at`; whether it still waited.
pub fn release(conn: &mut Connection, id: DeliveryId, at: Timestamp, now: Timestamp) -> Result<bool> {
    let waiting =
        delivery::table.find(id).filter(delivery::state.eq(State::Planned)).filter(delivery::next_at.eq(NEVER));
    let changed =
        diesel::update(waiting).set((delivery::next_at.eq(at), delivery::updated_at.eq(now))).execute(conn)?;
    Ok(changed == 1)
}

/// Takes it back and gives back what it holds; whether it still waited.
pub fn take_back(
    conn: &mut Connection,
    id: DeliveryId,
    reason: &str,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<bool> {
    let waiting =
        delivery::table.find(id).filter(delivery::state.eq(State::Planned)).filter(delivery::next_at.eq(NEVER));
    let changed = diesel::update(waiting)
        .set((delivery::state.eq(State::Cancelled), delivery::reason.eq(reason), delivery::updated_at.eq(now)))
        .execute(conn)?;
    if changed == 1 {
        let row = find::by_id(conn, id)?;
        checks.released(conn, &row, State::Cancelled, now)?;
    }
    Ok(changed == 1)
}
