//! From what happened to calls: events are written by whoever makes them happen, and handed over in the order of writing.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::event::{Event, Wanted, matches};
use super::queue::{Call, CallState};
use super::store;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{self, CustomerId};
use crate::insert_rows;
use crate::random;
use crate::storage::schema::{webhook_call, webhook_event};
use crate::storage::{Connection, counter};

/// The number of the last event of the embedded store.
const SEQUENCE: &str = "webhook_event";
/// The number of the last call.
const POSITION: &str = "webhook_call";
/// Events handed over in one transaction.
const AT_ONCE: i64 = 1_000;

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_event, treat_none_as_default_value = false)]
struct Row {
    id: i64,
    seq: i64,
    kind: String,
    stream: i64,
    customer_id: Option<CustomerId>,
    at: Timestamp,
    data: String,
}

#[derive(QueryableByName)]
struct ServerClock {
    #[diesel(sql_type = BigInt)]
    micros: i64,
}

/// Writes down what happened, as far as somebody wants to be told, in the caller's transaction.
pub fn tell(conn: &mut Connection, wanted: &Wanted, events: Vec<Event>) -> Result<()> {
    let events: Vec<Event> = events.into_iter().filter(|event| wanted.includes(event.kind)).collect();
    if events.is_empty() {
        return Ok(());
    }
    let first = sequence(conn, events.len() as i64)?;
    let rows: Vec<Row> = events.into_iter().zip(first..).map(|(event, seq)| row(event, seq)).collect();
    insert_rows!(conn, rows, values => diesel::insert_into(webhook_event::table).values(values))?;
    Ok(())
}

/// An event with its number. The id is made of what it is: times that others report are none of ours to make ids of.
fn row(event: Event, seq: i64) -> Row {
    let data = event.data.to_string();
    let hash = random::salted_hash("webhook event", &format!("{seq}/{}/{}/{data}", event.kind, event.stream));
    Row {
        id: (hash >> 1).cast_signed(),
        seq,
        kind: event.kind.to_owned(),
        stream: event.stream,
        customer_id: event.customer,
        at: event.at,
        data,
    }
}

/// The first of `count` numbers that are greater than those of all events that have been committed. The embedded store has one
/// writer, who counts. On PostgreSQL a counter would have all writers wait for each other; the server's one clock does, in
/// microseconds: to write so many rows takes longer than that many.
fn sequence(conn: &mut Connection, count: i64) -> Result<i64> {
    if !conn.is_postgres() {
        return Ok(counter::raise_by(conn, SEQUENCE, count)? - count + 1);
    }
    let clock: ServerClock =
        diesel::sql_query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS micros")
            .get_result(conn)?;
    Ok(clock.micros)
}

/// Whether something waits to be handed over.
pub fn any(conn: &mut Connection) -> Result<bool> {
    Ok(webhook_event::table.select(webhook_event::id).first::<i64>(conn).optional()?.is_some())
}

/// Makes calls of events, each for every webhook that wants it, in their order; answers how many events were taken. Others who
/// hand over wait until this transaction has ended, so that positions are given in one order.
pub fn hand_over(conn: &mut Connection, now: Timestamp) -> Result<usize> {
    counter::hold(conn, POSITION)?;
    let events: Vec<Row> = webhook_event::table
        .order((webhook_event::seq, webhook_event::id))
        .limit(AT_ONCE)
        .select(Row::as_select())
        .load(conn)?;
    let hooks = store::all(conn)?;
    let hooks: Vec<_> = hooks.iter().filter(|hook| hook.enabled).map(|hook| (hook.id, hook.wants())).collect();
    let wants = |event: &Row| {
        let kind = event.kind.clone();
        hooks.iter().filter(move |(_, wanted)| wanted.iter().any(|wanted| matches(wanted, &kind))).map(|(id, _)| *id)
    };
    let mut calls = Vec::new();
    for event in &events {
        calls.extend(wants(event).map(|hook| call(hook, event, now)));
    }
    number(conn, &mut calls)?;
    insert_rows!(conn, calls, values => diesel::insert_into(webhook_call::table).values(values).on_conflict_do_nothing())?;
    let taken: Vec<i64> = events.iter().map(|event| event.id).collect();
    for chunk in taken.chunks(500) {
        diesel::delete(webhook_event::table.filter(webhook_event::id.eq_any(chunk))).execute(conn)?;
    }
    Ok(taken.len())
}

/// Gives calls the next positions, in their order.
fn number(conn: &mut Connection, calls: &mut [Call]) -> Result<()> {
    let last = counter::raise_by(conn, POSITION, calls.len() as i64)?;
    let first = last - calls.len() as i64 + 1;
    for (i, call) in calls.iter_mut().enumerate() {
        call.position = first + i as i64;
    }
    Ok(())
}

fn call(hook: i64, event: &Row, now: Timestamp) -> Call {
    Call {
        id: ids::fresh(now),
        webhook_id: hook,
        position: 0,
        event_id: event.id,
        kind: event.kind.clone(),
        stream: event.stream,
        customer_id: event.customer_id,
        at: event.at,
        data: event.data.clone(),
        state: CallState::Waiting.as_str().to_owned(),
        attempts: 0,
        tried: "[]".to_owned(),
        next_at: now,
        lease_owner: None,
        lease_until: Timestamp(0),
        updated_at: now,
    }
}
