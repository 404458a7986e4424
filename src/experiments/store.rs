//! The SQL of experiments: tests before a rest, choices that hold for later runs, weights of runs with what came of them.

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, CampaignId, CampaignRunId};
use crate::insert_rows;
use crate::storage::Connection;
use crate::storage::schema::{experiment_choice, experiment_period, experiment_test};

/// Where a test before a rest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestState {
    /// Outcomes come in; nothing is decided.
    Waiting,
    /// The time has come, and a person is to decide.
    Asking,
    /// Decided; the rest has not begun.
    Decided,
    /// The rest has its run.
    Done,
    /// It has no rest: the campaign was cancelled, or changed in the meantime.
    Abandoned,
}

impl TestState {
    /// As it stands in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            TestState::Waiting => "waiting",
            TestState::Asking => "asking",
            TestState::Decided => "decided",
            TestState::Done => "done",
            TestState::Abandoned => "abandoned",
        }
    }

    /// Whether nothing was decided yet.
    pub fn is_open(self) -> bool {
        matches!(self, TestState::Waiting | TestState::Asking)
    }
}

/// A run that tried variants on a share of its audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = experiment_test)]
pub struct Test {
    /// The run.
    pub campaign_run_id: CampaignRunId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The version it was decided with.
    pub version: i64,
    /// The experiment.
    pub experiment: String,
    /// The occasion of the run.
    pub occasion: String,
    /// When the wait ends.
    pub decide_at: Timestamp,
    /// The word of its [`TestState`].
    pub state: String,
    /// The variant for the rest.
    pub variant: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why: JSON with the verdict and all that it was made of.
    pub because: Option<String>,
    /// The run of the rest.
    pub rest_run_id: Option<CampaignRunId>,
}

/// Writes a test down.
pub fn insert_test(conn: &mut Connection, test: &Test) -> Result<()> {
    diesel::insert_into(experiment_test::table).values(test).execute(conn)?;
    Ok(())
}

/// The test of a run.
pub fn test_of(conn: &mut Connection, run: CampaignRunId) -> Result<Option<Test>> {
    Ok(experiment_test::table.find(run).select(Test::as_select()).first(conn).optional()?)
}

/// The test of an occasion.
pub fn test_of_occasion(conn: &mut Connection, campaign: CampaignId, occasion: &str) -> Result<Option<Test>> {
    let found = experiment_test::table
        .filter(experiment_test::campaign_id.eq(campaign))
        .filter(experiment_test::occasion.eq(occasion))
        .select(Test::as_select())
        .first(conn)
        .optional()?;
    Ok(found)
}

