//! The dry run: what a campaign would do now, to whom, why, at what cost, and what its holdout could prove. Changes nothing but
//! the campaign's state.

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use serde::Serialize;

use crate::campaigns::{Action, store};
use crate::clock::{DAY, Timestamp};
use crate::decisions::Choice;
use crate::decisions::candidate::TICKS;
use crate::decisions::waterfall::Waterfall;
use crate::error::Result;
use crate::experiments::Level;
use crate::experiments::power::detectable_with;
use crate::messages::Form;
use crate::messages::preview::{Preview, preview};
use crate::money::Money;
use crate::operations::batch::{self, Batch};
use crate::operations::disparity::{Disparity, disparities};
use crate::operations::forecast::{Forecast, forecast};
use crate::operations::relaxed::{Relaxed, relaxed};
use crate::operations::setup::{self, Setup};
use crate::operations::variables::variables;
use crate::operations::{Workspace, steer};

/// Decisions that a plan shows in full.
const SAMPLES: usize = 20;

/// What a campaign would do.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// The campaign.
    pub campaign: String,
    /// The version that was planned.
    pub version: i64,
    /// The instant of the decisions.
    pub decided_at: Timestamp,
    /// Where the audience went.
    pub waterfall: Waterfall,
    /// The same in lines.
    pub waterfall_lines: Vec<String>,
    /// What it would use and bring.
    pub forecast: Forecast,
    /// What one more of each scarce thing would be worth, in sentences.
    pub prices: Vec<String>,
    /// What a tenth more of each limit that binds would bring, the dearest first.
    pub relaxed: Vec<Relaxed>,
    /// Who is contacted, with what, by the groups of each protected attribute.
    pub disparity: Vec<Disparity>,
    /// Value of the choice and its proven upper bound.
    pub proof: Proof,
    /// What the holdout could tell apart.
    pub detectable: Option<Detectable>,
    /// Some decisions with their why and their message.
    pub samples: Vec<Sample>,
}

/// Value and bound in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proof {
    /// Value of what was chosen.
    pub value: Money,
    /// No choice within the same limits is worth more; proven.
    pub bound: f64,
    /// How far the value can be from the best, as a share of the bound.
    pub gap: f64,
}

/// What the holdout can tell apart, beside what is expected. Minor units per assigned customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Detectable {
    /// The smallest true effect found in four of five cases.
    pub per_customer: f64,
    /// What is expected.
    pub expected_per_customer: f64,
    /// Customers assigned to be treated.
    pub treated: usize,
    /// Customers held out.
    pub holdout: usize,
}

/// One decision, shown in full.
#[derive(Debug, Serialize)]
pub struct Sample {
    /// The company's own key of the customer.
    pub customer: String,
    /// `treated`, `exploration`, `global_holdout`, `campaign_holdout`.
    pub arm: &'static str,
    /// What would be done, or nothing.
    pub choice: Option<String>,
    /// Why this, and why not each other, a sentence each.
    pub why: Vec<String>,
    /// The message.
    pub message: Option<Preview>,
}

/// Plans a campaign as of now.
///
/// # Errors
/// Not found; conflict, when a run is going on; invalid, when something it names is gone.
pub fn plan(ws: &Workspace, name: &str, actor: &str) -> Result<Plan> {
    let now = ws.now();
    let occasion = format!("plan {now}");
    let (setup, batch) = ws.store().read(|conn| {
        let setup = setup::load(ws, conn, name, &occasion)?;
        let batch = batch::decide(ws, conn, &setup, &occasion, now, None)?;
        Ok((setup, batch))
    })?;
    let plan = describe(ws, &setup, &batch)?;
    let summary = serde_json::to_string(&plan)?;
    steer::act(ws, name, Action::Plan, "campaign.plan", actor, |conn, campaign| {
        store::keep_plan(conn, campaign.id, campaign.version, &summary, now)
    })?;
    Ok(plan)
}

fn describe(ws: &Workspace, setup: &Setup, batch: &Batch) -> Result<Plan> {
    let result = &batch.result;
    let forecast = forecast(batch, &setup.response.uplift.realised);
    let currency = ws.settings().currency;
    Ok(Plan {
        campaign: setup.campaign.name.clone(),
        version: setup.campaign.version,
        decided_at: batch.now,
        waterfall_lines: result.waterfall.words(),
        waterfall: result.waterfall.clone(),
        prices: result.prices.words(currency),
        relaxed: relaxed(setup, batch, currency)?,
        disparity: disparities(batch, ws.settings()),
        proof: proof(batch),
        detectable: detectable(ws, setup, batch, &forecast)?,
        samples: samples(ws, setup, batch)?,
        forecast,
    })
}

