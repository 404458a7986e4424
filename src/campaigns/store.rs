//! The SQL of campaigns, their versions and their runs.

use diesel::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::folder::Folder;
use super::lifecycle::{Action, RunState, State};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, CampaignId, CampaignRunId};
use crate::storage::Connection;
use crate::storage::schema::{campaign, campaign_run, campaign_version};

/// How the occasion of a rest ends: what is before it is the occasion of its test.
pub const REST: &str = "/rest";

/// A campaign's present version and state.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = campaign, treat_none_as_null = true)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its unique key.
    pub name: String,
    /// The present version, from 1.
    pub version: i64,
    /// Digest of definition and templates.
    pub digest: String,
    /// Where it is in its life.
    pub state: String,
    /// Who approved the present version.
    pub approved_by: Option<String>,
    /// When the schedule next starts a run.
    pub next_run_at: Option<Timestamp>,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One batch of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = campaign_run)]
pub struct CampaignRun {
    /// Its id.
    pub id: CampaignRunId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The version it was decided with.
    pub version: i64,
    /// What it is the run of: the scheduled instant, or a name given by hand. Unique, so that no occasion runs twice.
    pub occasion: String,
    /// The seed of its draws.
    pub seed: i64,
    /// `deciding`, `sending`, `paused`, `finished`, `cancelled`.
    pub state: String,
    /// The instant of its decisions.
    pub decided_at: Timestamp,
    /// Waterfall, prices, bound: JSON.
    pub summary: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When nothing was left open.
    pub finished_at: Option<Timestamp>,
    /// When its outcomes re-entered history, after its window had ended.
    pub measured_at: Option<Timestamp>,
    /// Of a wave: which step of the journeys it took.
    pub step: Option<i32>,
}

impl Campaign {
    /// Whether it runs no more until it is applied again.
    pub fn has_ended(&self) -> bool {
        [State::Cancelled, State::Closed].iter().any(|state| state.as_str() == self.state)
    }

    /// Whether its present version may decide: it is approved, and neither paused nor ended. A new version of a campaign that is
    /// running waits for its own approval.
    pub fn may_decide(&self) -> bool {
        self.approved_by.is_some() && [State::Approved, State::Running].iter().any(|state| state.as_str() == self.state)
    }
}

/// One campaign by name.
///
/// # Errors
/// Not found, naming it.
pub fn by_name(conn: &mut Connection, name: &str) -> Result<Campaign> {
    find(conn, name)?.ok_or_else(|| Error::not_found(format!("there is no campaign `{name}`")))
}

fn find(conn: &mut Connection, name: &str) -> Result<Option<Campaign>> {
    Ok(campaign::table.filter(campaign::name.eq(name)).select(Campaign::as_select()).first(conn).optional()?)
}

/// One campaign by id.
pub fn by_id(conn: &mut Connection, id: CampaignId) -> Result<Campaign> {
    let found = campaign::table.find(id).select(Campaign::as_select()).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found("there is no such campaign"))
}

/// The name of the campaign of a run; none when there is no such run.
pub fn name_of_run(conn: &mut Connection, run: CampaignRunId) -> Result<Option<String>> {
    let of = campaign_run::table.find(run).select(campaign_run::campaign_id).first::<CampaignId>(conn).optional()?;
    let Some(of) = of else { return Ok(None) };
    Ok(campaign::table.find(of).select(campaign::name).first(conn).optional()?)
}

/// All campaigns, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<Campaign>> {
    Ok(campaign::table.order(campaign::name).select(Campaign::as_select()).load(conn)?)
}

/// What makes two definitions the same.
pub fn digest(folder: &Folder) -> Result<String> {
    let text = serde_json::to_string(folder)?;
    Ok(crate::ids::hex(&Sha256::digest(text)))
}

