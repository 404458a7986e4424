//! The value of the base as it was at each scoring: scores have no past of their own.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::windows::{STEP_DAYS, Windows};
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::operations::Workspace;
use crate::operations::steering::Indicator;
use crate::storage::schema::kpi_reading as table;
use crate::storage::{Connection, on_each};

/// The segment that stands for the whole base.
const WHOLE: &str = "all";

/// What clients are still to bring, in minor units.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BaseValue {
    /// The whole base, by the end of a window.
    pub all: HashMap<Timestamp, f64>,
    /// By segment, as of the latest.
    pub segments: BTreeMap<String, f64>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    segment: Option<String>,
    #[diesel(sql_type = BigInt)]
    predicted: i64,
    #[diesel(sql_type = BigInt)]
    computed_at: i64,
}

/// What the last scoring says, by segment.
fn scored(conn: &mut Connection) -> Result<(Option<Timestamp>, BTreeMap<String, f64>)> {
    let sql = "SELECT s.segment AS segment, CAST(sum(l.predicted) AS BIGINT) AS predicted, max(l.computed_at) AS computed_at \
               FROM lifetime_score l LEFT JOIN customer_state s ON s.customer_id = l.customer_id GROUP BY s.segment";
    let rows: Vec<Row> = diesel::sql_query(sql).load(conn)?;
    let at = rows.iter().map(|row| row.computed_at).max().map(Timestamp);
    let of = |row: Row| (row.segment.unwrap_or_else(|| "none".to_owned()), row.predicted as f64);
    Ok((at, rows.into_iter().map(of).collect()))
}

/// Keeps what the last scoring says of the value of the base. Nothing where nobody is scored.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn keep_base_value(ws: &Workspace, now: Timestamp) -> Result<()> {
    ws.store().write(|conn| {
        let (Some(at), mut segments) = scored(conn)? else { return Ok(()) };
        let whole = segments.values().sum();
        segments.insert(WHOLE.to_owned(), whole);
        let at = at.min(now);
        for (segment, value) in &segments {
            let row = (
                table::indicator.eq(Indicator::BaseValue.key()),
                table::segment.eq(segment),
                table::from_at.eq(at),
                table::until_at.eq(at),
                table::value.eq(value),
            );
            on_each!(conn, c => diesel::insert_into(table::table).values(row).on_conflict_do_nothing().execute(c))?;
        }
        Ok(())
    })
}

/// What scorings said, at the end of each window: the last one of the month before it.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn base_value(ws: &Workspace, windows: &Windows) -> Result<BaseValue> {
    ws.store().read(|conn| {
        let (at, segments) = scored(conn)?;
        let kept: Vec<(Timestamp, f64)> = table::table
            .filter(table::indicator.eq(Indicator::BaseValue.key()))
            .filter(table::segment.eq(WHOLE))
            .order(table::until_at)
            .select((table::until_at, table::value))
            .load(conn)?;
        let current = at.map(|at| (at, segments.values().sum::<f64>()));
        let all = windows.all.iter().filter_map(|window| {
            let good = |at: Timestamp| at <= window.until && at > window.until.plus(-STEP_DAYS * DAY);
            let last = kept.iter().copied().chain(current).filter(|(at, _)| good(*at)).max_by_key(|(at, _)| *at);
            Some((window.until, last?.1))
        });
        let all: HashMap<Timestamp, f64> = all.collect();
        // Segments are those of the last scoring.
        let segments = if at.is_some_and(|at| at <= windows.as_of) { segments } else { BTreeMap::new() };
        Ok(BaseValue { all, segments })
    })
}