/// The value of a batch and its bound, in minor units.
pub fn proof(batch: &Batch) -> Proof {
    let result = &batch.result;
    Proof { value: from_ticks(result.value as f64), bound: result.bound / TICKS, gap: result.gap }
}

fn from_ticks(ticks: f64) -> Money {
    Money((ticks / TICKS).round() as i64)
}

/// Mean and variance of the margin per customer in a past window as long as the conversion window: how noisy profit is.
fn noise(ws: &Workspace, setup: &Setup, now: Timestamp) -> Result<Option<(f64, f64)>> {
    let from = now.plus(-i64::from(setup.spec().conversion_days) * DAY);
    let margin = ws.settings().margin;
    let sql = format!(
        "SELECT count(*), sum(m), sum(m * m) FROM (SELECT customer_id, \
         sum(CASE WHEN cost IS NULL THEN amount * {margin} ELSE CAST(amount - cost AS DOUBLE) END) AS m FROM order_item \
         WHERE occurred_at >= arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))') GROUP BY customer_id)",
        from.0
    );
    let batches = ws.history().snapshot_before(now)?.query(&sql)?;
    let Some(batch) = batches.first().filter(|batch| batch.num_rows() == 1) else { return Ok(None) };
    let buyers = batch.column(0).as_primitive::<Int64Type>().value(0);
    if buyers == 0 {
        return Ok(None);
    }
    let sum = |column: usize| batch.column(column).as_primitive::<Float64Type>().value(0);
    Ok(Some((sum(1), sum(2))))
}

fn detectable(ws: &Workspace, setup: &Setup, batch: &Batch, forecast: &Forecast) -> Result<Option<Detectable>> {
    let all = batch.people.len() as f64;
    let Some((sum, squares)) = noise(ws, setup, batch.now)? else { return Ok(None) };
    let variance = (squares - sum * sum / all) / (all - 1.0).max(1.0);
    let (holdout, treated) = (forecast.holdout, batch.people.len() - forecast.holdout);
    let found = detectable_with(variance, treated as f64, holdout as f64, Level::FIVE_PERCENT, 0.8);
    Ok(found.ok().map(|per_customer| Detectable {
        per_customer,
        expected_per_customer: forecast.profit.0 as f64 / treated.max(1) as f64,
        treated,
        holdout,
    }))
}

/// Evenly taken decisions: most of those who would be contacted, some of those who would not.
fn samples(ws: &Workspace, setup: &Setup, batch: &Batch) -> Result<Vec<Sample>> {
    let decisions = &batch.result.decisions;
    let evenly = |wanted: usize, chosen: bool| -> Vec<usize> {
        let all: Vec<usize> = (0..decisions.len()).filter(|&i| decisions[i].to_make().is_empty() != chosen).collect();
        let step = (all.len() / wanted.max(1)).max(1);
        all.into_iter().step_by(step).take(wanted).collect()
    };
    let mut shown = evenly(SAMPLES * 3 / 4, true);
    shown.extend(evenly(SAMPLES - shown.len(), false));
    shown.into_iter().map(|i| sample(ws, setup, batch, i)).collect()
}

fn sample(ws: &Workspace, setup: &Setup, batch: &Batch, i: usize) -> Result<Sample> {
    let decision = &batch.result.decisions[i];
    let choice = decision.to_make().first();
    Ok(Sample {
        customer: batch.people[i].customer.external_id.clone(),
        arm: decision.arm.name(),
        choice: choice.map(|choice| choice.treatment.to_string()),
        why: decision.trace.words(ws.settings().currency),
        message: choice.map(|choice| message(ws, setup, batch, i, choice)).transpose()?,
    })
}

fn message(ws: &Workspace, setup: &Setup, batch: &Batch, i: usize, choice: &Choice) -> Result<Preview> {
    let offer = setup.offers.iter().find(|offer| offer.id == choice.treatment.offer);
    let offer = offer.ok_or_else(|| crate::Error::internal("a decision names an offer that the campaign does not"))?;
    let variant = choice.treatment.variant.clone().map_or_else(|| setup.variant.clone(), |variant| variant.to_string());
    let variables = variables(setup, ws.settings(), &batch.people[i], offer, &variant, &choice.treatment.channel);
    let form = Form::of_channel(&choice.treatment.channel);
    preview(&setup.templates, form, &serde_json::to_string(&variables)?)
}
