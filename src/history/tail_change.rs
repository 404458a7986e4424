//! Changes of facts in the tail, beside appending. Whoever calls these raises the generation of the type in the same
//! transaction: a seal that has read the rows before is then refused.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::facts::FactType;
use super::tail::{Row, row};
use super::value::Fact;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{customer_alias, history_tail};

const CHUNK: usize = 500;

/// Puts facts into the tail in place of whatever is there under their identities, also of a key that is only remembered.
pub(super) fn put(conn: &mut Connection, fact_type: &FactType, facts: &[Fact], now: Timestamp) -> Result<()> {
    for chunk in facts.chunks(CHUNK) {
        let rows = chunk.iter().map(|fact| row(fact_type, fact, now)).collect::<Result<Vec<Row<'_>>>>()?;
        insert_rows!(conn, rows, values => diesel::insert_into(history_tail::table)
        .values(values)
        .on_conflict((history_tail::fact_type, history_tail::source, history_tail::fact_key))
        .do_update()
        .set((
            history_tail::customer_id.eq(excluded(history_tail::customer_id)),
            history_tail::occurred_at.eq(excluded(history_tail::occurred_at)),
            history_tail::accepted_at.eq(excluded(history_tail::accepted_at)),
            history_tail::payload.eq(excluded(history_tail::payload)),
            history_tail::batch.eq(0),
            history_tail::sealed_at.eq(0),
        )))?;
    }
    Ok(())
}

/// Removes facts from the tail, and the memory of their keys.
pub(super) fn remove(conn: &mut Connection, fact_type: &FactType, identities: &[(String, String)]) -> Result<()> {
    for (source, key) in identities {
        let row = history_tail::table
            .filter(history_tail::fact_type.eq(fact_type.name))
            .filter(history_tail::source.eq(source))
            .filter(history_tail::fact_key.eq(key));
        diesel::delete(row).execute(conn)?;
    }
    Ok(())
}

/// Removes all that the tail has of customers, keys included.
pub(super) fn forget_customers(conn: &mut Connection, customers: &[CustomerId]) -> Result<()> {
    for chunk in customers.chunks(CHUNK) {
        diesel::delete(history_tail::table.filter(history_tail::customer_id.eq_any(chunk))).execute(conn)?;
    }
    Ok(())
}

/// Gives waiting facts of aliases to their survivors.
pub(super) fn follow_aliases(conn: &mut Connection, fact_type: &FactType) -> Result<usize> {
    let waiting =
        history_tail::table.filter(history_tail::fact_type.eq(fact_type.name)).filter(history_tail::sealed_at.eq(0));
    let astray = waiting
        .inner_join(customer_alias::table.on(customer_alias::alias_id.eq(history_tail::customer_id)))
        .select((history_tail::id, customer_alias::customer_id));
    let astray: Vec<(i64, CustomerId)> = astray.load(conn)?;
    for (id, survivor) in &astray {
        let row = diesel::update(history_tail::table.find(id));
        row.set(history_tail::customer_id.eq(survivor)).execute(conn)?;
    }
    Ok(astray.len())
}
