//! The log of imports: all its SQL.

use diesel::prelude::*;

use super::report::Report;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::storage::schema::import_log;
use crate::storage::{Connection, on_each};

/// An import that is done.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = import_log)]
pub struct Logged {
    /// Its number.
    pub id: i64,
    /// What the file held: `orders`, `customers`, ...
    pub kind: String,
    /// The file's name.
    pub file: String,
    /// Its size.
    pub byte_count: i64,
    /// BLAKE3 hash of the file, in hexadecimal.
    pub digest: String,
    /// BLAKE3 hash of the mapping, in hexadecimal; empty when the columns' own names were taken.
    pub mapping: String,
    /// `done`.
    pub state: String,
    /// The [`Report`] as JSON.
    pub report: String,
    /// When it began, microseconds UTC.
    pub started_at: i64,
    /// When it ended, microseconds UTC.
    pub finished_at: i64,
}

/// The state of an import that was kept.
pub const DONE: &str = "done";

impl Logged {
    /// What was read and made of it.
    ///
    /// # Errors
    /// Internal, when what was logged is no report.
    pub fn read_report(&self) -> Result<Report> {
        Ok(serde_json::from_str(&self.report)?)
    }
}

/// Adds an import.
pub(super) fn add(conn: &mut Connection, logged: &Logged) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(import_log::table).values(logged).execute(c))?;
    Ok(())
}

/// Imports of files that have this size, and so may be the same: digest and instant of each.
pub(super) fn of_size(conn: &mut Connection, kind: &str, mapping: &str, bytes: i64) -> Result<Vec<(String, i64)>> {
    Ok(import_log::table
        .filter(import_log::kind.eq(kind))
        .filter(import_log::byte_count.eq(bytes))
        .filter(import_log::mapping.eq(mapping))
        .filter(import_log::state.eq(DONE))
        .order(import_log::finished_at)
        .select((import_log::digest, import_log::finished_at))
        .load(conn)?)
}

/// When a file of this digest was imported.
pub(super) fn when(known: &[(String, i64)], digest: &str) -> Option<Timestamp> {
    known.iter().find(|(known, _)| known == digest).map(|(_, at)| Timestamp(*at))
}

/// The latest imports first, those before `before`.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn page(conn: &mut Connection, before: Option<i64>, limit: i64) -> Result<Vec<Logged>> {
    let rows = import_log::table.filter(import_log::id.lt(before.unwrap_or(i64::MAX)));
    Ok(rows.order(import_log::id.desc()).limit(limit).load(conn)?)
}

/// One import.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<Logged>> {
    Ok(import_log::table.find(id).first(conn).optional()?)
}
