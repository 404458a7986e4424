//! Identity: which keys of the company are one and the same customer.
//!
//! A merge makes one customer of two; the key that lost is kept as an alias, and whatever comes under it later belongs to the
//! survivor. Aliases never form a chain: when the survivor is merged itself, its aliases move on with it.

use std::collections::HashMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::Customer;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::storage::Connection;
use crate::storage::schema::customer_alias;

/// Ids in one `IN (...)`.
const CHUNK: usize = 500;

/// Which customers are aliases of which. Load it once for a batch; within a transaction that writes facts, load it there, so
/// that no merge can come between.
#[derive(Debug, Clone, Default)]
pub struct Aliases(HashMap<CustomerId, CustomerId>);

impl Aliases {
    /// All aliases: for an import.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn load(conn: &mut Connection) -> Result<Aliases> {
        hold(conn)?;
        let rows = customer_alias::table.select((customer_alias::alias_id, customer_alias::customer_id));
        Ok(Aliases(rows.load::<(CustomerId, CustomerId)>(conn)?.into_iter().collect()))
    }

    /// The aliases among `ids`: for a request. Until the caller's transaction ends nobody is merged or erased.
    ///
    /// # Errors
    /// Unavailable, when the store does not answer.
    pub fn of(conn: &mut Connection, ids: &[CustomerId]) -> Result<Aliases> {
        hold(conn)?;
        let mut found = HashMap::new();
        for chunk in ids.chunks(CHUNK) {
            let rows = customer_alias::table.filter(customer_alias::alias_id.eq_any(chunk));
            let rows = rows.select((customer_alias::alias_id, customer_alias::customer_id));
            found.extend(rows.load::<(CustomerId, CustomerId)>(conn)?);
        }
        Ok(Aliases(found))
    }

    /// The customer whom this id stands for: itself, unless it is an alias.
    pub fn canonical(&self, id: CustomerId) -> CustomerId {
        self.0.get(&id).copied().unwrap_or(id)
    }

    /// Whether there is no alias.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The number under which PostgreSQL keeps the lock of identities.
const LOCK: i64 = 7_317_292;

/// Keeps merges and erasures out until the transaction ends. SQLite has one writer, which does the same.
pub fn hold(conn: &mut Connection) -> Result<()> {
    if conn.is_postgres() {
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock_shared({LOCK})"))?;
    }
    Ok(())
}

/// Keeps everybody out who holds identities, until the transaction ends: for merges and erasures.
pub fn hold_alone(conn: &mut Connection) -> Result<()> {
    if conn.is_postgres() {
        conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({LOCK})"))?;
    }
    Ok(())
}

/// Writes down that `alias` is `survivor` from now on; the aliases that it had itself move on with it.
pub fn add(conn: &mut Connection, alias: &Customer, survivor: CustomerId, now: Timestamp) -> Result<()> {
    let moved = customer_alias::table.filter(customer_alias::customer_id.eq(alias.id));
    diesel::update(moved)
        .set((customer_alias::customer_id.eq(survivor), customer_alias::merged_at.eq(now)))
        .execute(conn)?;
    let row = (
        customer_alias::alias_id.eq(alias.id),
        customer_alias::external_id.eq(&alias.external_id),
        customer_alias::customer_id.eq(survivor),
        customer_alias::merged_at.eq(now),
    );
    diesel::insert_into(customer_alias::table).values(row).execute(conn)?;
    Ok(())
}

/// The company's other keys of a customer.
pub fn keys_of(conn: &mut Connection, id: CustomerId) -> Result<Vec<String>> {
    let rows = customer_alias::table.filter(customer_alias::customer_id.eq(id)).order(customer_alias::external_id);
    Ok(rows.select(customer_alias::external_id).load(conn)?)
}

/// The survivor of a key that is an alias.
pub fn survivor_of(conn: &mut Connection, external_id: &str) -> Result<Option<CustomerId>> {
    let row = customer_alias::table.filter(customer_alias::external_id.eq(external_id));
    Ok(row.select(customer_alias::customer_id).first(conn).optional()?)
}

/// Aliases made after an instant: what was read before may still carry them.
pub fn merged_since(conn: &mut Connection, since: Timestamp) -> Result<Vec<(CustomerId, CustomerId)>> {
    let rows = customer_alias::table.filter(customer_alias::merged_at.gt(since)).order(customer_alias::alias_id);
    Ok(rows.select((customer_alias::alias_id, customer_alias::customer_id)).load(conn)?)
}

/// Forgets the keys of a customer.
pub fn forget(conn: &mut Connection, id: CustomerId) -> Result<()> {
    let rows = customer_alias::table.filter(customer_alias::customer_id.eq(id));
    diesel::delete(rows).execute(conn)?;
    Ok(())
}
