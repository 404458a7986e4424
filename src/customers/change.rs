//! Changes of profiles, for those who follow them: single ones by customer, many at once as a number that rises.
//!
//! Each change is a row of its own, so that a change that commits while an earlier one is being taken in is not lost with it.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{self, CustomerId};
use crate::insert_rows;
use crate::storage::schema::customer_change as table;
use crate::storage::{Connection, counter};

/// The counter of profiles that changed in bulk.
pub const BULK: &str = "profiles";
/// The counter of scorings: each gives everybody new scores and a new serving row.
pub const SCORED: &str = "scores";
/// From so many customers on, a change is one in bulk.
const MANY: usize = 200;

/// Says that the profiles or scores of these customers have changed, in the transaction that changed them.
pub fn note(conn: &mut Connection, customers: &[CustomerId], now: Timestamp) -> Result<()> {
    if customers.len() >= MANY {
        return counter::raise(conn, BULK).map(drop);
    }
    note_each(conn, customers, now)
}

/// The same, one by one however many they are.
pub fn note_each(conn: &mut Connection, customers: &[CustomerId], now: Timestamp) -> Result<()> {
    let row = |id: &CustomerId| (table::id.eq(ids::fresh(now)), table::customer_id.eq(id.0), table::feed.eq(0_i64));
    let rows: Vec<_> = customers.iter().map(row).collect();
    insert_rows!(conn, rows, values => diesel::insert_into(table::table).values(values))?;
    Ok(())
}

/// Gives what is new the number of a hand-over; answers whether there was anything.
pub fn hand_over(conn: &mut Connection, number: i64) -> Result<bool> {
    Ok(diesel::update(table::table.filter(table::feed.eq(0))).set(table::feed.eq(number)).execute(conn)? > 0)
}

/// Whether a change waits to be handed over.
pub fn has_new(conn: &mut Connection) -> Result<bool> {
    Ok(table::table.filter(table::feed.eq(0)).select(table::id).first::<i64>(conn).optional()?.is_some())
}

/// The customers of the hand-overs after `after` up to `until`, each once.
pub fn between(conn: &mut Connection, after: i64, until: i64) -> Result<Vec<CustomerId>> {
    let rows = table::table.filter(table::feed.gt(after)).filter(table::feed.le(until));
    let found: Vec<i64> = rows.select(table::customer_id).distinct().load(conn)?;
    Ok(found.into_iter().map(CustomerId).collect())
}

/// Whether there is anything that everybody has taken in.
pub fn has_old(conn: &mut Connection, until: i64) -> Result<bool> {
    let rows = table::table.filter(table::feed.gt(0)).filter(table::feed.le(until));
    Ok(rows.select(table::id).first::<i64>(conn).optional()?.is_some())
}

/// Forgets what everybody has taken in.
pub fn prune(conn: &mut Connection, until: i64) -> Result<usize> {
    Ok(diesel::delete(table::table.filter(table::feed.gt(0)).filter(table::feed.le(until))).execute(conn)?)
}