/// The tests of a campaign, newest first.
pub fn tests_of(conn: &mut Connection, campaign: CampaignId) -> Result<Vec<Test>> {
    let rows = experiment_test::table
        .filter(experiment_test::campaign_id.eq(campaign))
        .order((experiment_test::decide_at.desc(), experiment_test::campaign_run_id.desc()))
        .select(Test::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Tests that something can be done about, with their state: whose wait has ended, or whose rest has not begun although it was
/// decided.
pub fn due_tests(conn: &mut Connection, now: Timestamp) -> Result<Vec<(CampaignRunId, String)>> {
    let waiting = experiment_test::state.eq(TestState::Waiting.as_str()).and(experiment_test::decide_at.le(now));
    let rows = experiment_test::table
        .filter(waiting.or(experiment_test::state.eq(TestState::Decided.as_str())))
        .order((experiment_test::decide_at, experiment_test::campaign_run_id))
        .select((experiment_test::campaign_run_id, experiment_test::state))
        .load(conn)?;
    Ok(rows)
}

/// Decides a test that is open. Whoever comes second changes nothing.
///
/// # Errors
/// Conflict, when it was decided before.
pub fn decide_test(
    conn: &mut Connection,
    run: CampaignRunId,
    variant: &str,
    (by, because): (&str, &str),
    now: Timestamp,
) -> Result<()> {
    let open = [TestState::Waiting, TestState::Asking].map(TestState::as_str);
    let changed = diesel::update(experiment_test::table.find(run).filter(experiment_test::state.eq_any(open)))
        .set((
            experiment_test::state.eq(TestState::Decided.as_str()),
            experiment_test::variant.eq(variant),
            experiment_test::decided_by.eq(by),
            experiment_test::decided_at.eq(now),
            experiment_test::because.eq(because),
        ))
        .execute(conn)?;
    match changed {
        0 => Err(Error::conflict("it was decided before; the rest of the audience is written to once")),
        _ => Ok(()),
    }
}

/// Moves a test from one state to another, when it is still there; whether it was.
pub fn move_test(conn: &mut Connection, run: CampaignRunId, from: TestState, to: TestState, why: &str) -> Result<bool> {
    let there = experiment_test::table.find(run).filter(experiment_test::state.eq(from.as_str()));
    let changed = diesel::update(there)
        .set((experiment_test::state.eq(to.as_str()), experiment_test::because.eq(why)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// The rest has begun.
///
/// # Errors
/// Conflict, when it had begun before.
pub fn begin_rest(conn: &mut Connection, test: CampaignRunId, rest: CampaignRunId) -> Result<()> {
    let decided = experiment_test::table.find(test).filter(experiment_test::state.eq(TestState::Decided.as_str()));
    let changed = diesel::update(decided)
        .set((experiment_test::state.eq(TestState::Done.as_str()), experiment_test::rest_run_id.eq(rest)))
        .execute(conn)?;
    match changed {
        0 => Err(Error::conflict("the rest of the audience has had its run")),
        _ => Ok(()),
    }
}

/// What was settled about an experiment for all runs that follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = experiment_choice)]
pub struct SettledVariant {
    /// Its id; later ones are greater.
    pub id: i64,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experiment.
    pub experiment: String,
    /// The draws that it is about: another salt starts anew.
    pub salt: String,
    /// `won` or `stopped`.
    pub kind: String,
    /// The variant.
    pub variant: String,
    /// Who decided: a person, or the schedule.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
    /// Why: JSON with the verdict and all that it was made of.
    pub because: String,
}

/// The variant that all get from now on.
pub const WON: &str = "won";
/// A variant that nobody gets any more.
pub const STOPPED: &str = "stopped";

/// Settles a variant; an id is given to it.
pub fn settle(conn: &mut Connection, settled: SettledVariant) -> Result<SettledVariant> {
    let settled = SettledVariant { id: ids::fresh(settled.decided_at), ..settled };
    diesel::insert_into(experiment_choice::table).values(&settled).execute(conn)?;
    Ok(settled)
}

/// What was settled about an experiment, oldest first.
pub fn settled(
    conn: &mut Connection,
    campaign: CampaignId,
    experiment: &str,
    salt: &str,
) -> Result<Vec<SettledVariant>> {
    let rows = experiment_choice::table
        .filter(experiment_choice::campaign_id.eq(campaign))
        .filter(experiment_choice::experiment.eq(experiment))
        .filter(experiment_choice::salt.eq(salt))
        .order(experiment_choice::id)
        .select(SettledVariant::as_select())
        .load(conn)?;
    Ok(rows)
}

/// With what chance a run drew a variant, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = experiment_period, treat_none_as_default_value = false)]
pub struct Period {
    /// The run.
    pub campaign_run_id: CampaignRunId,
    /// The variant.
    pub variant: String,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The experiment.
    pub experiment: String,
    /// The draws that it is about.
    pub salt: String,
    /// When the run was decided.
    pub decided_at: Timestamp,
    /// Its weight, of 10,000.
    pub buckets: i32,
    /// Customers drawn to it whom the run would contact; known when the window has ended.
    pub units: Option<i64>,
    /// Of these, those who reached the goal.
    pub successes: Option<i64>,
}

/// Writes the weights of a run down.
pub fn insert_periods(conn: &mut Connection, periods: &[Period]) -> Result<()> {
    insert_rows!(conn, periods, values => diesel::insert_into(experiment_period::table)
        .values(values)
        .on_conflict_do_nothing())?;
    Ok(())
}

/// What came of a variant in a run.
pub fn close_period(
    conn: &mut Connection,
    run: CampaignRunId,
    variant: &str,
    (units, successes): (i64, i64),
) -> Result<()> {
    diesel::update(experiment_period::table.find((run, variant)))
        .set((experiment_period::units.eq(units), experiment_period::successes.eq(successes)))
        .execute(conn)?;
    Ok(())
}

/// The weights of a run by variant; none where it had no experiment.
pub fn periods_of_run(conn: &mut Connection, run: CampaignRunId) -> Result<Vec<Period>> {
    let rows = experiment_period::table
        .filter(experiment_period::campaign_run_id.eq(run))
        .order(experiment_period::variant)
        .select(Period::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The weights of all runs of an experiment, oldest first.
pub fn periods(conn: &mut Connection, campaign: CampaignId, experiment: &str, salt: &str) -> Result<Vec<Period>> {
    let rows = experiment_period::table
        .filter(experiment_period::campaign_id.eq(campaign))
        .filter(experiment_period::experiment.eq(experiment))
        .filter(experiment_period::salt.eq(salt))
        .order((experiment_period::decided_at, experiment_period::campaign_run_id, experiment_period::variant))
        .select(Period::as_select())
        .load(conn)?;
    Ok(rows)
}

/// Whether any run since then drew variants.
pub fn any_period_since(conn: &mut Connection, since: Timestamp) -> Result<bool> {
    let found = experiment_period::table.filter(experiment_period::decided_at.ge(since));
    Ok(found.select(experiment_period::campaign_run_id).first::<CampaignRunId>(conn).optional()?.is_some())
}
