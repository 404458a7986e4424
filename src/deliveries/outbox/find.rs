//! Looking deliveries up, and forgetting a person.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::error::{Error, Result};
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::storage::schema::{delivery, delivery_variables};
use crate::storage::{Connection, on_each};

/// One delivery.
///
/// # Errors
/// Not found.
pub fn by_id(conn: &mut Connection, id: DeliveryId) -> Result<Delivery> {
    let found = delivery::table.find(id).first::<Delivery>(conn).optional()?;
    found.ok_or_else(|| Error::not_found(format!("there is no delivery {id}")))
}

/// What a message is made of (JSON of `messages::Variables`).
///
/// # Errors
/// Not found.
pub fn variables(conn: &mut Connection, id: DeliveryId) -> Result<String> {
    let found = delivery_variables::table.find(id).select(delivery_variables::variables).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found(format!("there is no delivery {id}")))
}

/// What each of these messages is made of.
pub fn variables_of(conn: &mut Connection, rows: &[Delivery]) -> Result<HashMap<DeliveryId, String>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let texts: Vec<(DeliveryId, String)> =
        on_each!(conn, c => delivery_variables::table.filter(delivery_variables::delivery_id.eq_any(&ids)).load(c))?;
    Ok(texts.into_iter().collect())
}

/// The deliveries of a run in one state (all states when `None`), by id after `after`.
pub fn of_run(
    conn: &mut Connection,
    run: CampaignRunId,
    state: Option<State>,
    after: Option<DeliveryId>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let mut query = delivery::table
        .filter(delivery::campaign_run_id.eq(run))
        .filter(delivery::id.gt(after.map_or(i64::MIN, |id| id.0)))
        .order(delivery::id)
        .limit(limit)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(delivery::state.eq(state.literal())).filter(state.in_place());
    }
    Ok(query.load(conn)?)
}

/// When the next message of a run is due that waits for its time; `None` when none waits.
pub fn next_open(conn: &mut Connection, run: CampaignRunId) -> Result<Option<Timestamp>> {
    let waiting = delivery::state.eq(State::Planned.literal()).or(delivery::state.eq(State::Deferred.literal()));
    Ok(delivery::table
        .filter(delivery::campaign_run_id.eq(run))
        .filter(waiting)
        .filter(State::Planned.in_place())
        .order(delivery::next_at)
        .select(delivery::next_at)
        .first(conn)
        .optional()?)
}

/// What is held on a channel.
pub fn held(conn: &mut Connection, channel: &str, limit: i64) -> Result<Vec<Delivery>> {
    let held = delivery::table.filter(delivery::channel.eq(channel)).filter(delivery::state.eq(State::Held.literal()));
    Ok(held.filter(State::Held.in_place()).order(delivery::id).limit(limit).load(conn)?)
}

/// A customer's deliveries, the newest first.
pub fn of_customer(conn: &mut Connection, customer: CustomerId, limit: i64) -> Result<Vec<Delivery>> {
    let theirs = delivery::table.filter(delivery::customer_id.eq(customer));
    Ok(theirs.order(delivery::created_at.desc()).limit(limit).load(conn)?)
}

/// Forgets a person: addresses and variables go, what is open is cancelled; counts stay. Returns how many rows changed.
pub fn erase(conn: &mut Connection, customer: CustomerId, now: Timestamp) -> Result<usize> {
    let theirs = delivery::table.filter(delivery::customer_id.eq(customer));
    let waiting = delivery::state
        .eq(State::Planned)
        .or(delivery::state.eq(State::Claimed))
        .or(delivery::state.eq(State::Deferred))
        .or(delivery::state.eq(State::Held));
    diesel::update(theirs.filter(waiting))
        .set((delivery::state.eq(State::Cancelled), delivery::reason.eq("erased"), delivery::updated_at.eq(now)))
        .execute(conn)?;
    let ids = theirs.select(delivery::id);
    diesel::update(delivery_variables::table.filter(delivery_variables::delivery_id.eq_any(ids)))
        .set(delivery_variables::variables.eq("{}"))
        .execute(conn)?;
    let changed = diesel::update(theirs)
        .set((delivery::address.eq(""), delivery::reply_text.eq(None::<String>)))
        .execute(conn)?;
    Ok(changed)
}
