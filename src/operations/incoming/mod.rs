//! Takes what came back: mails (a pipe, a Maildir) and events of providers (signed). Each thing counts once, however often it is
//! brought; what belongs to none of our messages changes nothing.

mod answer;
mod apply;
mod guard;
pub mod inquiries;
pub mod maildir;
pub mod provider;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::deliveries::incoming::{self, log};
use crate::deliveries::{Delivery, outbox::find};
use crate::error::{Kind, Result};
use crate::ids::{DeliveryId, hex};
use crate::operations::Workspace;
use crate::storage::Connection;

/// What became of something that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// `bounce`, `delay`, `delivered`, `complaint`, `opt_out`, `reply` or `automatic`.
    pub kind: &'static str,
    /// The message it belongs to.
    pub delivery: Option<DeliveryId>,
    /// False when it had come in before.
    pub new: bool,
}

/// Takes a mail as it came, headers and body.
///
/// # Errors
/// Invalid when it is no mail; nothing is then changed.
pub fn take_mail(ws: &Workspace, raw: &[u8]) -> Result<Taken> {
    let mail = incoming::read(raw)?;
    let delivery = mail.tokens.iter().find_map(|token| ws.link_keys().read_return_token(token));
    let digest = digest(raw);
    let kind = mail.says.name();
    let now = ws.now();
    let (taken, row) = ws.store().write(|conn| {
        let row = delivery.map_or(Ok(None), |id| known(conn, id))?;
        let id = row.as_ref().map(|row| row.id);
        let new = log::is_new(conn, &digest, kind, id, now)?;
        if let (true, Some(row)) = (new, &row) {
            apply::apply(conn, ws, row, &mail.says, &digest, now)?;
        }
        Ok((Taken { kind, delivery: id, new }, row))
    })?;
    after(ws, &taken, row.as_ref())?;
    Ok(taken)
}

/// A receiver refused a message while it was handed over: what an enhanced status in its words says of the address holds as if it
/// had come back by mail.
pub(super) fn refused(conn: &mut Connection, row: &Delivery, text: &str, now: Timestamp) -> Result<()> {
    match incoming::Status::find(text) {
        Some(status) => apply::bounced(conn, row, Some(status), status.class(), now),
        None => Ok(()),
    }
}

/// What follows in transactions of its own: a campaign that does harm stops.
fn after(ws: &Workspace, taken: &Taken, row: Option<&Delivery>) -> Result<()> {
    tracing::info!(kind = taken.kind, matched = row.is_some(), new = taken.new, "came back");
    match row {
        Some(row) if taken.new && matches!(taken.kind, "complaint" | "bounce") => guard::look(ws, row.campaign_run_id),
        _ => Ok(()),
    }
}

/// The delivery, if there is one.
fn known(conn: &mut Connection, id: DeliveryId) -> Result<Option<Delivery>> {
    match find::by_id(conn, id) {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

/// Thirty days before `now`: for so long bounces and complaints count.
fn month_before(now: Timestamp) -> Timestamp {
    now.plus(-30 * crate::clock::DAY)
}
