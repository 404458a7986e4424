//! Suppression: addresses that must not be used again. Only a hash is kept, so that the list outlives an erased customer.

use std::collections::HashSet;

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::insert_rows;
use crate::storage::schema::suppression;
use crate::storage::{Connection, on_each};

/// What stands in the list for an address: SHA-256 of channel and address, letter case and blanks aside.
pub fn address_hash(channel: &str, address: &str) -> String {
    let plain: String = address.trim().to_lowercase().split_whitespace().collect();
    let digest = Sha256::digest(format!("{channel}\0{plain}"));
    crate::ids::hex(&digest)
}

/// A suppressed address.
#[derive(Debug, Clone, Insertable, Queryable)]
#[diesel(table_name = suppression, treat_none_as_default_value = false)]
pub struct Suppression {
    /// The channel it belongs to.
    pub channel: String,
    /// Its hash.
    pub address_hash: String,
    /// Why: `bounce`, `complaint`, `unsubscribe`, `import`, ...
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// Adds addresses to the list; those already on it stay as they are.
pub fn suppress(conn: &mut Connection, rows: &[Suppression]) -> Result<usize> {
    let added = insert_rows!(conn, rows, values => diesel::insert_into(suppression::table)
            .values(values)
            .on_conflict_do_nothing())?;
    Ok(added)
}

/// Whether this address may not be used, and why.
pub fn reason(conn: &mut Connection, channel: &str, address: &str) -> Result<Option<String>> {
    let found = suppression::table
        .find((channel, address_hash(channel, address)))
        .select(suppression::reason)
        .first(conn)
        .optional()?;
    Ok(found)
}

/// The channels among these four, each with the hash of its address, whose address is on the list. Where there is no address the
/// hash is empty, and not on it.
pub fn among(conn: &mut Connection, addresses: &[(&str, String); 4]) -> Result<Vec<String>> {
    if addresses.iter().all(|(_, hash)| hash.is_empty()) {
        return Ok(Vec::new());
    }
    let is = |at: usize| {
        let (channel, hash) = &addresses[at];
        suppression::channel.eq(*channel).and(suppression::address_hash.eq(hash))
    };
    // Four comparisons and no list: a statement that never changes is prepared once.
    let listed = suppression::table.filter(is(0).or(is(1)).or(is(2)).or(is(3)));
    Ok(listed.select(suppression::channel).load(conn)?)
}

/// Those of these hashes that are on the list of a channel.
pub fn listed(conn: &mut Connection, channel: &str, hashes: &[String]) -> Result<HashSet<String>> {
    let listed = suppression::table.filter(suppression::channel.eq(channel));
    let listed = listed.filter(suppression::address_hash.eq_any(hashes)).select(suppression::address_hash);
    Ok(on_each!(conn, c => listed.load(c))?.into_iter().collect())
}

/// The hashes on the list, per channel; a batch run looks up from memory.
pub fn all(conn: &mut Connection) -> Result<HashSet<(String, String)>> {
    let rows: Vec<(String, String)> =
        suppression::table.select((suppression::channel, suppression::address_hash)).load(conn)?;
    Ok(rows.into_iter().collect())
}
