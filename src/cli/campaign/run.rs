//! `vizavi campaign run NAME`.

use serde::Serialize;

use super::{ACTOR, plan};
use crate::cli::{Done, Place, print, signal};
use crate::deliveries::Summary;
use crate::deliveries::outbox::find;
use crate::deliveries::outbox::reconcile::{Reconciliation, reconcile};
use crate::deliveries::outbox::waiting::NEVER;
use crate::operations::Workspace;
use crate::operations::run::{Started, start};
use crate::operations::send::send_due;

#[derive(Serialize)]
struct Ran {
    #[serde(flatten)]
    started: Started,
    /// What sending did, over all runs that had something due.
    sending: Option<Summary>,
    /// What became of every message of this run.
    reconciliation: Reconciliation,
}

/// Decides, sends what is due, and prints what became of every message.
pub fn run(place: &Place, name: &str, occasion: Option<&str>, send: bool) -> Done {
    let ws = place.open()?;
    let started = start(&ws, name, occasion, ACTOR)?;
    if !place.json {
        print::text(&decided(&started, &ws))?;
    }
    let sending = if send { Some(send_due(&ws, signal::stop().flag())?) } else { None };
    let reconciliation = ws.store().read(|conn| reconcile(conn, started.run))?;
    if place.json {
        print::json(&Ran { started, sending, reconciliation })?;
        return Ok(());
    }
    let mut text = sending.iter().map(sent).collect::<String>();
    text += &reconciled(&reconciliation);
    if reconciliation.open > 0 {
        let next = ws.store().read(|conn| find::next_open(conn, started.run))?;
        let when = match next {
            // All that is open waits for a person's word.
            Some(NEVER) => "; release or refuse them: vizavi review list".to_owned(),
            Some(at) => format!(", the next at {at}; `vizavi work` sends them when their time comes"),
            None => "; `vizavi work` sends them when their time comes".to_owned(),
        };
        text += &format!("{} are still open{when}\n", reconciliation.open);
    }
    print::text(&text)?;
    Ok(())
}

/// What was decided, in words.
pub fn decided(started: &Started, ws: &Workspace) -> String {
    let currency = ws.settings().currency;
    let mut text = format!("Run {} of {} for `{}`\n\n", started.run, started.campaign, started.occasion);
    for line in started.waterfall.words() {
        text += &format!("{line}\n");
    }
    text += &format!("\n{}\n", plan::forecast(&started.forecast, currency));
    text += &plan::proof(started.proof, currency);
    text += &plan::prices(&started.prices);
    text += &format!("SHA-256 over the decisions: {}\n", started.digest);
    text
}

/// What sending did, in words.
pub fn sent(summary: &Summary) -> String {
    let counts = [
        ("sent", summary.sent),
        ("suppressed", summary.suppressed),
        ("put off", summary.put_off),
        ("deferred", summary.deferred),
        ("failed", summary.failed),
        ("held", summary.held),
        ("given back", summary.given_back),
    ];
    let shown: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    let mut text =
        format!("\nSending: {}\n", if shown.is_empty() { "nothing was due".into() } else { shown.join(", ") });
    for channel in &summary.unavailable {
        text += &format!("  out of reach: {channel}\n");
    }
    text
}

/// What became of every message, to the last customer.
pub fn reconciled(sum: &Reconciliation) -> String {
    let suppressed: i64 = sum.suppressed.values().sum();
    let reasons: Vec<String> = sum.suppressed.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    let balance = if sum.balances() { "" } else { "   THE SUM DOES NOT BALANCE" };
    format!(
        "Planned {} = sent {} + suppressed {suppressed}{reasons} + failed {} + held {} + cancelled {} + open {}{balance}\n",
        sum.planned, sum.sent, sum.failed, sum.held, sum.cancelled, sum.open
    )
}
