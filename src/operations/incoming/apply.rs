//! What follows from a report or a reply, in the transaction that notes it.

use super::{answer, month_before};
use crate::clock::Timestamp;
use crate::customers::suppression::{self, Suppression, address_hash};
use crate::deliveries::incoming::log::{self, Bounce};
use crate::deliveries::incoming::{Class, Says, Status};
use crate::deliveries::outbox::resolve::{Resolution, resolve};
use crate::deliveries::{Delivery, State};
use crate::error::Result;
use crate::ids;
use crate::operations::checks::Checks;
use crate::operations::{Workspace, audit, record};
use crate::outcomes::SignalKind;
use crate::storage::Connection;

/// So many soft bounces within 30 days, and the address is given up.
const MOST_SOFT: i64 = 5;

/// Applies what `says` means for `row`; `key` names what came in.
pub(super) fn apply(
    conn: &mut Connection,
    ws: &Workspace,
    row: &Delivery,
    says: &Says,
    key: &str,
    now: Timestamp,
) -> Result<()> {
    // Whoever reports on a message, or answers it, had it: what was uncertain is proven.
    if row.state == State::Held && !matches!(says, Says::Automatic) {
        resolve(conn, row.id, Resolution::Arrived, "a report or reply that came back", now, &Checks::new(ws))?;
    }
    match says {
        Says::Bounced { status, class } => bounced(conn, row, *status, *class, now),
        Says::Complained => complained(conn, row, now),
        Says::OptedOut => record::unsubscribe_in(conn, row, "feedback report about", now),
        Says::Replied { wish, text } => answer::answered(conn, ws, &answer::Answer::to(row, *wish, text, key), now),
        Says::Delayed | Says::Delivered | Says::Automatic => Ok(()),
    }
}

pub(super) fn bounced(
    conn: &mut Connection,
    row: &Delivery,
    status: Option<Status>,
    class: Class,
    now: Timestamp,
) -> Result<()> {
    let hash = address_hash(&row.channel, &row.address);
    log::add_bounce(
        conn,
        &Bounce {
            id: ids::fresh(now),
            delivery_id: row.id,
            campaign_run_id: row.campaign_run_id,
            channel: row.channel.clone(),
            address_hash: hash.clone(),
            class: class.name().into(),
            status: status.map(|status| status.to_string()),
            occurred_at: now,
        },
    )?;
    record::signal_in(conn, row, SignalKind::Bounce, 0, now)?;
    let give_up = match class {
        Class::Hard => true,
        Class::Soft => log::bounces(conn, &row.channel, &hash, Class::Soft.name(), month_before(now))? >= MOST_SOFT,
        Class::Policy => false,
    };
    if give_up { suppress(conn, row, "bounce", now) } else { Ok(()) }
}

fn complained(conn: &mut Connection, row: &Delivery, now: Timestamp) -> Result<()> {
    record::signal_in(conn, row, SignalKind::Complaint, 0, now)?;
    record::withdraw_in(conn, row, "complaint about", now)?;
    suppress(conn, row, "complaint", now)
}

/// The address of an erased person is gone, and cannot be written to anyhow.
fn suppress(conn: &mut Connection, row: &Delivery, reason: &str, now: Timestamp) -> Result<()> {
    if row.address.is_empty() {
        return Ok(());
    }
    let entry = Suppression {
        channel: row.channel.clone(),
        address_hash: address_hash(&row.channel, &row.address),
        reason: reason.into(),
        created_at: now,
    };
    if suppression::suppress(conn, &[entry])? == 1 {
        audit::write(conn, "incoming", "suppression.add", &row.customer_id.to_string(), reason, now)?;
    }
    Ok(())
}
