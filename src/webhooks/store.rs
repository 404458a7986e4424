//! The SQL of subscriptions.

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::{MINUTE, Timestamp};
use crate::error::{Error, Result};
use crate::storage::Connection;
use crate::storage::schema::{webhook, webhook_call};

/// Failures in a row after which a webhook rests: until then they may be the fault of single events.
const RESTS_AFTER: i32 = 5;
/// The longest rest.
const LONGEST_REST: i64 = 15 * MINUTE;

/// A subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook)]
pub struct Webhook {
    /// Its id.
    #[serde(skip)]
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// The events that are wanted: a JSON list of kinds, `NOUN.*` or `*`.
    #[serde(serialize_with = "as_list")]
    pub events: String,
    /// Whether it is told anything.
    pub enabled: bool,
    /// What signs the posts.
    #[serde(skip)]
    pub secret: String,
    /// Counts changes; what an edit must name.
    pub version: i64,
    /// Failures in a row.
    pub failures: i32,
    /// Until when nothing is tried.
    pub rest_until: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

fn as_list<S: serde::Serializer>(text: &str, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(list(text))
}

fn list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}

impl Webhook {
    /// The events that are wanted.
    pub fn wants(&self) -> Vec<String> {
        list(&self.events)
    }
}

/// All, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<Webhook>> {
    Ok(webhook::table.order(webhook::name).select(Webhook::as_select()).load(conn)?)
}

/// One, when there is one of this name.
pub fn find(conn: &mut Connection, name: &str) -> Result<Option<Webhook>> {
    Ok(webhook::table.filter(webhook::name.eq(name)).select(Webhook::as_select()).first(conn).optional()?)
}

/// One.
///
/// # Errors
/// Not found.
pub fn by_name(conn: &mut Connection, name: &str) -> Result<Webhook> {
    find(conn, name)?.ok_or_else(|| Error::not_found(format!("there is no webhook `{name}`")))
}

/// One as it is now; none when it was removed.
pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<Webhook>> {
    Ok(webhook::table.find(id).select(Webhook::as_select()).first(conn).optional()?)
}

/// Adds or replaces one.
pub fn put(conn: &mut Connection, row: &Webhook) -> Result<()> {
    if diesel::update(webhook::table.find(row.id)).set(row).execute(conn)? == 0 {
        diesel::insert_into(webhook::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// Removes one with its calls.
pub fn remove(conn: &mut Connection, id: i64) -> Result<()> {
    diesel::delete(webhook_call::table.filter(webhook_call::webhook_id.eq(id))).execute(conn)?;
    diesel::delete(webhook::table.find(id)).execute(conn)?;
    Ok(())
}

/// What each enabled webhook wants.
pub(super) fn wanted(conn: &mut Connection) -> Result<Vec<Vec<String>>> {
    let lists: Vec<String> = webhook::table.filter(webhook::enabled.eq(true)).select(webhook::events).load(conn)?;
    Ok(lists.iter().map(|text| list(text)).collect())
}

/// Those that may be told something now.
pub fn awake(conn: &mut Connection, now: Timestamp) -> Result<Vec<Webhook>> {
    let awake = webhook::table.filter(webhook::enabled.eq(true)).filter(webhook::rest_until.le(now));
    Ok(awake.order(webhook::id).select(Webhook::as_select()).load(conn)?)
}

/// Counts a failure; after several in a row nothing is tried for a minute, then for two, ... for a quarter of an hour.
pub(super) fn failed(conn: &mut Connection, id: i64, now: Timestamp) -> Result<()> {
    let row = webhook::table.find(id);
    diesel::update(row).set(webhook::failures.eq(webhook::failures + 1)).execute(conn)?;
    let failures: i32 = row.select(webhook::failures).first(conn).optional()?.unwrap_or_default();
    if failures >= RESTS_AFTER {
        let rest = (MINUTE << (failures - RESTS_AFTER).min(10)).min(LONGEST_REST);
        diesel::update(row).set(webhook::rest_until.eq(now.plus(rest))).execute(conn)?;
    }
    Ok(())
}

/// It answers again: the count starts anew, and what has waited since is tried at once.
pub(super) fn answered(conn: &mut Connection, id: i64, now: Timestamp) -> Result<()> {
    let failing = webhook::table.find(id).filter(webhook::failures.gt(0));
    let before: Option<i32> = failing.select(webhook::failures).first(conn).optional()?;
    let Some(before) = before else { return Ok(()) };
    diesel::update(webhook::table.find(id))
        .set((webhook::failures.eq(0), webhook::rest_until.eq(Timestamp(0))))
        .execute(conn)?;
    if before >= RESTS_AFTER {
        super::queue::try_at_once(conn, id, now)?;
    }
    Ok(())
}
