//! The SQL of changes: who entered and who left, and when.

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{self, CustomerId, SegmentId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::rule_segment_change as table;

/// A customer entered or left a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Rises with time; the cursor of a page.
    pub id: i64,
    /// Who.
    pub customer: CustomerId,
    /// Entered, or left.
    pub entered: bool,
    /// When it was noticed.
    pub at: Timestamp,
}

/// Writes down who entered (true) and who left.
pub fn add_changes(
    conn: &mut Connection,
    segment: SegmentId,
    changes: &[(CustomerId, bool)],
    now: Timestamp,
) -> Result<()> {
    let rows: Vec<_> = changes
        .iter()
        .map(|(customer, entered)| {
            (
                table::id.eq(ids::fresh(now)),
                table::segment_id.eq(segment.0),
                table::customer_id.eq(customer.0),
                table::entered.eq(*entered),
                table::at.eq(now.0),
            )
        })
        .collect();
    insert_rows!(conn, rows, values => diesel::insert_into(table::table).values(values))?;
    Ok(())
}

/// At most `limit` changes after `after`, in the order in which they were noticed.
pub fn changes(conn: &mut Connection, segment: SegmentId, after: i64, limit: i64) -> Result<Vec<Change>> {
    Ok(table::table
        .filter(table::segment_id.eq(segment.0))
        .filter(table::id.gt(after))
        .order(table::id)
        .limit(limit)
        .select((table::id, table::customer_id, table::entered, table::at))
        .load::<(i64, i64, bool, i64)>(conn)?
        .into_iter()
        .map(|(id, customer, entered, at)| Change { id, customer: CustomerId(customer), entered, at: Timestamp(at) })
        .collect())
}

/// Whether there are changes noticed before `before`.
pub fn has_old_changes(conn: &mut Connection, before: Timestamp) -> Result<bool> {
    // Ids rise with time: the first row is the oldest, or near it.
    let oldest: Option<i64> = table::table.order(table::id).select(table::at).first(conn).optional()?;
    Ok(oldest.is_some_and(|at| at < before.0))
}

/// Forgets changes noticed before `before`.
pub fn prune_changes(conn: &mut Connection, before: Timestamp) -> Result<usize> {
    Ok(diesel::delete(table::table.filter(table::at.lt(before.0))).execute(conn)?)
}
