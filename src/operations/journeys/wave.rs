//! Waves: the clients whose step is due are decided for together, and move on in the transaction that writes their messages.

use std::collections::{BTreeMap, BTreeSet};

use super::{Followed, goals};
use crate::campaigns::journey::store::{self, DONE, HELD, Journey, Next, REACHED};
use crate::campaigns::store::Campaign;
use crate::clock::{HOUR, Timestamp};
use crate::error::{Kind, Result};
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::operations::batch;
use crate::operations::run::{self, Wave};
use crate::operations::setup;

/// Journeys of one wave.
const MOST: i64 = 2_000;

/// Takes the steps of a campaign that are due, wave after wave.
pub(super) fn take_due(ws: &Workspace, campaign: &Campaign, done: &mut Followed) -> Result<()> {
    let now = ws.now();
    loop {
        let due = ws.store().read(|conn| store::due(conn, campaign.id, now, MOST))?;
        if due.is_empty() {
            return Ok(());
        }
        let mut by_step: BTreeMap<i32, Vec<Journey>> = BTreeMap::new();
        due.into_iter().for_each(|journey| by_step.entry(journey.step).or_default().push(journey));
        for (step, journeys) in by_step {
            match take(ws, campaign, step, journeys, now, done) {
                // Another node was faster; what it left is found the next time.
                Err(error) if error.kind() == Kind::Conflict => {
                    tracing::debug!(campaign = campaign.name, step, ?error, "put off");
                    return Ok(());
                }
                other => other?,
            }
        }
    }
}

fn take(
    ws: &Workspace,
    campaign: &Campaign,
    step: i32,
    journeys: Vec<Journey>,
    now: Timestamp,
    done: &mut Followed,
) -> Result<()> {
    let occasion = format!("{now} step {step} from {}", journeys[0].id);
    let setup = ws.store().read(|conn| setup::load(ws, conn, &campaign.name, &occasion))?;
    let spec = setup.spec();
    let at = usize::try_from(step).unwrap_or_default();
    let wait = spec.steps.get(at).map(|next| i64::from(next.after_hours) * HOUR);
    let ways = at.checked_sub(1).and_then(|before| spec.steps.get(before)).map(|step| step.unless.clone());
    let is_known = at <= spec.steps.len();
    let lateness = i64::from(spec.step_lateness_hours()) * HOUR;
    let reached = goals::reached(ws, &spec.until, &journeys)?;
    let answered = ws.store().read(|conn| goals::answered(conn, &ways.unwrap_or_default(), &journeys))?;

    let mut moves: Vec<(&Journey, Next)> = Vec::new();
    let mut takers: Vec<Journey> = Vec::new();
    let mut taken: BTreeSet<CustomerId> = BTreeSet::new();
    for journey in &journeys {
        if reached.contains(&journey.id) {
            done.reached += 1;
            moves.push((journey, Next::Ended(REACHED, "the goal was reached".into())));
        } else if !is_known {
            moves.push((journey, Next::Ended(DONE, "the campaign has no further step any more".into())));
        } else if now.0 - journey.due_at.0 > lateness {
            done.held += 1;
            moves.push((journey, Next::Ended(HELD, format!("due at {}, too late at {now}", journey.due_at))));
        } else if answered.contains(&journey.id) {
            done.passed += 1;
            moves.push((journey, Next::Taken(None, wait.map(|wait| now.plus(wait)))));
        } else if taken.insert(journey.customer_id) {
            takers.push(journey.clone());
        }
        // Who is on two journeys takes the other step in the next wave.
    }
    if !moves.is_empty() {
        ws.store().write(|conn| store::advance(conn, &moves, now))?;
    }
    if takers.is_empty() {
        return Ok(());
    }
    run::release_expired(ws)?;
    let setup = setup.for_step(at);
    let few: Vec<CustomerId> = takers.iter().map(|journey| journey.customer_id).collect();
    let batch = ws.store().read(|conn| batch::decide_few(ws, conn, &setup, &occasion, now, &few))?;
    let started = run::wave(ws, &setup, batch, &occasion, &Wave { step, journeys: &takers, wait })?;
    done.taken += takers.len();
    done.contacts += started.forecast.contacts;
    Ok(())
}
