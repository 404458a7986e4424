//! Who did what: rows that are only ever added, each hash covering the row before it, so that an edit shows.

use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids;
use crate::storage::Connection;
use crate::storage::schema::audit;

/// One thing that somebody did.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit)]
pub struct Entry {
    /// Rises with time.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: a user's id, a key's id, `cli`, `schedule`.
    pub actor: String,
    /// What: `campaign.approve`, ...
    pub action: String,
    /// To what.
    pub subject: String,
    /// Further words; no personal data.
    pub detail: String,
    /// The request that asked for it.
    pub request_id: String,
    /// SHA-256 over the previous hash and this row.
    pub hash: String,
}

fn hash_of(previous: &str, entry: &Entry) -> String {
    let text = format!(
        "{previous}\0{}\0{}\0{}\0{}\0{}\0{}\0{}",
        entry.id, entry.at.0, entry.actor, entry.action, entry.subject, entry.detail, entry.request_id
    );
    crate::ids::hex(&Sha256::digest(text))
}

/// Writes down, in the caller's transaction, what it does.
pub fn write(
    conn: &mut Connection,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &str,
    now: Timestamp,
) -> Result<()> {
    let last: Option<(i64, String)> =
        audit::table.order(audit::id.desc()).select((audit::id, audit::hash)).first(conn).optional()?;
    let (last_id, previous) = last.unwrap_or_default();
    let mut entry = Entry {
        id: ids::fresh(now).max(last_id + 1),
        at: now,
        actor: actor.into(),
        action: action.into(),
        subject: subject.into(),
        detail: detail.into(),
        request_id: String::new(),
        hash: String::new(),
    };
    entry.hash = hash_of(&previous, &entry);
    diesel::insert_into(audit::table).values(&entry).execute(conn)?;
    Ok(())
}

/// The last entries, newest first, before an id.
pub fn page(conn: &mut Connection, before: Option<i64>, limit: i64) -> Result<Vec<Entry>> {
    let rows = audit::table
        .filter(audit::id.lt(before.unwrap_or(i64::MAX)))
        .order(audit::id.desc())
        .limit(limit)
        .select(Entry::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The first entry whose hash does not fit, if any: from there on somebody changed or removed rows.
pub fn first_break(conn: &mut Connection) -> Result<Option<i64>> {
    let rows: Vec<Entry> = audit::table.order(audit::id).select(Entry::as_select()).load(conn)?;
    let mut previous = String::new();
    for entry in rows {
        if hash_of(&previous, &entry) != entry.hash {
            return Ok(Some(entry.id));
        }
        previous = entry.hash;
    }
    Ok(None)
}
