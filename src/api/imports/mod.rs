//! `/v1/imports`: files are taken, imported in the background, and what became of their lines is shown.
//!
//! ```text
//!  body -> receive: <data>/uploads/<import> (bounded memory, limit) -> check kind, mapping, columns -> submit: row + job -> 202
//! ```

pub mod get;
pub mod list;
pub mod post;
mod receive;
pub mod rejects;
pub mod shown;

use super::auth::Caller;
use crate::error::{Error, Result};
use crate::history::import::log::{self, Logged};
use crate::operations::Workspace;
use crate::operations::access::Permission;

/// An import that the caller may see: one's own, and with this permission those of others.
fn find(ws: &Workspace, caller: &Caller, others: Permission, id: i64) -> Result<Logged> {
    let found = ws.store().read(|conn| log::by_id(conn, id))?;
    let seen = found.filter(|row| row.actor == caller.actor || caller.role.may(others));
    seen.ok_or_else(|| Error::not_found(format!("there is no import {id}")))
}
