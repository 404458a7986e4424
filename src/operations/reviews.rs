//! What waits for a person's word: shown with its why, released, refused, or lapsed when nobody came in time.

use serde::{Deserialize, Serialize};

use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::decisions::review::{self, Review, State};
use crate::decisions::store as decisions;
use crate::deliveries::outbox;
use crate::error::{Error, Fault, Result};
use crate::ids::DeliveryId;
use crate::operations::checks::Checks;
use crate::operations::{Workspace, audit};
use crate::storage::Connection;

/// Reviews that lapse in one transaction.
const CHUNK: i64 = 200;
/// Longest reason.
const LONGEST: usize = 500;

/// One contact that waits, or waited, for a person's word.
#[derive(Debug, Serialize)]
pub struct ReviewShown {
    /// Its delivery; what to name when it is decided.
    pub delivery: DeliveryId,
    /// `waiting`, `released`, `refused` or `lapsed`.
    pub state: String,
    /// The company's own key of the customer; none when the customer was erased.
    pub customer: Option<String>,
    /// The campaign.
    pub campaign: String,
    /// The offer.
    pub offer: String,
    /// The channel.
    pub channel: String,
    /// When the contact was to be made.
    pub planned_for: Timestamp,
    /// When it is too late to decide.
    pub expires_at: Timestamp,
    /// Why this was decided, and why not each other: the decision's trace.
    pub trace: serde_json::Value,
    /// Why it was released or refused.
    pub reason: Option<String>,
    /// By whom.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The contact may be made.
    Release,
    /// It may not.
    Refuse,
}

/// Those in a state, the longest waiting first.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn list(ws: &Workspace, state: State, after: Option<DeliveryId>, limit: i64) -> Result<Vec<ReviewShown>> {
    ws.store().read(|conn| {
        let rows = review::page(conn, state, after, limit)?;
        rows.into_iter().map(|row| shown(conn, row)).collect()
    })
}

fn shown(conn: &mut Connection, row: Review) -> Result<ReviewShown> {
    let run = campaigns::run(conn, row.campaign_run_id)?;
    let trace = decisions::trace_of(conn, row.campaign_run_id, row.customer_id, row.ordinal)?;
    Ok(ReviewShown {
        delivery: row.id,
        state: row.state,
        customer: customers::by_id(conn, row.customer_id)?.map(|customer| customer.external_id),
        campaign: campaigns::by_id(conn, run.campaign_id)?.name,
        offer: row.offer,
        channel: row.channel,
        planned_for: row.planned_for,
        expires_at: row.expires_at,
        trace: trace.map_or(Ok(serde_json::Value::Null), |trace| serde_json::from_str(&trace))?,
        reason: row.reason,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
    })
}

/// Decides one of them. What is released goes through consent and contact policy once more before it is sent.
///
/// # Errors
/// Not found; invalid without a reason; conflict, when it was decided before, or its message was taken back.
pub fn decide(ws: &Workspace, id: DeliveryId, word: Word, reason: &str, actor: &str) -> Result<ReviewShown> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST {
        let fault = Fault::at("reason", format!("must have 1 to {LONGEST} characters: say why"));
        return Err(Error::faults("the review cannot be decided", vec![fault]));
    }
    let now = ws.now();
    ws.store().write(|conn| {
        let row =
            review::find(conn, id)?.ok_or_else(|| Error::not_found(format!("no review waits for delivery {id}")))?;
        if row.state == State::Waiting.as_str() && row.expires_at <= now {
            return Err(Error::conflict("it is too late: the campaign's window has ended"));
        }
        let (state, action) = match word {
            Word::Release => (State::Released, "review.release"),
            Word::Refuse => (State::Refused, "review.refuse"),
        };
        if !review::decide(conn, id, state, (actor, reason), now)? {
            return Err(Error::conflict(format!("it is {} already", row.state)));
        }
        let open = match word {
            Word::Release => outbox::waiting::release(conn, id, row.planned_for.max(now), now)?,
            Word::Refuse => outbox::waiting::take_back(conn, id, "refused in review", now, &Checks::new(ws))?,
        };
        if !open {
            return Err(Error::conflict("its message has been taken back in the meantime"));
        }
        audit::write(conn, actor, action, &id.to_string(), reason, now)?;
        let row = review::find(conn, id)?.ok_or_else(|| Error::internal("a review is never removed"))?;
        shown(conn, row)
    })
}

/// Takes back what nobody decided in time; how many.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn lapse(ws: &Workspace) -> Result<usize> {
    let now = ws.now();
    let checks = Checks::new(ws);
    let mut lapsed = 0;
    while !ws.store().read_one(|conn| review::expired(conn, now, 1))?.is_empty() {
        lapsed += ws.store().write(|conn| {
            let late = review::expired(conn, now, CHUNK)?;
            for row in &late {
                if review::decide(conn, row.id, State::Lapsed, ("vizavi", "nobody decided in time"), now)? {
                    outbox::waiting::take_back(conn, row.id, "not reviewed in time", now, &checks)?;
                }
            }
            Ok(late.len())
        })?;
    }
    Ok(lapsed)
}
