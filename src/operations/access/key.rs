//! API keys: `vzk_<id>_<secret>`. The id finds the row, the secret proves it; it is shown once, when the key is made.

use diesel::prelude::*;
use serde::Serialize;

use super::{Role, secret};
use crate::clock::{MINUTE, Timestamp};
use crate::error::{Error, Fault, Result};
use crate::ids;
use crate::operations::{Workspace, audit};
use crate::storage::schema::api_key;

/// A key as it is kept and listed; its secret is not among it.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_key)]
pub struct ApiKey {
    /// Its id, the middle part of the key.
    pub id: i64,
    /// What it is for, in people's words.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// SHA-256 of the secret.
    #[serde(skip)]
    pub secret_hash: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// Makes a key; the second value is the key itself, which cannot be shown again.
///
/// # Errors
/// Invalid, when the name is empty or too long, or the key would already have expired.
pub fn create(
    ws: &Workspace,
    name: &str,
    role: Role,
    expires_at: Option<Timestamp>,
    actor: &str,
) -> Result<(ApiKey, String)> {
    let now = ws.now();
    let mut faults = Vec::new();
    if name.trim().is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        faults.push(Fault::at("name", "must have 1 to 100 characters and no line breaks"));
    }
    if expires_at.is_some_and(|at| at <= now) {
        faults.push(Fault::at("expires_at", "lies in the past"));
    }
    if !faults.is_empty() {
        return Err(Error::faults("the key cannot be made", faults));
    }
    let secret = secret::fresh()?;
    let row = ApiKey {
        id: ids::fresh(now),
        name: name.trim().to_owned(),
        role: role.as_str().into(),
        secret_hash: secret::hash(&secret),
        created_by: actor.to_owned(),
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    ws.store().write(|conn| {
        diesel::insert_into(api_key::table).values(&row).execute(conn)?;
        audit::write(conn, actor, "key.create", &row.id.to_string(), role.as_str(), now)
    })?;
    let shown = format!("vzk_{}_{secret}", row.id);
    Ok((row, shown))
}

/// The key behind what a caller sent; `None` for every reason to refuse it, so that a refusal tells nothing.
pub fn authenticate(ws: &Workspace, sent: &str) -> Result<Option<ApiKey>> {
    let Some((id, secret)) = sent.strip_prefix("vzk_").and_then(|rest| rest.split_once('_')) else { return Ok(None) };
    let Ok(id) = id.parse::<i64>() else { return Ok(None) };
    let found: Option<ApiKey> = ws
        .store()
        .read_one(|conn| Ok(api_key::table.find(id).select(ApiKey::as_select()).first(conn).optional()?))?;
    let now = ws.now();
    let Some(key) = found.filter(|key| {
        secret::same(&key.secret_hash, &secret::hash(secret))
            && key.revoked_at.is_none()
            && key.expires_at.is_none_or(|at| now < at)
    }) else {
        return Ok(None);
    };
    // To the minute: a busy key must not cost a write for each request.
    if key.last_used_at.is_none_or(|at| at.plus(MINUTE) <= now) {
        ws.store().write(|conn| {
            Ok(diesel::update(api_key::table.find(id)).set(api_key::last_used_at.eq(now)).execute(conn)?)
        })?;
    }
    Ok(Some(key))
}

/// All keys, newest first.
pub fn list(ws: &Workspace) -> Result<Vec<ApiKey>> {
    ws.store()
        .read(|conn| Ok(api_key::table.order(api_key::created_at.desc()).select(ApiKey::as_select()).load(conn)?))
}

/// Withdraws a key, at once and for good.
///
/// # Errors
/// Not found.
pub fn revoke(ws: &Workspace, id: i64, actor: &str) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        let row = api_key::table.find(id).filter(api_key::revoked_at.is_null());
        if diesel::update(row).set(api_key::revoked_at.eq(now)).execute(conn)? == 0 {
            return Err(Error::not_found("there is no such key, or it is withdrawn already"));
        }
        audit::write(conn, actor, "key.revoke", &id.to_string(), "", now)
    })
}
