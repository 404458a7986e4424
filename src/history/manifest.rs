//! The manifest: all SQL about sealed segments and the generation of each fact type.

use diesel::prelude::*;

use super::facts::{self, FactType};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::storage::schema::{history_retired, history_segment, history_state};
use crate::storage::{Connection, on_each};

/// A sealed Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = history_segment)]
pub struct Segment {
    /// Its number.
    pub id: i64,
    /// The type of its facts.
    pub fact_type: String,
    /// The file's name in the folder of its type.
    pub file: String,
    /// Which range of customers it holds; -1 when it is small and holds all.
    pub bucket: i32,
    /// How many facts it holds.
    pub row_count: i64,
    /// The file's size.
    pub byte_count: i64,
    /// BLAKE3 hash of the file, in hexadecimal.
    pub digest: String,
    /// The lowest customer id in it.
    pub min_customer: i64,
    /// The highest customer id in it.
    pub max_customer: i64,
    /// The earliest instant in it, microseconds UTC.
    pub min_time: i64,
    /// The latest instant in it, microseconds UTC.
    pub max_time: i64,
    /// When it was sealed, microseconds UTC.
    pub sealed_at: i64,
    /// The generation at which it came to count; tombstones of later generations hide rows of it.
    pub generation: i64,
}

/// The segments of a fact type, in the order in which they were sealed.
pub(super) fn segments(conn: &mut Connection, fact_type: &FactType) -> Result<Vec<Segment>> {
    let rows = history_segment::table.filter(history_segment::fact_type.eq(fact_type.name));
    Ok(rows.order(history_segment::id).load(conn)?)
}

/// The files that may be there, by type: those of segments, and retired ones that are not removed yet.
pub(super) fn files(conn: &mut Connection) -> Result<Vec<(String, String)>> {
    let mut files: Vec<(String, String)> =
        history_segment::table.select((history_segment::fact_type, history_segment::file)).load(conn)?;
    files.extend(retired_before(conn, Timestamp(i64::MAX))?);
    Ok(files)
}

/// Takes segments out; their files stay for those who are reading them.
///
/// # Errors
/// Conflict, when somebody else has taken one of them out before.
pub(super) fn retire(conn: &mut Connection, segments: &[Segment], now: Timestamp) -> Result<()> {
    for segment in segments {
        let row = history_segment::table.find(segment.id);
        if diesel::delete(row).execute(conn)? != 1 {
            return Err(Error::conflict("history is being compacted by somebody else; try again"));
        }
        let row = (
            history_retired::file.eq(&segment.file),
            history_retired::fact_type.eq(&segment.fact_type),
            history_retired::retired_at.eq(now),
        );
        diesel::insert_into(history_retired::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The files retired until an instant: type and name.
pub(super) fn retired_before(conn: &mut Connection, until: Timestamp) -> Result<Vec<(String, String)>> {
    let rows = history_retired::table.filter(history_retired::retired_at.le(until));
    Ok(rows.select((history_retired::fact_type, history_retired::file)).load(conn)?)
}

/// Forgets a retired file, which is gone.
pub(super) fn forget(conn: &mut Connection, file: &str) -> Result<()> {
    diesel::delete(history_retired::table.find(file)).execute(conn)?;
    Ok(())
}

/// Adds a segment.
pub(super) fn add(conn: &mut Connection, segment: &Segment) -> Result<()> {
    on_each!(conn, c => diesel::insert_into(history_segment::table).values(segment).execute(c))?;
    Ok(())
}

/// Fixes the number of buckets of each fact type when the folder is new; answers the number that holds.
pub(super) fn begin(conn: &mut Connection, buckets: i32) -> Result<i32> {
    for fact_type in facts::ALL {
        let row = (
            history_state::fact_type.eq(fact_type.name),
            history_state::generation.eq(0_i64),
            history_state::buckets.eq(buckets),
        );
        on_each!(conn, c => diesel::insert_into(history_state::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    let rows: Vec<i32> = history_state::table.select(history_state::buckets).load(conn)?;
    Ok(rows.into_iter().max().unwrap_or(buckets))
}

/// How often facts of this type have been sealed.
pub(super) fn generation(conn: &mut Connection, fact_type: &FactType) -> Result<i64> {
    let row = history_state::table.find(fact_type.name).select(history_state::generation);
    Ok(row.first(conn)?)
}

/// Raises the generation from `expected`.
///
/// # Errors
/// Conflict, when somebody else has sealed since.
pub(super) fn advance(conn: &mut Connection, fact_type: &FactType, expected: i64) -> Result<()> {
    let row = history_state::table
        .filter(history_state::fact_type.eq(fact_type.name))
        .filter(history_state::generation.eq(expected));
    let raised = diesel::update(row).set(history_state::generation.eq(expected + 1)).execute(conn)?;
    if raised == 1 {
        return Ok(());
    }
    Err(Error::conflict(format!("facts of type {} were sealed by somebody else meanwhile; try again", fact_type.name)))
}

/// Raises the generation, whatever it is; answers the new one. Whoever seals or changes facts of the type meanwhile must begin
/// again.
pub(super) fn raise(conn: &mut Connection, fact_type: &FactType) -> Result<i64> {
    let row = history_state::table.find(fact_type.name);
    diesel::update(row).set(history_state::generation.eq(history_state::generation + 1)).execute(conn)?;
    generation(conn, fact_type)
}
