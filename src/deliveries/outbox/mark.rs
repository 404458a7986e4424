//! The mark before the last byte, and giving back what was claimed and not begun.

use std::collections::HashSet;

use diesel::prelude::*;

use super::brake::EVERYTHING;
use super::together;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::{CampaignRunId, DeliveryId};
use crate::storage::schema::{delivery, delivery_brake};
use crate::storage::{Connection, update_row};

/// Marks `rows` as committing, until `until`. `false` for one that is no longer the worker's who claimed it, or whose run was stopped
/// meanwhile: then its last byte must not go out.
pub fn mark(conn: &mut Connection, rows: &[&Delivery], until: Timestamp, now: Timestamp) -> Result<Vec<bool>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    match conn {
        Connection::Sqlite(c) => {
            let braked: Vec<CampaignRunId> = delivery_brake::table.select(delivery_brake::campaign_run_id).load(c)?;
            let one = |row: &&Delivery| {
                if braked.contains(&EVERYTHING) || braked.contains(&row.campaign_run_id) {
                    return Ok(false);
                }
                let mine = delivery::id
                    .eq(row.id)
                    .and(delivery::lease_owner.eq(&row.lease_owner))
                    .and(delivery::attempt.eq(row.attempt))
                    .and(delivery::state.eq(State::Claimed));
                let committing = (
                    delivery::state.eq(State::Committing),
                    delivery::lease_until.eq(until),
                    delivery::updated_at.eq(now),
                );
                struct Mark;
                Ok(update_row::<Mark, _, _, _>(c, delivery::table, mine, committing)? == 1)
            };
            rows.iter().map(one).collect()
        }
        Connection::Postgres(c) => {
            let marked = together::Mark { rows: together::Claims::of(rows.iter().copied()), until, now };
            let marked: HashSet<DeliveryId> = marked.load(c)?.into_iter().collect();
            Ok(rows.iter().map(|row| marked.contains(&row.id)).collect())
        }
    }
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
