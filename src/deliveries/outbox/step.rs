//! A step of the workers: what receivers answered, and the marks before the last bytes of what goes out next; and giving back what was
//! claimed and not begun.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

use super::brake::EVERYTHING;
use super::claim::ClaimCheck;
use super::record::record;
use super::together::together;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::deliveries::transport::Outcome;
use crate::error::Result;
use crate::ids::CampaignRunId;
use crate::storage::schema::{delivery, delivery_brake};
use crate::storage::{Connection, update_row};

/// Records `answers` and marks `rows` as committing, until `until`. Gives the state that each answer led to, as [`record`] does, and
/// whether each row is marked: one is not that is no longer the worker's who claimed it, or whose run was stopped meanwhile. Its last
/// byte must not go out.
pub fn step(
    conn: &mut Connection,
    answers: &[(Arc<Delivery>, Outcome)],
    rows: &[&Delivery],
    until: Timestamp,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<(Vec<Option<State>>, Vec<bool>)> {
    let done = match conn {
        Connection::Sqlite(_) => None,
        Connection::Postgres(postgres) => Some(together(postgres, answers, rows, until, now)?),
    };
    let one = |(row, outcome): &(Arc<Delivery>, Outcome)| match (outcome, &done) {
        (Outcome::Sent { .. }, Some(done)) => Ok(done.accepted.contains(&row.id).then_some(State::Sent)),
        _ => record(conn, row, outcome, now, checks),
    };
    let states: Vec<Option<State>> = answers.iter().map(one).collect::<Result<_>>()?;
    let sent = answers.iter().zip(&states).filter(|(_, state)| **state == Some(State::Sent));
    let sent: Vec<&Delivery> = sent.map(|((row, _), _)| row.as_ref()).collect();
    if !sent.is_empty() {
        checks.sent(conn, &sent, now)?;
    }
    let marked = match done {
        Some(done) => rows.iter().map(|row| done.marked.contains(&row.id)).collect(),
        None => mark(conn, rows, until, now)?,
    };
    Ok((states, marked))
}

/// Marks rows one by one: with SQLite a statement is no round trip.
fn mark(conn: &mut Connection, rows: &[&Delivery], until: Timestamp, now: Timestamp) -> Result<Vec<bool>> {
    let Connection::Sqlite(sqlite) = conn else { return Ok(Vec::new()) };
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let braked: Vec<CampaignRunId> = delivery_brake::table.select(delivery_brake::campaign_run_id).load(sqlite)?;
    let may_go = |row: &Delivery| !braked.contains(&EVERYTHING) && !braked.contains(&row.campaign_run_id);
    rows.iter().map(|row| Ok(may_go(row) && mark_one(sqlite, row, until, now)?)).collect()
}

fn mark_one(sqlite: &mut SqliteConnection, row: &Delivery, until: Timestamp, now: Timestamp) -> Result<bool> {
    struct Mark;
    let mine = delivery::id
        .eq(row.id)
        .and(delivery::lease_owner.eq(&row.lease_owner))
        .and(delivery::attempt.eq(row.attempt))
        .and(delivery::state.eq(State::Claimed));
    let committing =
        (delivery::state.eq(State::Committing), delivery::lease_until.eq(until), delivery::updated_at.eq(now));
    Ok(update_row::<Mark, _, _, _>(sqlite, delivery::table, mine, committing)? == 1)
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
