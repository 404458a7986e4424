//! The SQL of decisions and prices.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use super::allocation::Prices;
use super::batch::BatchResult;
use super::decision::{Arm, Choice, Decision};
use super::view::{CustomerView, Facts};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, CampaignRunId, CustomerId, DecisionId, OfferId};
use crate::insert_rows;
use crate::models::timing::{HOUR_SHARE, PRESSURE};
use crate::rules::{Row, Value};
use crate::storage::Connection;
use crate::storage::schema::{decision, decision_price};

/// A decision as it is kept: one contact of it, or none.
#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = decision, treat_none_as_default_value = false)]
pub struct DecisionRow {
    /// Its id.
    pub id: DecisionId,
    /// The run; none in real time.
    pub campaign_run_id: Option<CampaignRunId>,
    /// The customer.
    pub customer_id: CustomerId,
    /// Which contact of the decision this is, from 0.
    pub ordinal: i32,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// The word of its [`Arm`].
    pub arm: String,
    /// The offer; none for no contact.
    pub offer_id: Option<OfferId>,
    /// The company's own key of the offer.
    pub offer: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// The slot's beginning.
    pub slot_from: Option<Timestamp>,
    /// The slot's end.
    pub slot_until: Option<Timestamp>,
    /// The template's variant.
    pub variant: Option<String>,
    /// Its value, in ticks (hundredths of a minor unit); 0 for none.
    pub value: i64,
    /// P(convert | this contact).
    pub p1: Option<f64>,
    /// P(convert | no contact).
    pub p0: Option<f64>,
    /// Probability of this choice given the arm.
    pub propensity: f64,
    /// Whether a capacity forced another choice than the prices made.
    pub forced: bool,
    /// The variant of each experiment, a JSON object.
    pub variants: String,
    /// The facts it was made on, a JSON object.
    pub context: String,
    /// Why this and why not the others, JSON.
    pub trace: String,
    /// Versions of the models that scored it, JSON.
    pub model_versions: String,
    /// The customer's segment, as of the decision.
    pub segment: Option<String>,
    /// The chance with which the experiment's variant was drawn.
    pub variant_propensity: Option<f64>,
}

impl DecisionRow {
    /// The way the choice was made.
    pub fn arm(&self) -> Option<Arm> {
        Arm::parse(&self.arm)
    }
}

/// The rows of a decision: one for each contact, or one for none.
///
/// # Errors
/// Internal, when the trace cannot be written as JSON.
pub fn rows(
    run: Option<CampaignRunId>,
    view: &CustomerView,
    decided: &Decision,
    model_versions: &str,
) -> Result<Vec<DecisionRow>> {
    let trace = serde_json::to_string(&decided.trace).map_err(|error| unwritable("the trace", error))?;
    with_trace(run, view, decided, model_versions, trace)
}

/// The rows of a decision in real time, which keeps its trace in brief.
///
/// # Errors
/// As [`rows`].
pub fn brief_rows(view: &CustomerView, decided: &Decision, model_versions: &str) -> Result<Vec<DecisionRow>> {
    let trace = decided.trace.brief().map_err(|error| unwritable("the trace", error))?;
    with_trace(None, view, decided, model_versions, trace)
}

