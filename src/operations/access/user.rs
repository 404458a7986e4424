//! Users: people who log in to the console. Passwords are kept as Argon2id hashes.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use diesel::prelude::*;
use serde::Serialize;

use super::Role;
use crate::clock::Timestamp;
use crate::customers::profile::is_email;
use crate::error::{Error, Fault, Result};
use crate::ids;
use crate::operations::{Workspace, audit};
use crate::storage::Connection;
use crate::storage::schema::{user_session, workspace_user};

/// A person who may log in.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = workspace_user)]
pub struct User {
    /// Their id.
    pub id: i64,
    /// The name they log in with.
    pub email: String,
    /// What they may do.
    pub role: String,
    /// Argon2id, in the PHC form.
    #[serde(skip)]
    pub password_hash: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Since when they may no longer log in.
    pub disabled_at: Option<Timestamp>,
}

/// Adds a user.
///
/// # Errors
/// Invalid address, role or password; conflict, when the address is taken.
pub fn create(ws: &Workspace, email: &str, role: Role, password: &str, actor: &str) -> Result<User> {
    let email = email.trim().to_lowercase();
    let mut faults = password_faults(password);
    if !is_email(&email) {
        faults.push(Fault::at("email", "is not an e-mail address"));
    }
    if !role.is_for_people() {
        faults.push(Fault::at("role", "is for keys; a user is a viewer, marketer or admin"));
    }
    if !faults.is_empty() {
        return Err(Error::faults("the user cannot be added", faults));
    }
    let now = ws.now();
    let row = User {
        id: ids::fresh(now),
        email,
        role: role.as_str().into(),
        password_hash: hash_password(password)?,
        created_at: now,
        disabled_at: None,
    };
    ws.store().write(|conn| {
        if by_email(conn, &row.email)?.is_some() {
            return Err(Error::conflict("there is a user with this address"));
        }
        diesel::insert_into(workspace_user::table).values(&row).execute(conn)?;
        audit::write(conn, actor, "user.create", &row.id.to_string(), role.as_str(), now)
    })?;
    Ok(row)
}

/// All users, by address.
pub fn list(ws: &Workspace) -> Result<Vec<User>> {
    ws.store()
        .read(|conn| Ok(workspace_user::table.order(workspace_user::email).select(User::as_select()).load(conn)?))
}

/// Sets a new password and ends every session of the user: whoever knew the old one is out.
///
/// # Errors
/// Not found; invalid password.
pub fn set_password(ws: &Workspace, email: &str, password: &str, actor: &str) -> Result<()> {
    let faults = password_faults(password);
    if !faults.is_empty() {
        return Err(Error::faults("the password cannot be used", faults));
    }
    let hash = hash_password(password)?;
    change(ws, email, "user.set_password", actor, |conn, user| {
        let row = workspace_user::table.find(user.id);
        Ok(diesel::update(row).set(workspace_user::password_hash.eq(hash)).execute(conn)?)
    })
}

/// Lets a user log in no more, and ends every session.
///
/// # Errors
/// Not found.
pub fn disable(ws: &Workspace, email: &str, actor: &str) -> Result<()> {
    let now = ws.now();
    change(ws, email, "user.disable", actor, |conn, user| {
        let row = workspace_user::table.find(user.id);
        Ok(diesel::update(row).set(workspace_user::disabled_at.eq(now)).execute(conn)?)
    })
}

fn change(
    ws: &Workspace,
    email: &str,
    action: &str,
    actor: &str,
    how: impl FnOnce(&mut Connection, &User) -> Result<usize>,
) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        let user = by_email(conn, &email.trim().to_lowercase())?
            .ok_or_else(|| Error::not_found("there is no user with this address"))?;
        how(conn, &user)?;
        diesel::delete(user_session::table.filter(user_session::user_id.eq(user.id))).execute(conn)?;
        audit::write(conn, actor, action, &user.id.to_string(), "", now)
    })
}

/// How an actor of the audit is called by people: `user:<id>` is that user's address; others stay as they are.
pub fn name_of(conn: &mut Connection, actor: &str) -> Result<String> {
    let Some(id) = actor.strip_prefix("user:").and_then(|id| id.parse::<i64>().ok()) else {
        return Ok(actor.to_owned());
    };
    let found: Option<String> = workspace_user::table.find(id).select(workspace_user::email).first(conn).optional()?;
    Ok(found.unwrap_or_else(|| actor.to_owned()))
}

pub(super) fn by_email(conn: &mut Connection, email: &str) -> Result<Option<User>> {
    let found = workspace_user::table.filter(workspace_user::email.eq(email)).select(User::as_select());
    Ok(found.first(conn).optional()?)
}

fn password_faults(password: &str) -> Vec<Fault> {
    if (10..=200).contains(&password.chars().count()) {
        Vec::new()
    } else {
        vec![Fault::at("password", "must have 10 to 200 characters")]
    }
}

fn hash_password(password: &str) -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::unavailable("the system gives no entropy").caused_by(error.to_string()))?;
    let failed = |error: argon2::password_hash::Error| {
        Error::internal("the password could not be hashed").caused_by(error.to_string())
    };
    let salt = SaltString::encode_b64(&bytes).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// Whether the password is the user's. Without a user it takes as long and says no, so that time does not tell who is one.
pub(super) fn verify_password(user: Option<&User>, password: &str) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbCE$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let kept = user.map_or(NOBODY, |user| user.password_hash.as_str());
    let right =
        PasswordHash::new(kept).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    right && user.is_some_and(|user| user.disabled_at.is_none())
}
