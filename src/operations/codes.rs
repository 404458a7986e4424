//! Adds single-use codes to an offer's list.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::offers::{codes, store as offers};
use crate::storage::Connection;

/// Adds codes; those that are on the list stay as they are, given or not. Returns how many were new.
///
/// # Errors
/// Invalid, when there is no such offer.
pub fn add_codes(conn: &mut Connection, offer: &str, list: &[String], now: Timestamp) -> Result<usize> {
    let known = offers::by_name(conn, offer).map_err(|error| match error.kind() {
        Kind::NotFound => Error::invalid(format!("there is no offer `{offer}`; import the offer before its codes")),
        _ => error,
    })?;
    let list: Vec<String> = list.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect();
    let new = codes::add(conn, known.id, &list, now)?;
    // Whoever has the offer at hand must learn that it has codes now.
    offers::touch(conn, known.id, now)?;
    Ok(new)
}
