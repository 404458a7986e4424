//! Numbers that only rise, by name: whoever remembers one can tell later whether something has happened since.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::schema::counter;
use super::{Connection, on_each};
use crate::error::Result;

/// The number now; 0 before it was first raised.
pub fn get(conn: &mut Connection, name: &str) -> Result<i64> {
    let found: Option<i64> = counter::table.find(name).select(counter::value).first(conn).optional()?;
    Ok(found.unwrap_or(0))
}

/// The sum of several: as each only rises, it is the same only while all are.
pub fn sum(conn: &mut Connection, names: &[String]) -> Result<i64> {
    names.iter().try_fold(0, |sum, name| Ok(sum + get(conn, name)?))
}

/// Raises a number, and holds it until the transaction ends: whoever raises it next waits. Returns the new number.
pub fn raise(conn: &mut Connection, name: &str) -> Result<i64> {
    add(conn, name, 1)
}

/// Raises a number by several, and holds it as [`raise`] does. Returns the new number.
pub fn raise_by(conn: &mut Connection, name: &str, by: i64) -> Result<i64> {
    add(conn, name, by)
}

/// Holds a number as it is until the transaction ends. Returns it.
pub fn hold(conn: &mut Connection, name: &str) -> Result<i64> {
    add(conn, name, 0)
}

fn add(conn: &mut Connection, name: &str, by: i64) -> Result<i64> {
    on_each!(conn, c => diesel::insert_into(counter::table)
        .values((counter::name.eq(name), counter::value.eq(by)))
        .on_conflict(counter::name)
        .do_update()
        .set(counter::value.eq(counter::value + excluded(counter::value)))
        .execute(c))?;
    get(conn, name)
}