fn with_trace(
    run: Option<CampaignRunId>,
    view: &CustomerView,
    decided: &Decision,
    model_versions: &str,
    trace: String,
) -> Result<Vec<DecisionRow>> {
    let context = |hour_share| {
        let logged = Logged { facts: &view.facts, hour_share, pressure: view.pressure(decided.decided_at) };
        serde_json::to_string(&logged).map_err(|error| unwritable("the facts", error))
    };
    let variants: serde_json::Map<String, serde_json::Value> =
        decided.variants.iter().map(|(experiment, variant)| (experiment.to_string(), (&**variant).into())).collect();
    let none = DecisionRow {
        id: DecisionId(ids::fresh(decided.decided_at)),
        campaign_run_id: run,
        customer_id: decided.customer_id,
        ordinal: 0,
        decided_at: decided.decided_at,
        arm: decided.arm.name().to_owned(),
        offer_id: None,
        offer: None,
        channel: None,
        slot_from: None,
        slot_until: None,
        variant: None,
        value: 0,
        p1: None,
        p0: None,
        propensity: decided.propensity,
        forced: decided.forced,
        variants: serde_json::Value::Object(variants).to_string(),
        context: context(None)?,
        trace,
        model_versions: model_versions.to_owned(),
        segment: match view.facts.get("segment") {
            Some(Value::Text(segment)) => Some(segment.to_string()),
            _ => None,
        },
        variant_propensity: decided.variant_propensity,
    };
    if decided.chosen.is_empty() {
        return Ok(vec![none]);
    }
    let rows = decided.chosen.iter().enumerate();
    rows.map(|(ordinal, choice)| Ok(row(&none, context(Some(choice.hour_share))?, ordinal, choice))).collect()
}

fn row(none: &DecisionRow, context: String, ordinal: usize, choice: &Choice) -> DecisionRow {
    DecisionRow {
        id: DecisionId(ids::fresh(none.decided_at)),
        ordinal: ordinal as i32,
        offer_id: Some(choice.treatment.offer),
        offer: Some(choice.treatment.offer_key.to_string()),
        channel: Some(choice.treatment.channel.to_string()),
        slot_from: Some(choice.slot.from),
        slot_until: Some(choice.slot.until),
        variant: choice.treatment.variant.as_ref().map(ToString::to_string),
        value: choice.value,
        p1: Some(choice.p1),
        p0: Some(choice.p0),
        context,
        // The explanation stands with the first contact only.
        trace: if ordinal == 0 { none.trace.clone() } else { "{}".into() },
        ..none.clone()
    }
}

/// Facts as they are logged: an object, by name; with the share of activity in the hour of the contact, where there is one, and the
/// pressure of earlier ones.
struct Logged<'a> {
    facts: &'a Facts,
    hour_share: Option<f64>,
    pressure: f64,
}

impl Serialize for Logged<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let share = self.hour_share.map(|share| (HOUR_SHARE, Value::Number(share)));
        let moment = share.into_iter().chain([(PRESSURE, Value::Number(self.pressure))]);
        let moment: Vec<_> = moment.collect();
        serializer.collect_map(self.facts.iter().chain(moment.iter().map(|(name, value)| (*name, value))))
    }
}

fn unwritable(what: &str, error: serde_json::Error) -> Error {
    Error::internal(format!("{what} of a decision cannot be written as JSON")).caused_by(error)
}

/// Writes decisions. What is known already (the same run, customer and contact) stays, so that a batch can be repeated.
pub fn insert(conn: &mut Connection, rows: &[DecisionRow]) -> Result<usize> {
    let written = insert_rows!(conn, rows, values => diesel::insert_into(decision::table)
            .values(values)
            .on_conflict_do_nothing())?;
    Ok(written)
}

