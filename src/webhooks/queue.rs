//! Calls: claimed in the order of their streams, tried again later, given up in the end, sent again when a person says so.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use serde::{Deserialize, Serialize};

use super::store::{self, Webhook};
use crate::clock::{DAY, Timestamp};
use crate::deliveries::backoff;
use crate::deliveries::transport::Outcome;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::storage::Connection;
use crate::storage::schema::{webhook_call, webhook_event};

/// How long a worker has what it claimed.
const LEASE: i64 = 5 * crate::clock::MINUTE;
/// How long what was accepted is kept, for sending again.
const SENT_KEPT: i64 = 7 * DAY;
/// How long dead letters are kept.
const DEAD_KEPT: i64 = 30 * DAY;
/// Attempts that a call remembers.
const REMEMBERED: usize = 30;
/// The longest answer that is kept, in characters.
const LONGEST: usize = 200;

/// Where a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// For its turn, or for its next attempt.
    Waiting,
    /// With a worker, until its lease ends.
    Claimed,
    /// Accepted by the receiver.
    Sent,
    /// Given up: a dead letter.
    Dead,
}

impl CallState {
    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            CallState::Waiting => "waiting",
            CallState::Claimed => "claimed",
            CallState::Sent => "sent",
            CallState::Dead => "dead",
        }
    }
}

/// One event on its way to one webhook.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_call, treat_none_as_default_value = false)]
pub struct Call {
    /// Its id.
    pub id: i64,
    /// To whom.
    pub webhook_id: i64,
    /// Rises over all calls.
    pub position: i64,
    /// The event, of which the receiver knows a repetition.
    pub event_id: i64,
    /// What happened.
    pub kind: String,
    /// What it is in order with.
    pub stream: i64,
    /// Whom it is about.
    pub customer_id: Option<CustomerId>,
    /// When it happened.
    pub at: Timestamp,
    /// What is told: JSON.
    pub data: String,
    /// The word of its [`CallState`].
    pub state: String,
    /// How often it was claimed since it was last put in line.
    pub attempts: i32,
    /// The attempts: a JSON list of [`Attempt`].
    pub tried: String,
    /// Not before this.
    pub next_at: Timestamp,
    /// Whose it is; together with the attempts it fences a worker that has slept past its lease.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One attempt, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Timestamp,
    /// The HTTP status, where there was an answer.
    pub code: Option<i32>,
    /// The status in words, or what happened instead.
    pub text: String,
}

