//! Closes the loop: when a run's window has ended, its decisions re-enter history with their outcomes, for models to learn from.

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::customers::store as customers;
use crate::decisions::Arm;
use crate::error::Result;
use crate::experiments::store as experiments;
use crate::history::facts::DECISION;
use crate::history::{Fact, Value};
use crate::ids::CampaignRunId;
use crate::operations::Workspace;
use crate::operations::measure::{self, Measured, RunMeasure, window_of};
use crate::operations::results::{self, sums_by_variant};
use crate::operations::webhooks::news;

/// Facts of the decision's context that may leave the store with it: features, scores and segment, nothing of the profile.
const WORDS: [&str; 2] = ["segment", "kind"];

/// What became of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Matured {
    /// The run.
    pub run: CampaignRunId,
    /// Decisions whose outcome is now known.
    pub decisions: usize,
    /// Decisions of which nothing can be learned, since the contact was not made.
    pub left_out: usize,
}

/// Closes every run whose window has ended and that has not been closed before.
///
/// # Errors
/// Unavailable, when store or history do not answer; what was closed before stays closed.
pub fn mature(ws: &Workspace) -> Result<Vec<Matured>> {
    let now = ws.now();
    let open = ws.store().read(campaigns::unmeasured_runs)?;
    let mut matured = Vec::new();
    for run in open {
        let spec = ws.store().read(|conn| Ok(campaigns::version(conn, run.campaign_id, run.version)?.spec))?;
        if window_of(&run, &spec).1 > now {
            continue;
        }
        let measured = measure::measure(ws, run.id)?;
        let campaign = ws.store().read(|conn| campaigns::by_id(conn, run.campaign_id))?;
        let name = campaign.name.clone();
        // Of somebody who was erased the numbers stay in the store, and nothing is remembered.
        let known = ws.store().read(customers::ids)?;
        let known = |person: &&Measured| known.binary_search(&person.decision.customer_id).is_ok();
        let contexts = measure::contexts(ws, run.id)?;
        let people = measured.people.iter().filter(known);
        let context = |person: &Measured| contexts.get(&person.decision.customer_id).map_or("{}", String::as_str);
        let facts = people.filter_map(|person| fact(&measured, person, &name, context(person)));
        let facts: Vec<Fact> = facts.collect::<Result<_>>()?;
        let left_out = measured.people.len() - facts.len();
        let history = ws.history();
        // A crash between the two appends nothing twice: facts have keys of their own.
        history.append(&DECISION, &facts, now)?;
        let periods = periods(&measured);
        let wants = ws.store().read(news::wants_measures)?;
        let results = if wants { Some(results::of_run(ws, run.id)?) } else { None };
        ws.store().write(|conn| {
            for (variant, sums) in &periods {
                experiments::close_period(conn, run.id, variant, *sums)?;
            }
            if let Some(results) = &results {
                news::measured(conn, &campaign, results, now)?;
            }
            campaigns::set_measured(conn, run.id, now)
        })?;
        matured.push(Matured { run: run.id, decisions: facts.len(), left_out });
    }
    if !matured.is_empty() {
        ws.history().seal_tail(now)?;
    }
    Ok(matured)
}

/// What came of the variants of a run by its experiment's goal: units and successes. Amounts are none.
fn periods(run: &RunMeasure) -> Vec<(String, (i64, i64))> {
    let experiment = run.spec.experiments.first().filter(|experiment| experiment.goal.is_share());
    let sums = experiment.map(|experiment| sums_by_variant(run, experiment)).unwrap_or_default();
    sums.into_iter().map(|(variant, tally)| (variant.to_owned(), (tally.n, tally.sum()))).collect()
}

/// The fact of one decision; none, when a contact was decided but not made: what it would have done is not known, and why it
/// was not made (a purchase, a complaint) may be the very outcome.
fn fact(run: &RunMeasure, person: &Measured, campaign: &str, context: &str) -> Option<Result<Fact>> {
    if !person.arm.is_holdout() && person.missed > 0 {
        return None;
    }
    let row = &person.decision;
    let contacted = person.contacts > 0;
    let (offer, channel) = if contacted { (row.offer.clone(), row.channel.clone()) } else { (None, None) };
    let context = match learnable(context) {
        Ok(context) => context,
        Err(error) => return Some(Err(error)),
    };
    let arm = match person.arm {
        Arm::Treated => "treated",
        Arm::Exploration => "explore",
        Arm::GlobalHoldout | Arm::CampaignHoldout => "holdout",
    };
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let values = DECISION
        .columns
        .iter()
        .map(|column| match column.name {
            "decision_key" => Value::Text(row.id.to_string()),
            "campaign" => Value::Text(campaign.to_owned()),
            "offer" => Value::Text(offer.clone().unwrap_or_else(|| "none".into())),
            "channel" => text(channel.clone()),
            "propensity" => Value::Float(row.propensity),
            "arm" => Value::Text(arm.into()),
            "context" => Value::Text(context.clone()),
            "converted" => Value::Float(f64::from(u8::from(person.orders() > 0))),
            "value" => Value::Int(person.profit().round() as i64),
            _ => Value::Null,
        })
        .collect();
    Some(Ok(Fact {
        customer: row.customer_id,
        occurred_at: run.run.decided_at,
        source: "vizavi".into(),
        key: row.id.to_string(),
        values,
    }))
}

/// The part of a context that may be learned from: numbers that are no attributes, and a few words.
fn learnable(context: &str) -> Result<String> {
    let all: serde_json::Map<String, serde_json::Value> = serde_json::from_str(context)?;
    let kept: serde_json::Map<String, serde_json::Value> = all
        .into_iter()
        .filter(|(name, value)| {
            (value.is_number() && !name.starts_with("attribute.")) || WORDS.contains(&name.as_str())
        })
        .collect();
    Ok(serde_json::Value::Object(kept).to_string())
}
