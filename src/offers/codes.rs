//! Single-use codes: an offer's list, from which each decision takes one. A code is given to one customer at most.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::OfferId;
use crate::storage::schema::offer_code;
use crate::storage::{Connection, insert_rows, on_each};

/// Nobody has it.
const FREE: &str = "free";
/// Somebody has it.
const GIVEN: &str = "given";

/// Longest code.
pub const LONGEST: usize = 100;

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = offer_code, treat_none_as_default_value = false)]
struct Row {
    offer_id: OfferId,
    code: String,
    state: &'static str,
    held_by: Option<i64>,
    changed_at: Timestamp,
}

/// What is wrong with a code, if anything.
pub fn fault(code: &str) -> Option<&'static str> {
    let good = !code.is_empty() && code.chars().count() <= LONGEST && !code.chars().any(|c| c.is_control());
    (!good || code.trim() != code).then_some("must be 1 to 100 characters without control characters or blanks around")
}

/// Adds codes to an offer's list; those on it stay as they are, given or not. Returns how many were new.
pub fn add(conn: &mut Connection, offer: OfferId, codes: &[String], now: Timestamp) -> Result<usize> {
    let row = |code: &String| Row { offer_id: offer, code: code.clone(), state: FREE, held_by: None, changed_at: now };
    let rows: Vec<Row> = codes.iter().map(row).collect();
    Ok(insert_rows!(conn, rows, values => diesel::insert_into(offer_code::table)
        .values(values)
        .on_conflict_do_nothing())?)
}

/// Codes of each offer that has a list: (free, all).
pub fn counts(conn: &mut Connection) -> Result<BTreeMap<OfferId, (i64, i64)>> {
    let rows: Vec<(OfferId, String, i64)> = offer_code::table
        .group_by((offer_code::offer_id, offer_code::state))
        .select((offer_code::offer_id, offer_code::state, diesel::dsl::count_star()))
        .load(conn)?;
    let mut counts: BTreeMap<OfferId, (i64, i64)> = BTreeMap::new();
    for (offer, state, count) in rows {
        let known = counts.entry(offer).or_default();
        known.0 += if state == FREE { count } else { 0 };
        known.1 += count;
    }
    Ok(counts)
}

macro_rules! next_free {
    ($offer:expr) => {
        offer_code::table
            .filter(offer_code::offer_id.eq($offer))
            .filter(offer_code::state.eq(FREE))
            .order(offer_code::code)
            .limit(1)
            .select(offer_code::code)
    };
}

/// Takes a code for a delivery or a decision; `None` when the list is used up. On PostgreSQL a code that another transaction is
/// taking is passed over; SQLite has one writer.
pub fn take(conn: &mut Connection, offer: OfferId, holder: i64, now: Timestamp) -> Result<Option<String>> {
    let found: Option<String> = match conn {
        Connection::Sqlite(c) => next_free!(offer).first(c).optional()?,
        Connection::Postgres(c) => next_free!(offer).for_update().skip_locked().first(c).optional()?,
    };
    let Some(code) = found else { return Ok(None) };
    on_each!(conn, c => diesel::update(offer_code::table.find((offer, &code)))
        .set((offer_code::state.eq(GIVEN), offer_code::held_by.eq(holder), offer_code::changed_at.eq(now)))
        .execute(c))?;
    Ok(Some(code))
}

/// Gives a code back that was never seen by anybody. Who does not hold it gives nothing back.
pub fn give_back(conn: &mut Connection, offer: OfferId, code: &str, holder: i64, now: Timestamp) -> Result<()> {
    diesel::update(offer_code::table.find((offer, code)).filter(offer_code::held_by.eq(holder)))
        .set((offer_code::state.eq(FREE), offer_code::held_by.eq(None::<i64>), offer_code::changed_at.eq(now)))
        .execute(conn)?;
    Ok(())
}