/// Keeps a checked definition: a new campaign, a new version, or nothing when nothing changed.
///
/// # Errors
/// Conflict, when the campaign's state does not allow it.
pub fn apply(conn: &mut Connection, folder: &Folder, by: &str, now: Timestamp) -> Result<Campaign> {
    let digest = digest(folder)?;
    let known = find(conn, &folder.spec.name)?;
    if let Some(same) = known.as_ref().filter(|known| known.digest == digest && !known.has_ended()) {
        return Ok(same.clone());
    }
    let state = match &known {
        Some(known) => State::parse(&known.state)?.after(Action::Apply)?,
        None => State::Draft,
    };
    let row = Campaign {
        id: known.as_ref().map_or_else(|| CampaignId(ids::fresh(now)), |known| known.id),
        name: folder.spec.name.clone(),
        version: known.as_ref().map_or(1, |known| known.version + 1),
        digest,
        state: state.as_str().into(),
        approved_by: None,
        next_run_at: None,
        created_at: known.as_ref().map_or(now, |known| known.created_at),
        updated_at: now,
    };
    match known {
        Some(_) => diesel::update(campaign::table.find(row.id)).set(&row).execute(conn)?,
        None => diesel::insert_into(campaign::table).values(&row).execute(conn)?,
    };
    diesel::insert_into(campaign_version::table)
        .values((
            campaign_version::campaign_id.eq(row.id),
            campaign_version::version.eq(row.version),
            campaign_version::folder.eq(serde_json::to_string(folder)?),
            campaign_version::created_at.eq(now),
            campaign_version::applied_by.eq(by),
        ))
        .execute(conn)?;
    Ok(row)
}

/// The definition and templates of a version.
pub fn version(conn: &mut Connection, id: CampaignId, version: i64) -> Result<Folder> {
    let text: String = campaign_version::table.find((id, version)).select(campaign_version::folder).first(conn)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::internal("a campaign's stored version is damaged").caused_by(error))
}

/// Who applied a version; none of those from before this was kept.
pub fn applied_by(conn: &mut Connection, id: CampaignId, version: i64) -> Result<Option<String>> {
    Ok(campaign_version::table.find((id, version)).select(campaign_version::applied_by).first(conn)?)
}

