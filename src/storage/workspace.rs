//! What belongs to the workspace as a whole: its secrets, made once and kept in the store.

use diesel::prelude::*;

use super::schema::workspace;
use super::{Connection, Store};
use crate::error::{Error, Result};
use crate::ids::IdKey;

/// Reads a value of the workspace.
pub fn get(conn: &mut Connection, name: &str) -> Result<Option<String>> {
    let value = workspace::table.find(name).select(workspace::value).first::<String>(conn).optional()?;
    Ok(value)
}

/// Sets a value of the workspace.
pub fn set(conn: &mut Connection, name: &str, value: &str) -> Result<()> {
    let changed = diesel::update(workspace::table.find(name)).set(workspace::value.eq(value)).execute(conn)?;
    if changed == 0 {
        diesel::insert_into(workspace::table)
            .values((workspace::name.eq(name), workspace::value.eq(value)))
            .execute(conn)?;
    }
    Ok(())
}

/// The secret `name` of 32 bytes, made from the operating system's entropy when it is first asked for.
///
/// `seeded` replaces the entropy for the simulated company, whose runs must be repeatable byte for byte.
pub fn secret(store: &Store, name: &str, seeded: Option<[u8; 32]>) -> Result<[u8; 32]> {
    store.write(|conn| {
        if let Some(hex) = get(conn, name)? {
            return from_hex(&hex).ok_or_else(|| Error::internal(format!("the workspace's `{name}` is damaged")));
        }
        let mut bytes = [0u8; 32];
        match seeded {
            Some(seed) => bytes = seed,
            None => getrandom::fill(&mut bytes)
                .map_err(|error| Error::unavailable("the system gives no entropy").caused_by(error.to_string()))?,
        }
        set(conn, name, &crate::ids::hex(&bytes))?;
        Ok(bytes)
    })
}

/// The key under which customers' ids are made.
pub fn id_key(store: &Store, seeded: Option<[u8; 32]>) -> Result<IdKey> {
    let bytes = secret(store, "id_key", seeded)?;
    let mut key = [0u8; 16];
    key.copy_from_slice(&bytes[..16]);
    Ok(IdKey(key))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
