//! Static segments: a list of keys becomes one, replaces its members or adds to them.

use std::collections::HashSet;

use serde::Serialize;

use super::tell_dependents;
use crate::customers::{Aliases, store as customers};
use crate::error::{Error, Fault, Result};
use crate::ids::CustomerId;
use crate::operations::{Workspace, audit};
use crate::segments::rule::store as rules;
use crate::segments::uploaded::{Key, StaticSegment, store};
use crate::storage::Connection;

/// Unknown keys that are named one by one; all are counted.
const NAMED: usize = 1_000;

/// What is done with a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The segment.
    pub name: &'a str,
    /// What people call it; as before when absent.
    pub title: Option<&'a str>,
    /// Whether the members so far stay.
    pub add: bool,
    /// Whether keys that no customer has are passed over, and named in the answer; without it they are faults, and nothing is kept.
    pub skip_unknown: bool,
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Uploaded {
    /// The segment as it is now.
    pub segment: StaticSegment,
    /// Keys in the list.
    pub keys: usize,
    /// Keys that stood in it before, or that are the same customer's.
    pub repeated: usize,
    /// Customers who entered.
    pub entered: usize,
    /// Customers who left.
    pub left: usize,
    /// Keys that no customer has.
    pub unknown_count: usize,
    /// The first thousand of them, each with its line.
    pub unknown: Vec<Unknown>,
}

/// A key that no customer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Where it stands.
    pub line: u64,
    /// The key.
    pub key: String,
}

/// Makes a static segment of a list, or changes one; in the caller's transaction, so that nobody is merged or erased meanwhile.
///
/// # Errors
/// Invalid, naming each unknown key with its line, or when a segment by rule has this name; nothing is then changed.
pub fn upload(ws: &Workspace, conn: &mut Connection, asked: &Asked<'_>, keys: &[Key], actor: &str) -> Result<Uploaded> {
    check_name(conn, asked)?;
    let now = ws.now();
    let ids: Vec<CustomerId> = keys.iter().map(|key| ws.id_key().customer(&key.key)).collect();
    let aliases = Aliases::of(conn, &ids)?;
    let ids: Vec<CustomerId> = ids.into_iter().map(|id| aliases.canonical(id)).collect();
    let known = customers::external_ids(conn, &ids)?;
    let (mut members, mut seen, mut unknown) = (Vec::new(), HashSet::new(), Vec::new());
    for (key, id) in keys.iter().zip(&ids) {
        if !known.contains_key(id) {
            unknown.push(Unknown { line: key.line, key: key.key.clone() });
        } else if seen.insert(*id) {
            members.push(*id);
        }
    }
    if !asked.skip_unknown && !unknown.is_empty() {
        return Err(refused(asked.name, &unknown));
    }
    let repeated = keys.len() - members.len() - unknown.len();
    let segment = store::begin(conn, asked.name, actor, now)?;
    let left = if asked.add { Vec::new() } else { store::keep_only(conn, segment.id, &members)? };
    let entered = store::add(conn, segment.id, &members, now)?;
    let segment = store::uploaded(conn, &segment, asked.title, actor, now)?;
    let changes: Vec<(CustomerId, bool)> =
        entered.iter().map(|id| (*id, true)).chain(left.iter().map(|id| (*id, false))).collect();
    tell_dependents(conn, asked.name, &changes, now)?;
    let detail = format!("version {}, {} customers", segment.version, segment.size);
    audit::write(conn, actor, "segment.upload", asked.name, &detail, now)?;
    let unknown_count = unknown.len();
    unknown.truncate(NAMED);
    let (entered, left) = (entered.len(), left.len());
    Ok(Uploaded { segment, keys: keys.len(), repeated, entered, left, unknown_count, unknown })
}

fn check_name(conn: &mut Connection, asked: &Asked<'_>) -> Result<()> {
    let mut faults = Vec::new();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if asked.name.is_empty() || asked.name.len() > 100 || !asked.name.chars().all(plain) {
        faults.push(Fault::at("name", "must be 1 to 100 letters, digits, `-`, `_`, `.`"));
    } else if ["preview", "lookalike"].contains(&asked.name) {
        faults.push(Fault::at("name", format!("`{}` has a meaning of its own; choose another", asked.name)));
    } else if rules::find(conn, asked.name)?.is_some() {
        faults.push(Fault::at("name", format!("`{}` is a segment by rule; choose another name", asked.name)));
    }
    if asked.title.is_some_and(|title| title.len() > 200 || title.chars().any(char::is_control)) {
        faults.push(Fault::at("title", "must be at most 200 characters without control characters"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::faults("the list cannot become a segment", faults)) }
}

fn refused(name: &str, unknown: &[Unknown]) -> Error {
    let fault = |unknown: &Unknown| {
        Fault::at("customer", format!("no customer has the key `{}`", unknown.key)).on_line(unknown.line)
    };
    let message = format!(
        "the list for `{name}` names {} keys that no customer has; nothing was changed. Import these customers first, or say that \
         unknown keys are to be passed over",
        unknown.len()
    );
    Error::faults(message, unknown.iter().take(NAMED).map(fault).collect())
}
