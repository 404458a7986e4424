//! Sessions of the console: a random token in a cookie, its hash here, and a second one that every form must carry.

use diesel::prelude::*;

use super::{Role, secret, user};
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::error::Result;
use crate::ids;
use crate::operations::Workspace;
use crate::storage::Connection;
use crate::storage::schema::{login_failure, user_session, workspace_user};

/// Failed log-ins of one account in one minute after which it must wait.
pub const FAILURES_A_MINUTE: i64 = 5;
/// How long a session lasts.
pub const SESSION: i64 = 12 * HOUR;

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Whose session it is.
    pub user_id: i64,
    /// The name they logged in with; the actor of what they do.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// What every form of theirs must carry, so that no other site can post in their name.
    pub form_token: String,
}

/// What came of trying to log in.
#[derive(Debug)]
pub enum Login {
    /// The token for the cookie.
    Welcome(String),
    /// Address or password is wrong; which of them is not said.
    Refused,
    /// Too many failures in the last minute.
    Wait,
}

#[derive(Insertable)]
#[diesel(table_name = user_session)]
struct Row {
    token_hash: String,
    user_id: i64,
    form_token: String,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Tries to log in.
pub fn log_in(ws: &Workspace, email: &str, password: &str) -> Result<Login> {
    let email = email.trim().to_lowercase();
    let account = secret::hash(&email);
    let now = ws.now();
    let (failures, known) =
        ws.store().read(|conn| Ok((failures(conn, &account, now)?, user::by_email(conn, &email)?)))?;
    if failures >= FAILURES_A_MINUTE {
        return Ok(Login::Wait);
    }
    let right = user::verify_password(known.as_ref(), password);
    let Some(user) = known.filter(|_| right) else {
        ws.store().write(|conn| note_failure(conn, &account, now))?;
        return Ok(Login::Refused);
    };
    let token = secret::fresh()?;
    let row = Row {
        token_hash: secret::hash(&token),
        user_id: user.id,
        form_token: secret::fresh()?,
        created_at: now,
        expires_at: now.plus(SESSION),
    };
    ws.store().write(|conn| {
        diesel::delete(user_session::table.filter(user_session::expires_at.lt(now))).execute(conn)?;
        diesel::insert_into(user_session::table).values(&row).execute(conn)?;
        Ok(())
    })?;
    Ok(Login::Welcome(token))
}

/// The session behind a cookie; `None` when there is none, it has expired, or the user may no longer log in.
pub fn find(ws: &Workspace, token: &str) -> Result<Option<Session>> {
    let now = ws.now();
    let found: Option<(i64, String, String, String)> = ws.store().read(|conn| {
        Ok(user_session::table
            .inner_join(workspace_user::table.on(workspace_user::id.eq(user_session::user_id)))
            .filter(user_session::token_hash.eq(secret::hash(token)))
            .filter(user_session::expires_at.gt(now))
            .filter(workspace_user::disabled_at.is_null())
            .select((user_session::user_id, workspace_user::email, workspace_user::role, user_session::form_token))
            .first(conn)
            .optional()?)
    })?;
    found
        .map(|(user_id, email, role, form_token)| Ok(Session { user_id, email, role: Role::parse(&role)?, form_token }))
        .transpose()
}

/// Ends a session.
pub fn log_out(ws: &Workspace, token: &str) -> Result<()> {
    ws.store().write(|conn| {
        diesel::delete(user_session::table.find(secret::hash(token))).execute(conn)?;
        Ok(())
    })
}

fn failures(conn: &mut Connection, account: &str, now: Timestamp) -> Result<i64> {
    Ok(login_failure::table
        .filter(login_failure::account_hash.eq(account))
        .filter(login_failure::at.gt(now.plus(-MINUTE)))
        .count()
        .get_result(conn)?)
}

fn note_failure(conn: &mut Connection, account: &str, now: Timestamp) -> Result<()> {
    diesel::delete(login_failure::table.filter(login_failure::at.lt(now.plus(-DAY)))).execute(conn)?;
    diesel::insert_into(login_failure::table)
        .values((
            login_failure::id.eq(ids::fresh(now)),
            login_failure::account_hash.eq(account),
            login_failure::at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}