/// Keeps the dry run of a version: a JSON object.
pub fn keep_plan(conn: &mut Connection, id: CampaignId, version: i64, plan: &str, now: Timestamp) -> Result<()> {
    diesel::update(campaign_version::table.find((id, version)))
        .set((campaign_version::plan.eq(plan), campaign_version::planned_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

/// The dry run of a version, if there is one, and when it was made.
pub fn plan_of(conn: &mut Connection, id: CampaignId, version: i64) -> Result<Option<(String, Timestamp)>> {
    let (plan, at): (Option<String>, Option<Timestamp>) = campaign_version::table
        .find((id, version))
        .select((campaign_version::plan, campaign_version::planned_at))
        .first(conn)?;
    Ok(plan.zip(at))
}

/// Moves a campaign along its life; the row that was read must be the row that is changed.
///
/// # Errors
/// Conflict, when the state does not allow it, or somebody else was faster.
pub fn act(conn: &mut Connection, known: &Campaign, action: Action, by: &str, now: Timestamp) -> Result<Campaign> {
    let mut next = State::parse(&known.state)?.after(action)?;
    let waits = known.approved_by.is_none();
    let is_planned = |conn: &mut Connection| Ok::<_, Error>(plan_of(conn, known.id, known.version)?.is_some());
    match action {
        Action::Approve if waits && !is_planned(conn)? => {
            return Err(Error::conflict("plan the campaign first, and look at what it would do"));
        }
        Action::Start | Action::Wave if waits => return Err(Error::conflict("approve the new version first")),
        // The run of the version before has ended, and the new one is where its own steps have brought it.
        Action::Finish if waits => next = if is_planned(conn)? { State::Planned } else { State::Draft },
        _ => {}
    }
    let approved_by = match action {
        Action::Approve => Some(by.to_owned()),
        Action::Apply => None,
        _ => known.approved_by.clone(),
    };
    let changed = diesel::update(
        campaign::table
            .find(known.id)
            .filter(campaign::state.eq(&known.state))
            .filter(campaign::version.eq(known.version)),
    )
    .set((campaign::state.eq(next.as_str()), campaign::approved_by.eq(approved_by), campaign::updated_at.eq(now)))
    .execute(conn)?;
    if changed == 0 {
        return Err(Error::conflict(format!(
            "the campaign `{}` has just been changed by somebody else; look again",
            known.name
        )));
    }
    by_id(conn, known.id)
}

/// Sets when the schedule next starts a run.
pub fn set_next_run(conn: &mut Connection, id: CampaignId, at: Option<Timestamp>) -> Result<()> {
    diesel::update(campaign::table.find(id)).set(campaign::next_run_at.eq(at)).execute(conn)?;
    Ok(())
}

/// Campaigns whose schedule is due.
pub fn due(conn: &mut Connection, now: Timestamp) -> Result<Vec<Campaign>> {
    let rows = campaign::table
        .filter(campaign::state.eq(State::Approved.as_str()))
        .filter(campaign::next_run_at.le(now))
        .order(campaign::next_run_at)
        .select(Campaign::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Begins a run.
///
/// # Errors
/// Conflict, when the occasion has had its run.
pub fn insert_run(conn: &mut Connection, run: &CampaignRun) -> Result<()> {
    let taken: i64 = campaign_run::table
        .filter(campaign_run::campaign_id.eq(run.campaign_id))
        .filter(campaign_run::occasion.eq(&run.occasion))
        .count()
        .get_result(conn)?;
    if taken > 0 {
        return Err(Error::conflict(format!("the occasion `{}` has had its run", run.occasion)));
    }
    diesel::insert_into(campaign_run::table).values(run).execute(conn)?;
    Ok(())
}

/// One run.
pub fn run(conn: &mut Connection, id: CampaignRunId) -> Result<CampaignRun> {
    let found = campaign_run::table.find(id).select(CampaignRun::as_select()).first(conn).optional()?;
    found.ok_or_else(|| Error::not_found("there is no such run"))
}

/// The runs of a campaign, newest first.
pub fn runs(conn: &mut Connection, id: CampaignId) -> Result<Vec<CampaignRun>> {
    let rows = campaign_run::table
        .filter(campaign_run::campaign_id.eq(id))
        .order((campaign_run::started_at.desc(), campaign_run::id.desc()))
        .select(CampaignRun::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Runs that were decided in `[from, until)`, oldest first.
pub fn runs_between(conn: &mut Connection, from: Timestamp, until: Timestamp) -> Result<Vec<CampaignRun>> {
    let rows = campaign_run::table
        .filter(campaign_run::decided_at.ge(from))
        .filter(campaign_run::decided_at.lt(until))
        .order((campaign_run::decided_at, campaign_run::id))
        .select(CampaignRun::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Id and instant of the last two runs of a version, newest first; waves are not among them.
pub fn last_runs(conn: &mut Connection, id: CampaignId, version: i64) -> Result<Vec<(CampaignRunId, Timestamp)>> {
    let rows = campaign_run::table
        .filter(campaign_run::campaign_id.eq(id))
        .filter(campaign_run::version.eq(version))
        .filter(campaign_run::step.is_null())
        // The rest after a test goes on with what its test left.
        .filter(campaign_run::occasion.not_like(format!("%{REST}")))
        .order((campaign_run::started_at.desc(), campaign_run::id.desc()))
        .limit(2)
        .select((campaign_run::id, campaign_run::decided_at))
        .load(conn)?;
    Ok(rows)
}

/// Runs in these states, oldest first.
pub fn runs_in(conn: &mut Connection, states: &[RunState]) -> Result<Vec<CampaignRun>> {
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let rows = campaign_run::table
        .order((campaign_run::started_at, campaign_run::id))
        .select(CampaignRun::as_select())
        .load(conn)?;
    Ok(rows.into_iter().filter(|run| names.contains(&run.state.as_str())).collect())
}

/// Runs whose outcomes have not re-entered history, oldest first.
pub fn unmeasured_runs(conn: &mut Connection) -> Result<Vec<CampaignRun>> {
    let rows = campaign_run::table
        .filter(campaign_run::measured_at.is_null())
        .order((campaign_run::started_at, campaign_run::id))
        .select(CampaignRun::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The outcomes of a run have re-entered history.
pub fn set_measured(conn: &mut Connection, id: CampaignRunId, now: Timestamp) -> Result<()> {
    diesel::update(campaign_run::table.find(id)).set(campaign_run::measured_at.eq(now)).execute(conn)?;
    Ok(())
}

/// Sets where a run is.
pub fn set_run_state(conn: &mut Connection, id: CampaignRunId, state: RunState, now: Timestamp) -> Result<()> {
    let ended = matches!(state, RunState::Finished | RunState::Cancelled).then_some(now);
    diesel::update(campaign_run::table.find(id))
        .set((campaign_run::state.eq(state.as_str()), campaign_run::finished_at.eq(ended)))
        .execute(conn)?;
    Ok(())
}

/// Keeps what a run found: waterfall, prices, bound.
pub fn set_run_summary(conn: &mut Connection, id: CampaignRunId, summary: &str) -> Result<()> {
    diesel::update(campaign_run::table.find(id)).set(campaign_run::summary.eq(summary)).execute(conn)?;
    Ok(())
}
