//! What a person does with messages of a run: settles what is uncertain, and sends to those whom nothing reached.

mod resend;

pub use resend::{Resent, resend};

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::deliveries::outbox::reconcile::{Reconciliation, reconcile};
use crate::deliveries::outbox::resolve::{self, Resolution};
use crate::deliveries::{State, outbox::find};
use crate::error::{Error, Fault, Kind, Result};
use crate::ids::{CampaignRunId, DeliveryId};
use crate::operations::checks::Checks;
use crate::operations::{Workspace, audit};

/// A run with what became of every message.
#[derive(Debug, Clone, Serialize)]
pub struct RunShown {
    /// The run.
    pub run: CampaignRunId,
    /// planned = sent + suppressed(reason) + failed + held + cancelled + open.
    pub reconciliation: Reconciliation,
    /// Whether that sum is right.
    pub balances: bool,
}

/// Reconciles a run.
///
/// # Errors
/// Not found.
pub fn show(ws: &Workspace, run: CampaignRunId) -> Result<RunShown> {
    ws.store().read(|conn| {
        campaigns::run(conn, run)?;
        let reconciliation = reconcile(conn, run)?;
        Ok(RunShown { run, balances: reconciliation.balances(), reconciliation })
    })
}

/// Settles one held message; `proof` says how it is known.
///
/// # Errors
/// Not found; invalid without a proof; conflict when the delivery is not held.
pub fn settle(ws: &Workspace, id: DeliveryId, resolution: Resolution, proof: &str, actor: &str) -> Result<State> {
    let now = ws.now();
    if proof.chars().count() > 500 || proof.chars().any(char::is_control) {
        let fault = Fault::at("proof", "at most 500 characters, on one line");
        return Err(Error::faults("the message cannot be settled", vec![fault]));
    }
    ws.store().write(|conn| {
        let state = resolve::resolve(conn, id, resolution, proof, now, &Checks::new(ws))?;
        audit::write(conn, actor, "delivery.settle", &id.to_string(), state.name(), now)?;
        Ok(state)
    })
}

/// Settles every held message of a run in the same way, as after a look into the relay's log; returns how many.
///
/// # Errors
/// Not found; invalid without a proof.
pub fn settle_all(ws: &Workspace, run: CampaignRunId, resolution: Resolution, proof: &str, actor: &str) -> Result<u64> {
    ws.store().read(|conn| campaigns::run(conn, run))?;
    let mut settled = 0;
    loop {
        let held = ws.store().read(|conn| find::of_run(conn, run, Some(State::Held), None, 500))?;
        if held.is_empty() {
            return Ok(settled);
        }
        for row in held {
            match settle(ws, row.id, resolution, proof, actor) {
                Ok(_) => settled += 1,
                // A report that came in meanwhile has settled it.
                Err(error) if error.kind() == Kind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
    }
}
