//! Journeys at work: who begins, who has reached the goal, whose step is due.
//!
//! ```text
//!  new facts, changes of segments --enrol--> journeys --due--> waves: decide, write, move on (one transaction each)
//! ```
//!
//! Whatever is killed in between is found as it was before, and done again: a journey moves on in the transaction that writes its
//! message.

mod enrol;
mod goals;
mod shown;
mod wave;

pub use shown::{JourneyShown, StepShown, journeys, steps};

use serde::Serialize;

use crate::campaigns::TriggerSpec;
use crate::campaigns::journey::store::{self, Journey, Next, Watch};
use crate::clock::{HOUR, Timestamp};
use crate::decisions::Decision;
use crate::error::Result;
use crate::history::feed;
use crate::ids::{self, CampaignId, CampaignRunId};
use crate::operations::Workspace;
use crate::operations::batch::Batch;
use crate::operations::run::Wave;
use crate::operations::setup::Setup;
use crate::storage::Connection;

/// What following did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// Journeys that began.
    pub begun: usize,
    /// Journeys that ended because their goal was reached.
    pub reached: usize,
    /// Steps passed over.
    pub passed: usize,
    /// Journeys that came too late.
    pub held: usize,
    /// Steps taken.
    pub taken: usize,
    /// Contacts decided in them.
    pub contacts: usize,
}

/// Begins what is to begin, and takes the steps that are due. Any number of nodes may do so at once.
///
/// # Errors
/// Unavailable, when store or history do not answer. What goes wrong with one campaign is logged, and tried again the next time.
pub fn follow(ws: &Workspace) -> Result<Followed> {
    let mut done = Followed::default();
    for watch in ws.store().read(store::watches)? {
        match enrol::enrol(ws, &watch) {
            Ok(begun) => done.begun += begun,
            Err(error) => tracing::error!(campaign = %watch.campaign, ?error, "nobody can begin its journeys"),
        }
    }
    for campaign in ws.store().read(crate::campaigns::store::all)? {
        if campaign.may_decide()
            && let Err(error) = wave::take_due(ws, &campaign, &mut done)
        {
            tracing::error!(campaign = campaign.name, ?error, "its journeys do not go on");
        }
    }
    Ok(done)
}

/// Has an approved campaign look for clients who begin, or, without a trigger, look no more. One that has looked for the same before
/// goes on where it was.
pub(super) fn watch(
    conn: &mut Connection,
    campaign: CampaignId,
    trigger: Option<TriggerSpec>,
    now: Timestamp,
) -> Result<()> {
    let known = store::watches(conn)?.into_iter().find(|watch| watch.campaign == campaign);
    let Some(trigger) = trigger else {
        feed::leave(conn, &follower(campaign))?;
        return store::unwatch(conn, campaign);
    };
    let same = |known: &Watch| known.trigger.on == trigger.on && known.trigger.enters == trigger.enters;
    let position = match known.filter(same) {
        Some(known) => known.position,
        // Ids of changes rise with time: those noticed from now on are above.
        None if trigger.enters.is_some() => ids::fresh(now),
        None => feed::hand_over(conn, crate::customers::change::hand_over)?,
    };
    match trigger.on {
        Some(_) => feed::follow(conn, &follower(campaign), position)?,
        None => feed::leave(conn, &follower(campaign))?,
    }
    store::watch(conn, &Watch { campaign, trigger, position })
}

/// Under which name a campaign follows new facts.
fn follower(campaign: CampaignId) -> String {
    format!("journeys:{campaign}")
}

/// Those whom a run contacts, or would if they were not held out, go on to the step after it.
pub(super) fn begin_with_run(conn: &mut Connection, setup: &Setup, batch: &Batch, run: CampaignRunId) -> Result<()> {
    let Some(first) = setup.spec().steps.first() else { return Ok(()) };
    let wait = i64::from(first.after_hours) * HOUR;
    let chosen = batch.result.decisions.iter().filter(|decision| !decision.chosen.is_empty());
    let rows: Vec<Journey> = chosen
        .map(|decision| {
            let contact = contact_of(decision, batch.now);
            let new = Journey::new(setup.campaign.id, decision.customer_id, format!("run/{run}"), contact, batch.now);
            Journey { step: 1, due_at: contact.plus(wait), ..new }
        })
        .collect();
    store::begin(conn, &rows).map(drop)
}

/// The clients of a wave go on to the step after it.
pub(super) fn move_on(conn: &mut Connection, batch: &Batch, wave: &Wave<'_>, run: CampaignRunId) -> Result<()> {
    let next = |journey: &Journey| {
        let at = batch.result.decisions.iter().find(|decision| decision.customer_id == journey.customer_id);
        let contact = at.map_or(batch.now, |decision| contact_of(decision, batch.now));
        Next::Taken(Some(run), wave.wait.map(|wait| contact.plus(wait)))
    };
    let moves: Vec<(&Journey, Next)> = wave.journeys.iter().map(|journey| (journey, next(journey))).collect();
    store::advance(conn, &moves, batch.now)
}

/// When a contact is, or would be, made.
fn contact_of(decision: &Decision, now: Timestamp) -> Timestamp {
    decision.chosen.first().map_or(now, |choice| choice.slot.from)
}