/// The decisions of a customer, the latest first, before the (decided_at, id) of the last one seen.
pub fn of_customer(
    conn: &mut Connection,
    customer: CustomerId,
    before: Option<(Timestamp, DecisionId)>,
    limit: i64,
) -> Result<Vec<DecisionRow>> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), DecisionId(i64::MAX)));
    let rows = decision::table
        .filter(decision::customer_id.eq(customer))
        .filter(decision::decided_at.lt(at).or(decision::decided_at.eq(at).and(decision::id.lt(id))))
        .order((decision::decided_at.desc(), decision::id.desc()))
        .limit(limit)
        .select(DecisionRow::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The decisions of a run by customer and contact, after the (customer, ordinal) of the last one seen.
pub fn of_run(
    conn: &mut Connection,
    run: CampaignRunId,
    after: Option<(CustomerId, i32)>,
    limit: i64,
) -> Result<Vec<DecisionRow>> {
    let (customer, ordinal) = after.unwrap_or((CustomerId(-1), -1));
    let rows = decision::table
        .filter(decision::campaign_run_id.eq(run))
        .filter(
            decision::customer_id
                .gt(customer)
                .or(decision::customer_id.eq(customer).and(decision::ordinal.gt(ordinal))),
        )
        .order((decision::customer_id, decision::ordinal))
        .limit(limit)
        .select(DecisionRow::as_select())
        .load(conn)?;
    Ok(rows)
}

/// What results are made of: a decision without its context and its trace, which are by far the most of it.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = decision)]
pub struct Outline {
    /// Its id.
    pub id: DecisionId,
    /// The customer.
    pub customer_id: CustomerId,
    /// The word of its [`Arm`].
    pub arm: String,
    /// The company's own key of the offer; none for no contact.
    pub offer: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// Probability of this choice given the arm.
    pub propensity: f64,
    /// The variant of each experiment, a JSON object.
    pub variants: String,
    /// The customer's segment, as of the decision.
    pub segment: Option<String>,
    /// The chance with which the experiment's variant was drawn.
    pub variant_propensity: Option<f64>,
}

impl Outline {
    /// The way the choice was made.
    pub fn arm(&self) -> Option<Arm> {
        Arm::parse(&self.arm)
    }
}

/// The first contact, or none, of each customer in a run, in the order of their ids, after the last one seen.
pub fn outlines_of_run(
    conn: &mut Connection,
    run: CampaignRunId,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<Outline>> {
    let rows = decision::table
        .filter(decision::campaign_run_id.eq(run))
        .filter(decision::customer_id.gt(after.unwrap_or(CustomerId(-1))))
        .filter(decision::ordinal.eq(0))
        .order(decision::customer_id)
        .limit(limit)
        .select(Outline::as_select())
        .load(conn)?;
    Ok(rows)
}

/// The contexts of the same rows, by customer.
pub fn contexts_of_run(
    conn: &mut Connection,
    run: CampaignRunId,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<(CustomerId, String)>> {
    let rows = decision::table
        .filter(decision::campaign_run_id.eq(run))
        .filter(decision::customer_id.gt(after.unwrap_or(CustomerId(-1))))
        .filter(decision::ordinal.eq(0))
        .order(decision::customer_id)
        .limit(limit)
        .select((decision::customer_id, decision::context))
        .load(conn)?;
    Ok(rows)
}

/// The customers whom a run contacts, or would in shadow, rising.
pub fn contacted_in(conn: &mut Connection, run: CampaignRunId) -> Result<Vec<CustomerId>> {
    let rows = decision::table
        .filter(decision::campaign_run_id.eq(run))
        .filter(decision::ordinal.eq(0))
        .filter(decision::offer_id.is_not_null())
        .order(decision::customer_id)
        .select(decision::customer_id)
        .load(conn)?;
    Ok(rows)
}

/// The offer of one contact of a run.
pub fn offer_of(
    conn: &mut Connection,
    run: CampaignRunId,
    customer: CustomerId,
    ordinal: i32,
) -> Result<Option<OfferId>> {
    let found: Option<Option<OfferId>> = decision::table
        .filter(decision::campaign_run_id.eq(run))
        .filter(decision::customer_id.eq(customer))
        .filter(decision::ordinal.eq(ordinal))
        .select(decision::offer_id)
        .first(conn)
        .optional()?;
    Ok(found.flatten())
}

/// The variant of one contact of a run.
pub fn variant_of(
    conn: &mut Connection,
    run: CampaignRunId,
    customer: CustomerId,
    ordinal: i32,
) -> Result<Option<String>> {
    let found: Option<Option<String>> = decision::table
        .filter(decision::campaign_run_id.eq(run))
        .filter(decision::customer_id.eq(customer))
        .filter(decision::ordinal.eq(ordinal))
        .select(decision::variant)
        .first(conn)
        .optional()?;
    Ok(found.flatten())
}

/// The trace of a run's contact with a customer, as JSON.
pub fn trace_of(
    conn: &mut Connection,
    run: CampaignRunId,
    customer: CustomerId,
    ordinal: i32,
) -> Result<Option<String>> {
    let of_run = decision::table.filter(decision::campaign_run_id.eq(run)).filter(decision::customer_id.eq(customer));
    Ok(of_run.filter(decision::ordinal.eq(ordinal)).select(decision::trace).first(conn).optional()?)
}

/// Makes decisions about `from` decisions about `to`. In runs that had both, the ordinals of the former follow those of the
/// latter; answers by how much they moved.
pub fn reassign(conn: &mut Connection, from: CustomerId, to: CustomerId) -> Result<BTreeMap<CampaignRunId, i32>> {
    let last_of = |conn: &mut Connection, customer: CustomerId| -> Result<BTreeMap<CampaignRunId, i32>> {
        let rows =
            decision::table.filter(decision::customer_id.eq(customer)).filter(decision::campaign_run_id.is_not_null());
        let rows = rows.select((decision::campaign_run_id.assume_not_null(), decision::ordinal));
        let mut last = BTreeMap::new();
        for (run, ordinal) in rows.load::<(CampaignRunId, i32)>(conn)? {
            let known = last.entry(run).or_insert(ordinal);
            *known = ordinal.max(*known);
        }
        Ok(last)
    };
    let (theirs, own) = (last_of(conn, from)?, last_of(conn, to)?);
    let both = own.into_iter().filter(|(run, _)| theirs.contains_key(run));
    let shifts: BTreeMap<CampaignRunId, i32> = both.map(|(run, last)| (run, last + 1)).collect();
    for (run, shift) in &shifts {
        let rows = decision::table.filter(decision::customer_id.eq(from)).filter(decision::campaign_run_id.eq(run));
        let values = (decision::customer_id.eq(to), decision::ordinal.eq(decision::ordinal + *shift));
        diesel::update(rows).set(values).execute(conn)?;
    }
    let rest = decision::table.filter(decision::customer_id.eq(from));
    diesel::update(rest).set(decision::customer_id.eq(to)).execute(conn)?;
    Ok(shifts)
}

/// Leaves of the decisions about a customer the numbers that runs reconcile with, as those of `nobody`.
pub fn anonymise(conn: &mut Connection, customer: CustomerId, nobody: CustomerId) -> Result<usize> {
    let values = (decision::customer_id.eq(nobody), decision::context.eq("{}"), decision::trace.eq("{}"));
    Ok(diesel::update(decision::table.filter(decision::customer_id.eq(customer))).set(values).execute(conn)?)
}

/// Keeps the prices of a run.
///
/// # Errors
/// Conflict, when they were kept before.
pub fn insert_prices(conn: &mut Connection, run: CampaignRunId, result: &BatchResult, now: Timestamp) -> Result<()> {
    let prices = serde_json::to_string(&result.prices).map_err(|error| unwritable("the prices", error))?;
    diesel::insert_into(decision_price::table)
        .values((
            decision_price::campaign_run_id.eq(run),
            decision_price::decided_at.eq(now),
            decision_price::value.eq(result.value),
            decision_price::bound.eq(result.bound),
            decision_price::prices.eq(prices),
        ))
        .execute(conn)?;
    Ok(())
}

/// The prices of a run; `None` when it found none.
///
/// # Errors
/// Internal, when what is kept does not parse.
pub fn prices(conn: &mut Connection, run: CampaignRunId) -> Result<Option<Prices>> {
    let text: Option<String> = decision_price::table.find(run).select(decision_price::prices).first(conn).optional()?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Error::internal("the prices of a run do not parse").caused_by(error))
}

#[cfg(test)]
mod tests;
