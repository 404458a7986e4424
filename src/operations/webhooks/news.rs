//! What happens, as webhooks are told it: keys of the company and numbers, no address, no text of a message, no profile.

use serde_json::{Value, json};

use crate::campaigns::store::{self as campaigns, Campaign};
use crate::clock::Timestamp;
use crate::decisions::store::DecisionRow;
use crate::deliveries::outbox::find;
use crate::deliveries::{Delivery, State};
use crate::error::Result;
use crate::operations::results::RunResults;
use crate::outcomes::{Outcome, store as outcomes};
use crate::storage::Connection;
use crate::webhooks::{Event, Wanted, event, outbox};

/// Hundredths of a minor unit in one.
const TICKS: i64 = 100;

/// Tells of the contacts that were decided. Neither of decisions for none, nor of the holdout's: those are made in shadow, and who
/// acted on them would spoil the comparison.
pub fn decided(conn: &mut Connection, campaign: &str, rows: &[DecisionRow]) -> Result<()> {
    let kind = "decision.made";
    let wanted = Wanted::read(conn)?;
    if !wanted.includes(kind) {
        return Ok(());
    }
    let made = rows.iter().filter(|row| row.offer.is_some() && row.arm().is_some_and(|arm| !arm.is_holdout()));
    let events = made.map(|row| {
        let data = json!({
            "decision": row.id.to_string(),
            "campaign": campaign,
            "run": row.campaign_run_id.map(|run| run.to_string()),
            "ordinal": row.ordinal,
            "arm": row.arm,
            "offer": row.offer,
            "channel": row.channel,
            "variant": row.variant,
            "not_before": row.slot_from,
            "until": row.slot_until,
            "value": row.value.div_euclid(TICKS),
            "propensity": row.propensity,
        });
        Event::of_customer(kind, row.customer_id, row.decided_at, data)
    });
    outbox::tell(conn, &wanted, events.collect())
}

/// Tells what became of messages, to those who want it.
pub fn delivered(
    conn: &mut Connection,
    wanted: &Wanted,
    deliveries: &[&Delivery],
    state: State,
    now: Timestamp,
) -> Result<()> {
    let Some(kind) = event::kind("delivery", state.name()).filter(|kind| wanted.includes(kind)) else { return Ok(()) };
    let tell = |delivery: &&Delivery| of_delivery(conn, delivery, kind, state, now);
    let told = deliveries.iter().map(tell).collect::<Result<_>>()?;
    outbox::tell(conn, wanted, told)
}

fn of_delivery(
    conn: &mut Connection,
    delivery: &Delivery,
    kind: &'static str,
    state: State,
    now: Timestamp,
) -> Result<Event> {
    // The row was read before the change; the reason stands in the one that is there now. What receivers said may hold addresses.
    let row = find::by_id(conn, delivery.id)?;
    let data = json!({
        "delivery": delivery.id.to_string(),
        "campaign": campaigns::name_of_run(conn, delivery.campaign_run_id)?,
        "run": delivery.campaign_run_id.to_string(),
        "step": delivery.step,
        "channel": delivery.channel,
        "state": state.name(),
        "reason": row.reason.filter(|reason| !reason.starts_with("resolved")),
        "reply_code": row.reply_code,
        "attempts": row.attempt,
    });
    Ok(Event::of_customer(kind, delivery.customer_id, now, data))
}

/// Writes outcomes down, and tells of those that are new; answers how many.
///
/// # Errors
/// Invalid for an unknown kind; Unavailable when the store is out of reach.
pub fn heard(conn: &mut Connection, rows: &[Outcome]) -> Result<usize> {
    let wanted = Wanted::read(conn)?;
    if !wanted.any_of("outcome") {
        return outcomes::record(conn, rows);
    }
    let (mut new, mut events) = (0, Vec::new());
    for row in rows {
        if outcomes::record(conn, std::slice::from_ref(row))? == 0 {
            continue;
        }
        new += 1;
        let Some(kind) = event::kind("outcome", &row.kind).filter(|kind| wanted.includes(kind)) else { continue };
        let campaign = row.campaign_run_id.map(|run| campaigns::name_of_run(conn, run)).transpose()?.flatten();
        let data = json!({
            "outcome": row.id.to_string(),
            "kind": row.kind,
            "delivery": row.delivery_id.map(|id| id.to_string()),
            "decision": row.decision_id.map(|id| id.to_string()),
            "campaign": campaign,
            "run": row.campaign_run_id.map(|run| run.to_string()),
            "value": row.value,
        });
        events.push(Event::of_customer(kind, row.customer_id, row.occurred_at, data));
    }
    outbox::tell(conn, &wanted, events)?;
    Ok(new)
}

/// Tells that an experiment asks for a choice, was decided, or lost a variant. `because` is what is kept with it.
pub fn settled(
    conn: &mut Connection,
    kind: &'static str,
    campaign: &Campaign,
    experiment: &str,
    (variant, because): (Option<&str>, &str),
    now: Timestamp,
) -> Result<()> {
    let because: Value = serde_json::from_str(because).unwrap_or_default();
    let data = json!({
        "experiment": format!("{}:{experiment}", campaign.name),
        "campaign": campaign.name,
        "variant": variant,
        "because": because.get("decided"),
        "verdict": because.get("verdict"),
    });
    let wanted = Wanted::read(conn)?;
    outbox::tell(conn, &wanted, vec![Event::of_campaign(kind, campaign.id, now, data)])
}

/// Whether somebody wants to know what runs came to.
pub fn wants_measures(conn: &mut Connection) -> Result<bool> {
    Ok(Wanted::read(conn)?.includes("experiment.measured"))
}

/// Tells what a run came to whose window has ended.
pub fn measured(conn: &mut Connection, campaign: &Campaign, results: &RunResults, now: Timestamp) -> Result<()> {
    let data = json!({
        "experiment": campaign.name,
        "campaign": campaign.name,
        "run": results.run.to_string(),
        "occasion": results.occasion,
        "decided_at": results.decided_at,
        "window_until": results.window_until,
        "words": results.words,
        "lift": results.lift.assigned.as_ref().ok(),
        "verdict": results.experiment.as_ref().map(|experiment| &experiment.verdict),
    });
    let wanted = Wanted::read(conn)?;
    outbox::tell(conn, &wanted, vec![Event::of_campaign("experiment.measured", campaign.id, now, data)])
}
