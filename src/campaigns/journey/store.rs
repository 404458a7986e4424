//! The SQL of journeys.

use std::collections::BTreeMap;

use diesel::dsl::{count_star, max};
use diesel::prelude::*;
use serde::Serialize;

use super::TriggerSpec;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, CampaignId, CampaignRunId, CustomerId, JourneyId};
use crate::storage::schema::{journey, journey_step, journey_watch};
use crate::storage::{Connection, insert_rows, on_each};

/// On the way.
pub const ACTIVE: &str = "active";
/// Every step was taken or passed over.
pub const DONE: &str = "done";
/// What the campaign wants has happened.
pub const REACHED: &str = "reached";
/// A step became due too late to be taken; a person may look.
pub const HELD: &str = "held";

/// Ids in one statement.
const CHUNK: usize = 500;

/// One client's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = journey, treat_none_as_default_value = false)]
pub struct Journey {
    /// Its id.
    pub id: JourneyId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The client.
    pub customer_id: CustomerId,
    /// What began it: the fact, the change of the segment, or the run.
    pub entry: String,
    /// When.
    pub entered_at: Timestamp,
    /// The step that comes next.
    pub step: i32,
    /// When it is due.
    pub due_at: Timestamp,
    /// `active`, `done`, `reached` or `held`.
    pub state: String,
    /// Why it ended.
    pub reason: Option<String>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Journey {
    /// One that begins.
    pub fn new(campaign: CampaignId, customer: CustomerId, entry: String, at: Timestamp, now: Timestamp) -> Journey {
        Journey {
            id: JourneyId(ids::fresh(now)),
            campaign_id: campaign,
            customer_id: customer,
            entry,
            entered_at: at,
            step: 0,
            due_at: at,
            state: ACTIVE.into(),
            reason: None,
            updated_at: now,
        }
    }
}

/// Where a journey goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This step is taken in a run, or passed over; then the next one at this instant, or none.
    Taken(Option<CampaignRunId>, Option<Timestamp>),
    /// It ends here.
    Ended(&'static str, String),
}

/// Begins journeys; one that has begun for the same reason stays as it is. How many are new.
pub fn begin(conn: &mut Connection, rows: &[Journey]) -> Result<usize> {
    Ok(insert_rows!(conn, rows, values => diesel::insert_into(journey::table).values(values).on_conflict_do_nothing())?)
}

/// When each of these clients last began a journey of this campaign.
pub fn last_entries(
    conn: &mut Connection,
    campaign: CampaignId,
    customers: &[CustomerId],
) -> Result<BTreeMap<CustomerId, Timestamp>> {
    let mut last = BTreeMap::new();
    for some in customers.chunks(CHUNK) {
        let rows: Vec<(CustomerId, Option<Timestamp>)> = journey::table
            .filter(journey::campaign_id.eq(campaign))
            .filter(journey::customer_id.eq_any(some.iter().map(|customer| customer.0)))
            .group_by(journey::customer_id)
            .select((journey::customer_id, max(journey::entered_at)))
            .load::<(i64, Option<i64>)>(conn)?
            .into_iter()
            .map(|(customer, at)| (CustomerId(customer), at.map(Timestamp)))
            .collect();
        last.extend(rows.into_iter().filter_map(|(customer, at)| Some((customer, at?))));
    }
    Ok(last)
}

/// Journeys of a campaign with a step that is due, those that wait longest first.
pub fn due(conn: &mut Connection, campaign: CampaignId, now: Timestamp, most: i64) -> Result<Vec<Journey>> {
    let rows = journey::table
        .filter(journey::campaign_id.eq(campaign))
        .filter(journey::state.eq(ACTIVE))
        .filter(journey::due_at.le(now))
        .order((journey::due_at, journey::id))
        .limit(most)
        .select(Journey::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Moves journeys on. The step that was read must be the step that is taken.
///
/// # Errors
/// Conflict, when one of them has been moved by somebody else; nothing may then be kept.
pub fn advance(conn: &mut Connection, moves: &[(&Journey, Next)], now: Timestamp) -> Result<()> {
    for (from, next) in moves {
        let (step, due_at, state, reason) = match next {
            Next::Taken(run, next) => {
                let row = (
                    journey_step::journey_id.eq(from.id),
                    journey_step::step.eq(from.step),
                    journey_step::campaign_run_id.eq(*run),
                    journey_step::at.eq(now),
                );
                diesel::insert_into(journey_step::table).values(row).execute(conn)?;
                let state = if next.is_some() { ACTIVE } else { DONE };
                (from.step + 1, next.unwrap_or(from.due_at), state, None)
            }
            Next::Ended(state, reason) => (from.step, from.due_at, *state, Some(reason)),
        };
        let row = journey::table.find(from.id).filter(journey::step.eq(from.step)).filter(journey::state.eq(ACTIVE));
        let changed = diesel::update(row)
            .set((
                journey::step.eq(step),
                journey::due_at.eq(due_at),
                journey::state.eq(state),
                journey::reason.eq(reason),
                journey::updated_at.eq(now),
            ))
            .execute(conn)?;
        if changed != 1 {
            return Err(Error::conflict("a journey has been moved on by somebody else"));
        }
    }
    Ok(())
}

/// A campaign that looks for clients who begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// The campaign.
    pub campaign: CampaignId,
    /// What it looks for: the trigger of the version that was approved.
    pub trigger: TriggerSpec,
    /// How far it has looked: changes of the segment, or hand-overs of new facts.
    pub position: i64,
}

/// All campaigns that look for clients.
pub fn watches(conn: &mut Connection) -> Result<Vec<Watch>> {
    let rows: Vec<(CampaignId, String, i64)> = journey_watch::table.order(journey_watch::campaign_id).load(conn)?;
    rows.into_iter()
        .map(|(campaign, trigger, position)| Ok(Watch { campaign, trigger: serde_json::from_str(&trigger)?, position }))
        .collect()
}

/// A campaign looks for clients from here on.
pub fn watch(conn: &mut Connection, watch: &Watch) -> Result<()> {
    let (trigger, position) = (serde_json::to_string(&watch.trigger)?, watch.position);
    on_each!(conn, c => diesel::insert_into(journey_watch::table)
        .values((
            journey_watch::campaign_id.eq(watch.campaign),
            journey_watch::trigger_spec.eq(&trigger),
            journey_watch::position.eq(position),
        ))
        .on_conflict(journey_watch::campaign_id)
        .do_update()
        .set((journey_watch::trigger_spec.eq(&trigger), journey_watch::position.eq(position)))
        .execute(c))?;
    Ok(())
}

/// A campaign looks no more.
pub fn unwatch(conn: &mut Connection, campaign: CampaignId) -> Result<()> {
    diesel::delete(journey_watch::table.find(campaign)).execute(conn)?;
    Ok(())
}

/// Whether any campaign looks for clients, or any step is due.
pub fn any(conn: &mut Connection, now: Timestamp) -> Result<bool> {
    let watches = journey_watch::table.select(journey_watch::campaign_id).first::<i64>(conn).optional()?;
    let due = journey::table.filter(journey::state.eq(ACTIVE)).filter(journey::due_at.le(now));
    Ok(watches.is_some() || due.select(journey::id).first::<i64>(conn).optional()?.is_some())
}

/// How many journeys of a campaign are where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepCount {
    /// The step that comes next, or before which it ended.
    pub step: i32,
    /// `active`, `done`, `reached` or `held`.
    pub state: String,
    /// How many.
    pub journeys: i64,
}

/// Counts the journeys of a campaign.
pub fn counts(conn: &mut Connection, campaign: CampaignId) -> Result<Vec<StepCount>> {
    let rows: Vec<(i32, String, i64)> = journey::table
        .filter(journey::campaign_id.eq(campaign))
        .group_by((journey::step, journey::state))
        .order((journey::step, journey::state))
        .select((journey::step, journey::state, count_star()))
        .load(conn)?;
    Ok(rows.into_iter().map(|(step, state, journeys)| StepCount { step, state, journeys }).collect())
}

/// A page of a campaign's journeys, by id; those in one state, where it is named.
pub fn page(
    conn: &mut Connection,
    campaign: CampaignId,
    state: Option<&str>,
    after: Option<JourneyId>,
    limit: i64,
) -> Result<Vec<Journey>> {
    let states = state.map_or_else(|| vec![ACTIVE, DONE, REACHED, HELD], |state| vec![state]);
    let rows = journey::table
        .filter(journey::campaign_id.eq(campaign))
        .filter(journey::state.eq_any(states))
        .filter(journey::id.gt(after.map_or(i64::MIN, |id| id.0)))
        .order(journey::id)
        .limit(limit)
        .select(Journey::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The journeys of a client, newest first.
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Vec<Journey>> {
    let rows = journey::table
        .filter(journey::customer_id.eq(customer))
        .order((journey::entered_at.desc(), journey::id.desc()))
        .select(Journey::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The steps of journeys that were taken in runs: (journey, step, run), by journey and step.
pub fn steps_taken(conn: &mut Connection, journeys: &[JourneyId]) -> Result<Vec<(JourneyId, i32, CampaignRunId)>> {
    let mut taken = Vec::new();
    for some in journeys.chunks(CHUNK) {
        let rows: Vec<(i64, i32, Option<i64>)> = journey_step::table
            .filter(journey_step::journey_id.eq_any(some.iter().map(|journey| journey.0)))
            .order((journey_step::journey_id, journey_step::step))
            .select((journey_step::journey_id, journey_step::step, journey_step::campaign_run_id))
            .load(conn)?;
        let with_run =
            |(journey, step, run): (i64, i32, Option<i64>)| Some((JourneyId(journey), step, CampaignRunId(run?)));
        taken.extend(rows.into_iter().filter_map(with_run));
    }
    Ok(taken)
}

/// Makes journeys of `from` journeys of `to`; of two that began for the same reason the survivor's stays.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<()> {
    let entries: Vec<(i64, String)> =
        journey::table.filter(journey::customer_id.eq(to)).select((journey::campaign_id, journey::entry)).load(conn)?;
    for journey in of_customer(conn, from)? {
        let twin =
            entries.iter().any(|(campaign, entry)| *campaign == journey.campaign_id.0 && *entry == journey.entry);
        let row = journey::table.find(journey.id);
        if twin {
            diesel::delete(row).execute(conn)?;
        } else {
            diesel::update(row).set(journey::customer_id.eq(to)).execute(conn)?;
        }
    }
    Ok(())
}

/// Forgets a client's journeys.
pub fn forget(conn: &mut Connection, customer: CustomerId) -> Result<()> {
    let theirs = journey::table.filter(journey::customer_id.eq(customer)).select(journey::id);
    diesel::delete(journey_step::table.filter(journey_step::journey_id.eq_any(theirs))).execute(conn)?;
    diesel::delete(journey::table.filter(journey::customer_id.eq(customer))).execute(conn)?;
    Ok(())
}
