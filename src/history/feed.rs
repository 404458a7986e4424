//! The feed: new facts of the tail, handed over in the order in which they were committed, to whoever follows them.
//!
//! Ids and times of facts do not tell in which order they were committed: of two transactions that overlap, the one that began
//! first may end last, and a follower who remembers "up to here" would pass over its facts. So facts are numbered only when
//! they can be seen: [`hand_over`] gives all facts that have no number yet the next one. It holds the counter until it commits,
//! so that numbers are given, and seen, in order; a fact that is not seen yet simply gets a later number. A follower remembers
//! the last number it has taken in, in the transaction that writes what it made of the facts: each fact counts once.
//!
//! Sealing leaves alone what a follower has not taken in. What changes history in other ways (imports, corrections, merges,
//! repetitions that a seal finds) is no feed: [`disturb`] says so, and followers start anew from history. Who is erased is
//! forgotten by followers in the same transaction.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::facts::FactType;
use super::tail;
use super::value::Fact;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::storage::schema::{feed_follower, history_tail};
use crate::storage::{Connection, counter, on_each};

/// The counter of hand-overs.
const FEED: &str = "feed";

/// Gives what is new the next number, together with what `also` numbers in the same transaction (it is told the number and
/// answers whether there was anything). Returns the latest number.
///
/// # Errors
/// Those of the store.
pub fn hand_over(conn: &mut Connection, also: impl FnOnce(&mut Connection, i64) -> Result<bool>) -> Result<i64> {
    let latest = counter::hold(conn, FEED)?;
    let next = latest + 1;
    let fresh = history_tail::table.filter(history_tail::feed.eq(0)).filter(history_tail::sealed_at.eq(0));
    let facts = diesel::update(fresh).set(history_tail::feed.eq(next)).execute(conn)?;
    let others = also(conn, next)?;
    if facts > 0 || others { counter::raise(conn, FEED) } else { Ok(latest) }
}

/// Whether a fact waits to be handed over.
pub fn has_new(conn: &mut Connection) -> Result<bool> {
    let fresh = history_tail::table.filter(history_tail::feed.eq(0)).filter(history_tail::sealed_at.eq(0));
    Ok(fresh.select(history_tail::id).first::<i64>(conn).optional()?.is_some())
}

/// The number of the latest hand-over.
pub fn latest(conn: &mut Connection) -> Result<i64> {
    counter::get(conn, FEED)
}

/// Keeps hand-overs and seals out until the transaction ends.
pub(super) fn hold(conn: &mut Connection) -> Result<i64> {
    counter::hold(conn, FEED)
}

/// The facts of a type that were handed over after `after` and up to `until`.
pub fn facts_between(conn: &mut Connection, fact_type: &'static FactType, after: i64, until: i64) -> Result<Vec<Fact>> {
    tail::handed_over(conn, fact_type, after, until)
}

/// Begins to follow, or says how far a follower has come.
pub fn follow(conn: &mut Connection, name: &str, position: i64) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(feed_follower::table)
        .values((feed_follower::name.eq(name), feed_follower::position.eq(position)))
        .on_conflict(feed_follower::name)
        .do_update()
        .set(feed_follower::position.eq(excluded(feed_follower::position)))
        .execute(c))?;
    Ok(())
}

/// Ends following.
pub fn leave(conn: &mut Connection, name: &str) -> Result<()> {
    diesel::delete(feed_follower::table.find(name)).execute(conn)?;
    Ok(())
}

/// What every follower has taken in; `None` when nobody follows.
pub fn taken_in(conn: &mut Connection) -> Result<Option<i64>> {
    Ok(feed_follower::table.select(diesel::dsl::min(feed_follower::position)).first(conn)?)
}

/// When the oldest fact was accepted that some follower has not taken in.
pub fn oldest_waiting(conn: &mut Connection) -> Result<Option<Timestamp>> {
    let Some(taken_in) = taken_in(conn)? else { return Ok(None) };
    let open = history_tail::table.filter(history_tail::sealed_at.eq(0));
    let waiting = open.filter(history_tail::feed.eq(0).or(history_tail::feed.gt(taken_in)));
    Ok(waiting.select(diesel::dsl::min(history_tail::accepted_at)).first::<Option<i64>>(conn)?.map(Timestamp))
}

/// Says that history has changed in another way than by new facts of the tail.
pub fn disturb(conn: &mut Connection, fact_type: &FactType) -> Result<()> {
    counter::raise(conn, &disturbed(fact_type)).map(drop)
}

/// The counter of such changes.
pub fn disturbed(fact_type: &FactType) -> String {
    format!("history:{}", fact_type.name)
}
