//! Keys that an import says are one customer's. They are written down with the import, in its transaction, so that a crash between
//! the import and the merges loses none.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::merge_request;

/// Two keys of one person.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, Queryable)]
#[diesel(table_name = merge_request, treat_none_as_default_value = false)]
pub struct MergeRequest {
    /// Rises in the order of the file.
    pub id: i64,
    /// The key that becomes an alias.
    pub external_id: String,
    /// The key that survives.
    pub into_external_id: String,
    /// When it was imported.
    pub requested_at: Timestamp,
}

/// Writes requests down.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn add(conn: &mut Connection, rows: &[MergeRequest]) -> Result<()> {
    insert_rows!(conn, rows, values => diesel::insert_into(merge_request::table).values(values))?;
    Ok(())
}

/// The oldest requests, at most so many.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn oldest(conn: &mut Connection, limit: i64) -> Result<Vec<MergeRequest>> {
    Ok(merge_request::table.order(merge_request::id).limit(limit).load(conn)?)
}

/// Removes requests that are done.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn remove(conn: &mut Connection, ids: &[i64]) -> Result<()> {
    const CHUNK: usize = 500;
    for chunk in ids.chunks(CHUNK) {
        diesel::delete(merge_request::table.filter(merge_request::id.eq_any(chunk))).execute(conn)?;
    }
    Ok(())
}

/// Removes requests that name one of these keys: of somebody who is erased.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn forget(conn: &mut Connection, keys: &[String]) -> Result<()> {
    let named = merge_request::external_id.eq_any(keys).or(merge_request::into_external_id.eq_any(keys));
    diesel::delete(merge_request::table.filter(named)).execute(conn)?;
    Ok(())
}
