//! Inquiries: what customers ask in reply to a message.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, answered};
use crate::customers::store as customers;
use crate::deliveries::incoming::Wish;
use crate::deliveries::incoming::log::{self, Inquiry};
use crate::error::{Error, Fault, Result};
use crate::ids;
use crate::operations::{Workspace, audit};

/// Longest text of an inquiry.
const LONGEST: usize = 4_000;

/// A question that came another way than in reply to a message: by telephone, in a shop, from another system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewInquiry {
    /// The company's own key of who asks.
    pub customer: String,
    /// By which channel.
    pub channel: String,
    /// What they ask.
    pub text: String,
}

/// Opens an inquiry, and records it as an interaction.
///
/// # Errors
/// Not found; invalid, with every fault.
pub fn open(ws: &Workspace, new: &NewInquiry, actor: &str) -> Result<Inquiry> {
    let mut faults = Vec::new();
    let sound = |text: &str| text.chars().all(|c| !c.is_control() || c == '\n');
    if new.text.trim().is_empty() || new.text.chars().count() > LONGEST || !sound(&new.text) {
        faults.push(Fault::at("text", format!("must have 1 to {LONGEST} characters and no control characters")));
    }
    if !crate::offers::offer::is_name(&new.channel) {
        faults.push(Fault::at("channel", "must be a name such as call"));
    }
    if !faults.is_empty() {
        return Err(Error::faults("the inquiry cannot be kept", faults));
    }
    let now = ws.now();
    ws.store().write(|conn| {
        let customer = customers::by_external_id(conn, &new.customer)?.id;
        let key = format!("desk-{}", ids::fresh(now));
        let asked =
            Answer { customer, delivery: None, channel: &new.channel, wish: Wish::Asks, text: &new.text, key: &key };
        answered(conn, ws, &asked, now)?;
        audit::write(conn, actor, "inquiry.open", &customer.to_string(), &new.channel, now)?;
        let opened = log::open_of(conn, customer)?.pop();
        opened.ok_or_else(|| Error::internal("the inquiry was just opened"))
    })
}

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
