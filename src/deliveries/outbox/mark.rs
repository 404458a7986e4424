//! The mark before the last byte, and giving back what was claimed and not begun.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::error::Result;
use crate::storage::Connection;
use crate::storage::schema::{delivery, delivery_brake};

/// Marks `row` as committing, until `until`. `false` when it is no longer this worker's, or its run was stopped meanwhile:
/// then the last byte must not go out.
pub fn mark(conn: &mut Connection, row: &Delivery, until: Timestamp, now: Timestamp) -> Result<bool> {
    let brakes = delivery_brake::table
        .select(delivery_brake::campaign_run_id)
        .filter(delivery_brake::campaign_run_id.eq(row.campaign_run_id).or(delivery_brake::campaign_run_id.eq(0)));
    if brakes.first::<i64>(conn).optional()?.is_some() {
        return Ok(false);
    }
    let mine = delivery::table
        .filter(delivery::id.eq(row.id))
        .filter(delivery::lease_owner.eq(&row.lease_owner))
        .filter(delivery::attempt.eq(row.attempt))
        .filter(delivery::state.eq(State::Claimed));
    let changed = diesel::update(mine)
        .set((delivery::state.eq(State::Committing), delivery::lease_until.eq(until), delivery::updated_at.eq(now)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Gives `row` back to the plan, for `next_at`; nothing happens when it is no longer this worker's.
pub fn give_back(conn: &mut Connection, row: &Delivery, next_at: Timestamp, now: Timestamp) -> Result<bool> {
    let mine = delivery::table
        .filter(delivery::id.eq(row.id))
        .filter(delivery::lease_owner.eq(&row.lease_owner))
        .filter(delivery::attempt.eq(row.attempt))
        .filter(delivery::state.eq(State::Claimed));
    let changed = diesel::update(mine)
        .set((delivery::state.eq(State::Planned), delivery::next_at.eq(next_at), delivery::updated_at.eq(now)))
        .execute(conn)?;
    Ok(changed == 1)
}
