//! Suppression: addresses that must not be used again. Only a hash is kept, so that the list outlives an erased customer.

use diesel::prelude::*;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::suppression;

/// What stands in the list for an address: SHA-256 of channel and address, letter case and blanks aside.
pub fn address_hash(channel: &str, address: &str) -> String {
    let plain: String = address.trim().to_lowercase().split_whitespace().collect();
    let digest = Sha256::digest(format!("{channel}\0{plain}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
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

/// Which of these hashes, of addresses of these channels, are on the list.
pub fn among(
    conn: &mut Connection,
    channels: &[&str],
    hashes: &[String],
) -> Result<std::collections::HashSet<(String, String)>> {
    if hashes.is_empty() {
        return Ok(std::collections::HashSet::new());
    }
    // The key begins with the channel: each is looked for where it can stand.
    let rows: Vec<(String, String)> = suppression::table
        .filter(suppression::channel.eq_any(channels))
        .filter(suppression::address_hash.eq_any(hashes))
        .select((suppression::channel, suppression::address_hash))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The hashes on the list, per channel; a batch run looks up from memory.
pub fn all(conn: &mut Connection) -> Result<std::collections::HashSet<(String, String)>> {
    let rows: Vec<(String, String)> =
        suppression::table.select((suppression::channel, suppression::address_hash)).load(conn)?;
    Ok(rows.into_iter().collect())
}
