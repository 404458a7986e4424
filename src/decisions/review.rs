//! Decisions with consequences for a person: each waits for somebody who releases or refuses it.
//!
//! ```text
//!  waiting --released--> released    (its message goes out at its time, or now when that has passed)
//!     |-----refused----> refused     (its message is taken back, and everything it holds is given back)
//!     +--nobody in time--> lapsed    (the same: what nobody looked at is not done)
//! ```

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::storage::schema::{delivery, review};
use crate::storage::{Connection, insert_rows};

/// Where a review is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has decided yet.
    Waiting,
    /// The contact may be made.
    Released,
    /// It may not.
    Refused,
    /// Nobody decided in time.
    Lapsed,
}

impl State {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Released => "released",
            State::Refused => "refused",
            State::Lapsed => "lapsed",
        }
    }
}

/// One contact that waits, or waited.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = review, treat_none_as_default_value = false)]
pub struct Review {
    /// The delivery.
    pub id: DeliveryId,
    /// The run that decided it.
    pub campaign_run_id: CampaignRunId,
    /// The customer.
    pub customer_id: CustomerId,
    /// Which of the run's contacts with this customer.
    pub ordinal: i32,
    /// The offer's name.
    pub offer: String,
    /// The channel.
    pub channel: String,
    /// When the contact was to be made.
    pub planned_for: Timestamp,
    /// When it is too late.
    pub expires_at: Timestamp,
    /// A [`State`].
    pub state: String,
    /// Why it was decided so.
    pub reason: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// Has contacts wait.
pub fn insert(conn: &mut Connection, rows: &[Review]) -> Result<()> {
    insert_rows!(conn, rows, values => diesel::insert_into(review::table).values(values).on_conflict_do_nothing())?;
    Ok(())
}

/// One of them.
pub fn find(conn: &mut Connection, id: DeliveryId) -> Result<Option<Review>> {
    Ok(review::table.find(id).select(Review::as_select()).first(conn).optional()?)
}

/// Those in a state, in the order of their ids, after one of them. Of those that wait only what can still be decided: with its run a
/// message may have been taken back.
pub fn page(conn: &mut Connection, state: State, after: Option<DeliveryId>, limit: i64) -> Result<Vec<Review>> {
    let in_state = review::table.filter(review::state.eq(state.as_str()));
    let later = in_state.filter(review::id.gt(after.unwrap_or(DeliveryId(i64::MIN))));
    let mut rows = later.order(review::id).limit(limit).select(Review::as_select()).into_boxed();
    if state == State::Waiting {
        let open = delivery::table.filter(delivery::state.eq("planned")).select(delivery::id);
        rows = rows.filter(review::id.eq_any(open));
    }
    Ok(rows.load(conn)?)
}

/// Those that wait and have become too late, at most `limit`.
pub fn expired(conn: &mut Connection, now: Timestamp, limit: i64) -> Result<Vec<Review>> {
    let waiting = review::table.filter(review::state.eq(State::Waiting.as_str()));
    let late = waiting.filter(review::expires_at.le(now));
    Ok(late.order(review::id).limit(limit).select(Review::as_select()).load(conn)?)
}

/// Decides what waits; whether it did.
pub fn decide(
    conn: &mut Connection,
    id: DeliveryId,
    state: State,
    (by, reason): (&str, &str),
    now: Timestamp,
) -> Result<bool> {
    let waiting = review::table.find(id).filter(review::state.eq(State::Waiting.as_str()));
    let changed = diesel::update(waiting)
        .set((
            review::state.eq(state.as_str()),
            review::decided_by.eq(by),
            review::reason.eq(reason),
            review::decided_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Makes reviews of `from` reviews of `to`; `shifts` says by how much the ordinals of a run's contacts have moved.
pub fn reassign(
    conn: &mut Connection,
    from: CustomerId,
    to: CustomerId,
    shifts: &BTreeMap<CampaignRunId, i32>,
) -> Result<()> {
    let theirs = review::table.filter(review::customer_id.eq(from));
    for (&run, &shift) in shifts {
        diesel::update(theirs.filter(review::campaign_run_id.eq(run)))
            .set(review::ordinal.eq(review::ordinal + shift))
            .execute(conn)?;
    }
    diesel::update(theirs).set(review::customer_id.eq(to)).execute(conn)?;
    Ok(())
}
