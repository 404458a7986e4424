//! Tombstones: sealed facts that count no more. Merge of identities, correction and erasure all write them.
//!
//! A tombstone hides rows of segments whose generation is lower than its own, and no others: a fact that was moved or
//! corrected has its new row in the tail, and that is sealed under a later generation. Compaction leaves the hidden rows out
//! and then removes the tombstone.

use diesel::prelude::*;

use super::facts::FactType;
use super::manifest::{self, Segment};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{self, CustomerId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::history_tombstone;

/// Sealed facts that count no more: one, or all of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = history_tombstone, treat_none_as_default_value = false)]
pub struct Tombstone {
    /// Its number.
    pub id: i64,
    /// The type of the facts.
    pub fact_type: String,
    /// It hides rows of segments of lower generations.
    pub generation: i64,
    /// Whose facts.
    pub customer_id: CustomerId,
    /// The source of the one fact; none when all of the customer are hidden.
    pub source: Option<String>,
    /// The key of the one fact.
    pub fact_key: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Tombstone {
    /// Hides all facts of a customer. Number and generation are given by [`add`].
    pub fn of_customer(customer: CustomerId) -> Tombstone {
        Tombstone {
            id: 0,
            fact_type: String::new(),
            generation: 0,
            customer_id: customer,
            source: None,
            fact_key: None,
            created_at: Timestamp(0),
        }
    }

    /// Hides one fact of a customer.
    pub fn of_fact(customer: CustomerId, source: &str, key: &str) -> Tombstone {
        Tombstone {
            source: Some(source.to_owned()),
            fact_key: Some(key.to_owned()),
            ..Tombstone::of_customer(customer)
        }
    }

    /// Whether rows of this segment may be hidden by it.
    pub fn concerns(&self, segment: &Segment) -> bool {
        self.generation > segment.generation
            && (segment.min_customer..=segment.max_customer).contains(&self.customer_id.0)
    }
}

/// The tombstones of a fact type, by generation.
pub(super) fn of_type(conn: &mut Connection, fact_type: &FactType) -> Result<Vec<Tombstone>> {
    let rows = history_tombstone::table.filter(history_tombstone::fact_type.eq(fact_type.name));
    Ok(rows.order((history_tombstone::generation, history_tombstone::id)).load(conn)?)
}

/// How many there are, over all types.
#[cfg(test)]
pub(super) fn count(conn: &mut Connection) -> Result<i64> {
    Ok(history_tombstone::table.count().get_result(conn)?)
}

/// Writes tombstones that hide everything sealed before `generation`.
pub(super) fn add(
    conn: &mut Connection,
    fact_type: &FactType,
    generation: i64,
    tombstones: &[Tombstone],
    now: Timestamp,
) -> Result<()> {
    let rows: Vec<Tombstone> = tombstones
        .iter()
        .map(|one| Tombstone {
            id: ids::fresh(now),
            fact_type: fact_type.name.to_owned(),
            generation,
            created_at: now,
            ..one.clone()
        })
        .collect();
    insert_rows!(conn, rows, values => diesel::insert_into(history_tombstone::table).values(values))?;
    Ok(())
}

/// Customers of whom all facts of a type were hidden after an instant.
pub(super) fn customers_hidden_after(
    conn: &mut Connection,
    fact_type: &FactType,
    instant: Timestamp,
) -> Result<Vec<CustomerId>> {
    let rows = history_tombstone::table
        .filter(history_tombstone::fact_type.eq(fact_type.name))
        .filter(history_tombstone::source.is_null())
        .filter(history_tombstone::created_at.gt(instant));
    Ok(rows.select(history_tombstone::customer_id).distinct().order(history_tombstone::customer_id).load(conn)?)
}

/// Removes the tombstones of a type that hide nothing any more. Those written after `recent` stay: an import that began before
/// them may still bring what they hide.
pub(super) fn remove_spent(conn: &mut Connection, fact_type: &FactType, recent: Timestamp) -> Result<usize> {
    let segments = manifest::segments(conn, fact_type)?;
    let spent: Vec<i64> = of_type(conn, fact_type)?
        .iter()
        .filter(|one| one.created_at <= recent && !segments.iter().any(|segment| one.concerns(segment)))
        .map(|one| one.id)
        .collect();
    for chunk in spent.chunks(500) {
        diesel::delete(history_tombstone::table.filter(history_tombstone::id.eq_any(chunk))).execute(conn)?;
    }
    Ok(spent.len())
}