impl Call {
    /// The attempts since it was last put in line, oldest first.
    pub fn attempts(&self) -> Vec<Attempt> {
        serde_json::from_str(&self.tried).unwrap_or_default()
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The first open call of each stream that is due, in the order of positions.
const DUE: &str = "SELECT c.id FROM webhook_call AS c WHERE c.webhook_id = $1 AND c.state = 'waiting' AND c.next_at <= $2 \
    AND NOT EXISTS (SELECT 1 FROM webhook_call AS e WHERE e.webhook_id = c.webhook_id AND e.stream = c.stream \
    AND e.position < c.position AND e.state IN ('waiting', 'claimed')) ORDER BY c.position LIMIT $3";

/// Takes what is due of a webhook: at most one call of each stream; a single one while it fails. Several workers may ask at once.
pub fn claim(conn: &mut Connection, hook: i64, owner: &str, now: Timestamp, most: i32) -> Result<Vec<Call>> {
    let Some(hook) = store::by_id(conn, hook)?.filter(|hook| hook.enabled && hook.rest_until <= now) else {
        return Ok(Vec::new());
    };
    give_back_expired(conn, &hook, now)?;
    let most = if hook.failures > 0 { 1 } else { most };
    let sql = if conn.is_postgres() { format!("{DUE} FOR UPDATE SKIP LOCKED") } else { DUE.to_owned() };
    let found: Vec<Found> = diesel::sql_query(sql)
        .bind::<BigInt, _>(hook.id)
        .bind::<BigInt, _>(now.0)
        .bind::<Integer, _>(most)
        .load(conn)?;
    let ids: Vec<i64> = found.into_iter().map(|found| found.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    diesel::update(webhook_call::table.filter(webhook_call::id.eq_any(&ids)))
        .set((
            webhook_call::state.eq(CallState::Claimed.as_str()),
            webhook_call::attempts.eq(webhook_call::attempts + 1),
            webhook_call::lease_owner.eq(owner),
            webhook_call::lease_until.eq(now.plus(LEASE)),
            webhook_call::updated_at.eq(now),
        ))
        .execute(conn)?;
    let rows = webhook_call::table.filter(webhook_call::id.eq_any(&ids)).order(webhook_call::position);
    Ok(rows.select(Call::as_select()).load(conn)?)
}

/// Whether a webhook has something to be claimed.
pub fn any_due(conn: &mut Connection, hook: i64, now: Timestamp) -> Result<bool> {
    let due = webhook_call::state.eq(CallState::Waiting.as_str()).and(webhook_call::next_at.le(now));
    let left = webhook_call::state.eq(CallState::Claimed.as_str()).and(webhook_call::lease_until.lt(now));
    let found = webhook_call::table.filter(webhook_call::webhook_id.eq(hook)).filter(due.or(left));
    Ok(found.select(webhook_call::id).first::<i64>(conn).optional()?.is_some())
}

/// What a worker that is gone has left behind waits again; its last owner stays, and is fenced by the next claim.
fn give_back_expired(conn: &mut Connection, hook: &Webhook, now: Timestamp) -> Result<()> {
    let expired = webhook_call::table
        .filter(webhook_call::webhook_id.eq(hook.id))
        .filter(webhook_call::state.eq(CallState::Claimed.as_str()))
        .filter(webhook_call::lease_until.lt(now));
    diesel::update(expired).set(webhook_call::state.eq(CallState::Waiting.as_str())).execute(conn)?;
    Ok(())
}

/// Records what came of an attempt; answers the new state, or none when the call is no longer this worker's.
pub fn record(conn: &mut Connection, call: &Call, outcome: &Outcome, now: Timestamp) -> Result<Option<CallState>> {
    let mut tried = call.attempts();
    let since = tried.first().map_or(now, |first| first.at);
    let (code, text) = outcome.reply();
    let text: String = text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    tried.push(Attempt { at: now, code, text });
    // The first stays: it says since when it has been tried.
    if tried.len() > REMEMBERED {
        tried.remove(1);
    }
    let (state, next_at) = match outcome {
        Outcome::Sent { .. } => (CallState::Sent, call.next_at),
        _ => match backoff::next(call.id, call.attempts, since, now) {
            Some(at) => (CallState::Waiting, at),
            None => (CallState::Dead, call.next_at),
        },
    };
    let mine = webhook_call::table
        .filter(webhook_call::id.eq(call.id))
        .filter(webhook_call::state.eq(CallState::Claimed.as_str()))
        .filter(webhook_call::lease_owner.eq(&call.lease_owner))
        .filter(webhook_call::attempts.eq(call.attempts));
    let changed = diesel::update(mine)
        .set((
            webhook_call::state.eq(state.as_str()),
            webhook_call::tried.eq(serde_json::to_string(&tried)?),
            webhook_call::next_at.eq(next_at),
            webhook_call::updated_at.eq(now),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Ok(None);
    }
    match state {
        CallState::Sent => store::answered(conn, call.webhook_id, now)?,
        _ => store::failed(conn, call.webhook_id, now)?,
    }
    Ok(Some(state))
}

/// Has everything that waits tried now.
pub(super) fn try_at_once(conn: &mut Connection, hook: i64, now: Timestamp) -> Result<()> {
    let waiting = webhook_call::table
        .filter(webhook_call::webhook_id.eq(hook))
        .filter(webhook_call::state.eq(CallState::Waiting.as_str()))
        .filter(webhook_call::next_at.gt(now));
    diesel::update(waiting).set(webhook_call::next_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Which calls are sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// These events, as `events` lists them.
    #[serde(default)]
    pub events: Vec<String>,
    /// All dead letters.
    #[serde(default)]
    pub dead: bool,
    /// All that happened from this instant on, also what was accepted.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

/// Puts calls in line again that were accepted or given up, at the place that they had; answers how many.
///
/// # Errors
/// Invalid, when nothing is asked for or a number of an event is none.
pub fn again(conn: &mut Connection, hook: i64, asked: &Again, now: Timestamp) -> Result<usize> {
    if asked.events.is_empty() && !asked.dead && asked.since.is_none() {
        return Err(Error::invalid("say what to send again: `events`, `dead` or `since`"));
    }
    let ended = [CallState::Sent.as_str(), CallState::Dead.as_str()];
    let of_hook = || webhook_call::table.filter(webhook_call::webhook_id.eq(hook));
    let anew = (
        webhook_call::state.eq(CallState::Waiting.as_str()),
        webhook_call::attempts.eq(0),
        webhook_call::tried.eq("[]"),
        webhook_call::next_at.eq(now),
        webhook_call::updated_at.eq(now),
    );
    let mut count = 0;
    for event in &asked.events {
        let id: i64 = event.parse().map_err(|_| Error::invalid(format!("`{event}` is no id of an event")))?;
        let row = of_hook().filter(webhook_call::event_id.eq(id)).filter(webhook_call::state.eq_any(ended));
        count += diesel::update(row).set(anew).execute(conn)?;
    }
    if asked.dead {
        let rows = of_hook().filter(webhook_call::state.eq(CallState::Dead.as_str()));
        count += diesel::update(rows).set(anew).execute(conn)?;
    }
    if let Some(since) = asked.since {
        let rows = of_hook().filter(webhook_call::at.ge(since)).filter(webhook_call::state.eq_any(ended));
        count += diesel::update(rows).set(anew).execute(conn)?;
    }
    Ok(count)
}

/// A page of calls, the latest first, before a position.
pub fn page(
    conn: &mut Connection,
    hook: i64,
    state: Option<CallState>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Call>> {
    let mut rows = webhook_call::table
        .filter(webhook_call::webhook_id.eq(hook))
        .filter(webhook_call::position.lt(before.unwrap_or(i64::MAX)))
        .order(webhook_call::position.desc())
        .limit(limit)
        .select(Call::as_select())
        .into_boxed();
    if let Some(state) = state {
        rows = rows.filter(webhook_call::state.eq(state.as_str()));
    }
    Ok(rows.load(conn)?)
}

/// How many calls of each webhook are in each state: (webhook, state, count).
pub fn counts(conn: &mut Connection) -> Result<Vec<(i64, String, i64)>> {
    let columns = (webhook_call::webhook_id, webhook_call::state);
    let counted = webhook_call::table.group_by(columns);
    Ok(counted.select((webhook_call::webhook_id, webhook_call::state, diesel::dsl::count_star())).load(conn)?)
}

/// Removes what has been kept long enough.
pub fn sweep(conn: &mut Connection, now: Timestamp) -> Result<usize> {
    let mut removed = 0;
    for (state, kept) in [(CallState::Sent, SENT_KEPT), (CallState::Dead, DEAD_KEPT)] {
        let old = webhook_call::table
            .filter(webhook_call::state.eq(state.as_str()))
            .filter(webhook_call::updated_at.lt(now.plus(-kept)));
        removed += diesel::delete(old).execute(conn)?;
    }
    Ok(removed)
}

/// Makes what is told of one customer told of another, with whom it is one now.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<()> {
    let calls = webhook_call::table.filter(webhook_call::customer_id.eq(from));
    diesel::update(calls).set((webhook_call::customer_id.eq(to), webhook_call::stream.eq(to.0))).execute(conn)?;
    let events = webhook_event::table.filter(webhook_event::customer_id.eq(from));
    diesel::update(events).set((webhook_event::customer_id.eq(to), webhook_event::stream.eq(to.0))).execute(conn)?;
    Ok(())
}

/// Forgets a person: nothing more is told of them.
pub fn forget(conn: &mut Connection, customer: CustomerId) -> Result<()> {
    diesel::delete(webhook_call::table.filter(webhook_call::customer_id.eq(customer))).execute(conn)?;
    diesel::delete(webhook_event::table.filter(webhook_event::customer_id.eq(customer))).execute(conn)?;
    Ok(())
}
