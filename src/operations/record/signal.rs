//! The signals of a message: what its links and its hidden image tell, and what a click on "unsubscribe" does.

use super::own::{OwnInteraction, append_own};
use crate::clock::Timestamp;
use crate::customers::{Consent, consent, store as customers};
use crate::deliveries::Delivery;
use crate::deliveries::outbox::find;
use crate::error::Result;
use crate::ids;
use crate::messages::Token;
use crate::operations::Workspace;
use crate::operations::webhooks::news;
use crate::outcomes::{Outcome, SignalKind};
use crate::storage::Connection;

/// Records a signal of a message: an open, a click, an unsubscribe, ... The same kind of signal of one message counts once an
/// hour, so that a scanner that loads a link a thousand times leaves few rows.
///
/// # Errors
/// Not found, when the message does not exist.
pub fn signal(ws: &Workspace, token: &Token, kind: SignalKind) -> Result<()> {
    let now = ws.now();
    ws.store().write(|conn| {
        let delivery = find::by_id(conn, token.delivery)?;
        signal_in(conn, &delivery, kind, token.link, now)
    })
}

/// The same in a transaction of the caller's.
pub fn signal_in(
    conn: &mut Connection,
    delivery: &Delivery,
    kind: SignalKind,
    link: u16,
    now: Timestamp,
) -> Result<()> {
    let hour = now.0.div_euclid(crate::clock::HOUR);
    let row = Outcome {
        id: ids::fresh(now),
        kind: kind.name().into(),
        customer_id: delivery.customer_id,
        delivery_id: Some(delivery.id),
        decision_id: None,
        campaign_run_id: Some(delivery.campaign_run_id),
        occurred_at: now,
        value: None,
        source_key: format!("{}/{}/{link}/{hour}", delivery.id, kind.name()),
    };
    let new = news::heard(conn, &[row])?;
    if new == 1 && matches!(kind, SignalKind::Open | SignalKind::Click | SignalKind::Unsubscribe) {
        answered(conn, delivery, kind, now)?;
    }
    Ok(())
}

/// The signal as a fact, for features and models.
fn answered(conn: &mut Connection, delivery: &Delivery, kind: SignalKind, now: Timestamp) -> Result<()> {
    if customers::by_id(conn, delivery.customer_id)?.is_none() {
        // Somebody who was erased: the signal is counted, and nothing is remembered.
        return Ok(());
    }
    let outcome = match kind {
        SignalKind::Open => "opened",
        SignalKind::Click => "clicked",
        _ => "unsubscribed",
    };
    let seen = OwnInteraction {
        customer: delivery.customer_id,
        key: format!("{outcome}-{}", delivery.id),
        direction: "in",
        channel: &delivery.channel,
        reason: "campaign",
        outcome,
        cost: Some(0),
        campaign: None,
        delivery: Some(delivery.id),
    };
    append_own(conn, &[seen], now).map(drop)
}

/// Ends the permission for marketing by the channel of a message. Effective at once: what is planned is looked at again before
/// it is sent. Asking twice changes nothing.
///
/// # Errors
/// Not found, when the message does not exist.
pub fn unsubscribe(ws: &Workspace, token: &Token) -> Result<()> {
    let now = ws.now();
    let channel = ws.store().write(|conn| {
        let delivery = find::by_id(conn, token.delivery)?;
        unsubscribe_in(conn, &delivery, "unsubscribe link of", now)?;
        Ok(delivery.channel)
    })?;
    tracing::info!(channel, "unsubscribed");
    Ok(())
}

/// The same in a transaction of the caller's; `source` says how it was asked for.
pub fn unsubscribe_in(conn: &mut Connection, delivery: &Delivery, source: &str, now: Timestamp) -> Result<()> {
    withdraw_in(conn, delivery, source, now)?;
    signal_in(conn, delivery, SignalKind::Unsubscribe, 0, now)
}

/// Withdraws the consent to marketing by the channel of a message.
pub fn withdraw_in(conn: &mut Connection, delivery: &Delivery, source: &str, now: Timestamp) -> Result<()> {
    let withdrawn = Consent {
        customer_id: delivery.customer_id,
        channel: delivery.channel.clone(),
        purpose: consent::MARKETING.into(),
        granted: false,
        legal_basis: "consent".into(),
        source: format!("{source} delivery {}", delivery.id),
        recorded_at: now,
    };
    customers::record_consents(conn, &[withdrawn]).map(drop)
}
