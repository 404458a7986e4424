//! Erases a person: at once from the store, and from what queries of history see; compaction then removes the bytes of their
//! sealed facts. What stays has no name: numbers of decisions and messages, so that runs reconcile, hashes of addresses that
//! must not be written to, and a line of the audit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diesel::prelude::*;
use serde::Serialize;

use crate::campaigns::journey::store as journeys;
use crate::clock::Timestamp;
use crate::customers::{
    Customer, identity, merge as customer_tables, merge_request, prospects, service, store as customers,
};
use crate::decisions::{review, store as decisions};
use crate::deliveries::outbox::reassign;
use crate::deliveries::{Delivery, incoming};
use crate::error::Result;
use crate::history::History;
use crate::history::event_types::store as event_types;
use crate::ids::CustomerId;
use crate::models::scoring;
use crate::operations::checks::Checks;
use crate::operations::{Workspace, audit, export, send};
use crate::outcomes::store as outcomes;
use crate::segments;
use crate::storage::Connection;
use crate::storage::schema::idempotency;
use crate::webhooks::queue as webhooks;

/// What an erasure did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Messages whose address and contents were removed.
    pub messages: usize,
    /// Files below the data folder that still mention the person; remove them, or have them removed from where they came.
    pub mentioned_in: Vec<String>,
}

/// Erases the customer with this key, or with one that became an alias.
///
/// # Errors
/// Not found, when there is none; nothing is then changed.
pub fn erase(ws: &Workspace, external_id: &str, actor: &str) -> Result<Erased> {
    let now = ws.now();
    let checks = Checks::new(ws);
    let (words, deliveries) = ws.store().write(|conn| {
        identity::hold_alone(conn)?;
        let customer = customers::by_external_id(conn, external_id)?;
        let words = words(conn, &customer)?;
        let deliveries = erase_rows(conn, ws, &customer, &words, now, &checks)?;
        audit::write(conn, actor, "customer.erase", &customer.id.to_string(), "", now)?;
        Ok((words, deliveries))
    })?;
    for delivery in &deliveries {
        send::remove_written(ws, delivery)?;
    }
    export::forget(ws)?;
    ws.store().truncate_log()?;
    let mut mentioned_in = Vec::new();
    for folder in ["rejects", "out", "uploads"] {
        find_mentions(&ws.data().join(folder), &words, &mut mentioned_in)?;
    }
    mentioned_in.sort();
    Ok(Erased { messages: deliveries.len(), mentioned_in })
}

fn erase_rows(
    conn: &mut Connection,
    ws: &Workspace,
    customer: &Customer,
    words: &[String],
    now: Timestamp,
    checks: &Checks,
) -> Result<Vec<Delivery>> {
    let id = customer.id;
    // Facts of an alias that a running import still brings are this person's too.
    let mut ids: Vec<CustomerId> = identity::keys_of(conn, id)?.iter().map(|key| ws.id_key().customer(key)).collect();
    ids.push(id);
    History::erase_in(conn, &ids, now)?;
    let nobody = nobody()?;
    let deliveries = reassign::erase(conn, id, nobody, now, checks)?;
    journeys::forget(conn, id)?;
    decisions::anonymise(conn, id, nobody)?;
    review::reassign(conn, id, nobody, &BTreeMap::new())?;
    outcomes::anonymise(conn, id, nobody)?;
    incoming::log::forget_inquiries(conn, id)?;
    service::forget(conn, id)?;
    prospects::anonymise(conn, id, nobody)?;
    event_types::forget_personal(conn, id)?;
    segments::forget(conn, id)?;
    scoring::forget(conn, &[id])?;
    customer_tables::erase(conn, id)?;
    // After all that tells.
    webhooks::forget(conn, id)?;
    merge_request::forget(conn, words)?;
    forget_answers(conn, words)?;
    Ok(deliveries)
}

/// A customer id that is nobody's, and that nothing leads back from.
fn nobody() -> Result<CustomerId> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| crate::error::Error::unavailable("the machine gives no randomness").caused_by(error))?;
    Ok(CustomerId((u64::from_le_bytes(bytes) >> 1) as i64))
}

/// The texts by which the person would be recognised.
fn words(conn: &mut Connection, customer: &Customer) -> Result<Vec<String>> {
    let mut words = identity::keys_of(conn, customer.id)?;
    words.push(customer.external_id.clone());
    words.extend([&customer.email, &customer.phone].into_iter().flatten().cloned());
    words.retain(|word| !word.is_empty());
    Ok(words)
}

/// Kept answers to requests that name the person: as a JSON text, so that the key 5 is not found in every number.
fn forget_answers(conn: &mut Connection, words: &[String]) -> Result<()> {
    for word in words {
        let quoted = serde_json::to_string(word)?;
        let pattern = format!("%{}%", quoted.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        diesel::delete(idempotency::table.filter(idempotency::body.like(pattern).escape('\\'))).execute(conn)?;
    }
    Ok(())
}

/// Files in a folder that hold one of the words. They are not ours to edit: rejected lines of imports, files that wait for
/// theirs, and what transports wrote for people.
fn find_mentions(folder: &Path, words: &[String], found: &mut Vec<String>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find_mentions(&path, words, found)?;
        } else if mentions(&path, words)? {
            found.push(path.display().to_string());
        }
    }
    Ok(())
}

/// Whether a file holds one of the words; it is read in pieces that overlap.
fn mentions(path: &PathBuf, words: &[String]) -> Result<bool> {
    use std::io::Read;
    const PIECE: usize = 1 << 20;
    let overlap = words.iter().map(String::len).max().unwrap_or_default();
    let mut file = std::fs::File::open(path)?;
    let mut kept: Vec<u8> = Vec::new();
    loop {
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut kept)?;
        if words.iter().any(|word| contains_word(&kept, word.as_bytes())) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        kept.drain(..kept.len().saturating_sub(overlap + 1));
    }
}

/// Whether `word` stands in `text` and is not a part of a longer word.
fn contains_word(text: &[u8], word: &[u8]) -> bool {
    let part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let whole = |at: usize| !part(at.checked_sub(1).and_then(|i| text.get(i))) && !part(text.get(at + word.len()));
    text.windows(word.len()).enumerate().any(|(at, window)| window == word && whole(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_as_a_word_only() {
        assert!(contains_word(b"row,C-1,x", b"C-1") && contains_word(b"C-1", b"C-1"));
        assert!(!contains_word(b"row,C-12,x", b"C-1") && !contains_word(b"", b"C-1"));
    }
}
