//! Who has done what the campaign wants, and who has answered.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::campaigns::FactsSpec;
use crate::campaigns::journey::store::{self, Journey};
use crate::error::{Error, Result};
use crate::ids::{CustomerId, JourneyId};
use crate::operations::Workspace;
use crate::outcomes::{SignalKind, store as outcomes};
use crate::segments::rule::FactsOf;
use crate::storage::Connection;

/// Up to so many customers are named in a query.
const NAMED: usize = 2_000;

/// Those journeys whose client has reached one of the goals since the journey began.
pub(super) fn reached(ws: &Workspace, goals: &[FactsSpec], journeys: &[Journey]) -> Result<BTreeSet<JourneyId>> {
    let Some(since) = journeys.iter().map(|journey| journey.entered_at).min() else { return Ok(BTreeSet::new()) };
    let mut latest: BTreeMap<CustomerId, i64> = BTreeMap::new();
    let customers: BTreeSet<CustomerId> = journeys.iter().map(|journey| journey.customer_id).collect();
    let named = match customers.len() <= NAMED {
        true => {
            let ids: Vec<String> = customers.iter().map(ToString::to_string).collect();
            format!(" AND customer_id IN ({})", ids.join(", "))
        }
        false => String::new(),
    };
    for goal in goals {
        let mut faults = Vec::new();
        let facts = FactsOf::check("until", &goal.of, &goal.only, &mut faults)
            .ok_or_else(|| Error::faults("the goal cannot be used", faults))?;
        let sql = format!(
            "SELECT customer_id, max(occurred_at) FROM {} \
             WHERE occurred_at > arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))') AND {}{named} GROUP BY customer_id",
            facts.fact_type().name,
            since.0,
            facts.condition(),
        );
        for batch in ws.history().snapshot()?.query(&sql)? {
            let ids = batch.column(0).as_primitive::<Int64Type>().values();
            let times = batch.column(1).as_primitive::<TimestampMicrosecondType>().values();
            for (&id, &at) in ids.iter().zip(times).filter(|(id, _)| customers.contains(&CustomerId(**id))) {
                let known = latest.entry(CustomerId(id)).or_insert(at);
                *known = at.max(*known);
            }
        }
    }
    let now = ws.now();
    let has = |journey: &&Journey| {
        latest.get(&journey.customer_id).is_some_and(|&at| at > journey.entered_at.0 && at <= now.0)
    };
    Ok(journeys.iter().filter(has).map(|journey| journey.id).collect())
}

/// Those journeys whose client has answered an earlier step in one of these ways.
pub(super) fn answered(conn: &mut Connection, ways: &[String], journeys: &[Journey]) -> Result<BTreeSet<JourneyId>> {
    let mut found = BTreeSet::new();
    if ways.is_empty() {
        return Ok(found);
    }
    let ids: Vec<JourneyId> = journeys.iter().map(|journey| journey.id).collect();
    let mut by_run: BTreeMap<_, Vec<JourneyId>> = BTreeMap::new();
    for (journey, _, run) in store::steps_taken(conn, &ids)? {
        by_run.entry(run).or_default().push(journey);
    }
    // The first contact of a journey that a run began is that run's.
    for journey in journeys {
        if let Some(run) = journey.entry.strip_prefix("run/").and_then(|run| run.parse().ok()) {
            by_run.entry(crate::ids::CampaignRunId(run)).or_default().push(journey.id);
        }
    }
    let customer_of: BTreeMap<JourneyId, CustomerId> = journeys.iter().map(|one| (one.id, one.customer_id)).collect();
    for (run, theirs) in by_run {
        for way in ways {
            let answers = outcomes::of_run(conn, run, SignalKind::parse(way)?)?;
            let who: BTreeSet<CustomerId> = answers.iter().map(|answer| answer.customer_id).collect();
            found.extend(theirs.iter().filter(|journey| customer_of.get(journey).is_some_and(|of| who.contains(of))));
        }
    }
    Ok(found)
}
