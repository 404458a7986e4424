//! Sends to the missing: everyone of a run whose message failed gets another, once, and nobody who may have the first.
//!
//! What failed stays as it was, so that the run's history is whole; the new message is a row of its own whose occasion is the old
//! one and `/again`. The unique key of the outbox then makes a second call plan nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::campaigns::{Action, RunState};
use crate::clock::Timestamp;
use crate::customers::{Contact, contact_ledger, store as customers};
use crate::decisions::{reservation, store as decisions};
use crate::deliveries::{Delivery, NewDelivery, State, outbox};
use crate::error::{Error, Kind, Result};
use crate::ids::CampaignRunId;
use crate::offers::store as offers;
use crate::operations::{Workspace, audit, send};
use crate::storage::Connection;

/// Rows looked at in one transaction.
const CHUNK: i64 = 500;

/// What was planned anew, and who stays without.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Resent {
    /// Messages planned anew.
    pub planned: u64,
    /// Those whose message failed and who get no other, by reason.
    pub left: BTreeMap<String, u64>,
    /// Messages of which nobody knows whether they arrived: settle them first.
    pub held: i64,
}

/// Plans another message for everyone of `run` whose message failed.
///
/// # Errors
/// Not found; conflict when the run was cancelled, is paused, or its campaign runs for another occasion.
pub fn resend(ws: &Workspace, run: CampaignRunId, actor: &str) -> Result<Resent> {
    let now = ws.now();
    let mut resent = Resent::default();
    let mut after = None;
    loop {
        let seen = after;
        let (rows, chunk) = ws.store().write(|conn| {
            let campaign_class = wake(conn, run, actor, now)?;
            let rows = outbox::find::of_run(conn, run, Some(State::Failed), seen, CHUNK)?;
            let mut chunk = Resent::default();
            for row in &rows {
                match again(conn, ws, row, &campaign_class, now)? {
                    None => chunk.planned += 1,
                    Some(reason) => *chunk.left.entry(reason.to_owned()).or_default() += 1,
                }
            }
            Ok((rows, chunk))
        })?;
        resent.planned += chunk.planned;
        for (reason, count) in chunk.left {
            *resent.left.entry(reason).or_default() += count;
        }
        match rows.last() {
            Some(last) => after = Some(last.id),
            None => break,
        }
    }
    let detail = format!("{} planned anew", resent.planned);
    resent.held = ws.store().write(|conn| {
        audit::write(conn, actor, "delivery.resend", &run.to_string(), &detail, now)?;
        Ok(outbox::reconcile(conn, run)?.held)
    })?;
    Ok(resent)
}

/// Sees to it that the run goes on, so that brakes and reconciliation know of its new messages. Returns its message class.
fn wake(conn: &mut Connection, run: CampaignRunId, actor: &str, now: Timestamp) -> Result<String> {
    let row = campaigns::run(conn, run)?;
    let campaign = campaigns::by_id(conn, row.campaign_id)?;
    let class = campaigns::version(conn, row.campaign_id, row.version)?.spec.class;
    if row.state == RunState::Sending.as_str() {
        return Ok(class);
    }
    if row.state != RunState::Finished.as_str() {
        return Err(Error::conflict(format!("the run is {}; nothing of it is sent again", row.state)));
    }
    let failed = outbox::find::of_run(conn, run, Some(State::Failed), None, 1)?;
    if !failed.is_empty() {
        campaigns::act(conn, &campaign, Action::Start, actor, now)?;
        campaigns::set_run_state(conn, run, RunState::Sending, now)?;
    }
    Ok(class)
}

/// Plans another message for one who got none; `Some` says why not.
fn again(
    conn: &mut Connection,
    ws: &Workspace,
    row: &Delivery,
    class: &str,
    now: Timestamp,
) -> Result<Option<&'static str>> {
    let Some(customer) = customers::by_id(conn, row.customer_id)? else { return Ok(Some("erased")) };
    let Some(address) = customer.address_for(&row.channel) else { return Ok(Some("no_address")) };
    let new = NewDelivery {
        campaign_run_id: row.campaign_run_id,
        customer_id: row.customer_id,
        step: row.step,
        occasion: format!("{}/again", row.occasion),
        channel: row.channel.clone(),
        address: address.to_owned(),
        next_at: now,
        template_version: row.template_version.clone(),
        variables: outbox::find::variables(conn, row.id)?,
        cost: row.cost,
    };
    let id = new.id(ws.id_key());
    match outbox::find::by_id(conn, id) {
        Ok(_) => return Ok(Some("sent_again_before")),
        Err(error) if error.kind() == Kind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Budget, channel and code of the first attempt went back to the campaign and may be somebody else's by now.
    if reservation::find(conn, row.id.0)?.is_some() {
        return Ok(Some("gave_back_what_is_scarce"));
    }
    if let Some(offer) = decisions::offer_of(conn, row.campaign_run_id, row.customer_id, row.ordinal())? {
        match offers::reserve(conn, offer, 1) {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Conflict => return Ok(Some("out_of_stock")),
            Err(error) => return Err(error),
        }
    }
    let domain = send::sender(ws)?.domain().to_owned();
    outbox::plan::plan(conn, ws.id_key(), ws.link_keys(), &domain, now, &[new])?;
    let contact = Contact {
        id: id.0,
        customer_id: row.customer_id,
        household: customer.household.clone(),
        channel: row.channel.clone(),
        message_class: class.to_owned(),
        campaign_run_id: Some(row.campaign_run_id),
        delivery_id: Some(id),
        at: now,
        state: contact_ledger::RESERVED.into(),
    };
    contact_ledger::insert(conn, &[contact])?;
    Ok(None)
}
