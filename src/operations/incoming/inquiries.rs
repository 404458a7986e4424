//! Inquiries: what customers ask in reply to a message.

use crate::deliveries::incoming::log::{self, Inquiry};
use crate::error::{Error, Fault, Result};
use crate::operations::{Workspace, audit};

/// A page of inquiries in one state: `open`, `noted` or `closed`.
///
/// # Errors
/// Invalid for another state.
pub fn list(ws: &Workspace, state: &str, after: Option<i64>, limit: i64) -> Result<Vec<Inquiry>> {
    if ![log::OPEN, log::NOTED, log::CLOSED].contains(&state) {
        let fault = Fault::at("state", format!("`{state}` is none of open, noted, closed"));
        return Err(Error::faults("the inquiries cannot be listed", vec![fault]));
    }
    ws.store().read(|conn| log::inquiries(conn, state, after, limit))
}

/// Closes an inquiry that somebody has answered.
///
/// # Errors
/// Not found; conflict when it is closed already.
pub fn close(ws: &Workspace, id: i64, actor: &str) -> Result<Inquiry> {
    let now = ws.now();
    ws.store().write(|conn| {
        let closed = log::close_inquiry(conn, id, actor, now)?;
        audit::write(conn, actor, "inquiry.close", &closed.customer_id.to_string(), &id.to_string(), now)?;
        Ok(closed)
    })
}
