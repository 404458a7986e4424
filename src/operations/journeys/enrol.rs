//! Who begins: clients of whom a fact has arrived, or who have entered a segment.

use std::collections::BTreeMap;

use crate::campaigns::FactsSpec;
use crate::campaigns::journey::store::{self, Journey, Watch};
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::customers::change;
use crate::error::{Error, Result};
use crate::history::feed;
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::segments::rule::{FactsOf, store as rules};
use crate::storage::Connection;

/// Changes of a segment that are read at once.
const MOST: i64 = 50_000;
/// For how long a change may still be committed after one that was noticed later.
const SETTLED: i64 = 10 * MINUTE;

/// Somebody who may begin.
struct Entry {
    customer: CustomerId,
    at: Timestamp,
    reason: String,
}

/// Begins the journeys of a campaign; how many.
pub(super) fn enrol(ws: &Workspace, watch: &Watch) -> Result<usize> {
    match (&watch.trigger.on, &watch.trigger.enters) {
        (Some(facts), _) => on_facts(ws, watch, facts),
        (None, Some(segment)) => on_entering(ws, watch, segment),
        (None, None) => Ok(0),
    }
}

fn on_facts(ws: &Workspace, watch: &Watch, facts: &FactsSpec) -> Result<usize> {
    let mut faults = Vec::new();
    let wanted = FactsOf::check("trigger.on", &facts.of, &facts.only, &mut faults)
        .ok_or_else(|| Error::faults("the trigger cannot be used", faults))?;
    let now = ws.now();
    let news = ws.store().read(|conn| Ok(feed::has_new(conn)? || feed::latest(conn)? > watch.position))?;
    if !news {
        return Ok(0);
    }
    ws.store().write(|conn| {
        let latest = feed::hand_over(conn, change::hand_over)?;
        // Read anew: another node may have gone further, for which this transaction has waited.
        let Some(watch) = store::watches(conn)?.into_iter().find(|known| known.campaign == watch.campaign) else {
            return Ok(0);
        };
        let new = feed::facts_between(conn, wanted.fact_type(), watch.position, latest)?;
        let entries = new.into_iter().filter(|fact| wanted.includes(fact)).map(|fact| Entry {
            customer: fact.customer,
            at: fact.occurred_at,
            reason: format!("fact/{}/{}", fact.source, fact.key),
        });
        let begun = begin(conn, &watch, entries.collect(), now)?;
        feed::follow(conn, &super::follower(watch.campaign), latest)?;
        store::watch(conn, &Watch { position: latest, ..watch })?;
        Ok(begun)
    })
}

fn on_entering(ws: &Workspace, watch: &Watch, segment: &str) -> Result<usize> {
    let now = ws.now();
    let changes = ws.store().read(|conn| {
        let segment = rules::by_name(conn, segment)?;
        rules::changes(conn, segment.id, watch.position, MOST)
    })?;
    if changes.is_empty() {
        return Ok(0);
    }
    // Of two transactions the one that noticed first may be seen last: only what is old enough is not looked at again.
    let settled = changes.iter().filter(|change| change.at.0 < now.0 - SETTLED).map(|change| change.id).max();
    let entries = changes.into_iter().filter(|change| change.entered).map(|change| Entry {
        customer: change.customer,
        at: change.at,
        reason: format!("segment/{}", change.id),
    });
    let entries = entries.collect();
    ws.store().write(|conn| {
        let begun = begin(conn, watch, entries, now)?;
        if let Some(position) = settled {
            store::watch(conn, &Watch { position, ..watch.clone() })?;
        }
        Ok(begun)
    })
}

/// Begins with those who have not begun lately; of several reasons of one client the first counts. What has happened too long ago
/// begins nothing: it is no news.
fn begin(conn: &mut Connection, watch: &Watch, entries: Vec<Entry>, now: Timestamp) -> Result<usize> {
    let trigger = &watch.trigger;
    let oldest = now.plus(-i64::from(trigger.lateness_hours) * HOUR);
    let mut first: BTreeMap<CustomerId, Entry> = BTreeMap::new();
    for entry in entries.into_iter().filter(|entry| entry.at >= oldest) {
        match first.get(&entry.customer) {
            Some(known) if known.at <= entry.at => {}
            _ => {
                first.insert(entry.customer, entry);
            }
        }
    }
    let customers: Vec<CustomerId> = first.keys().copied().collect();
    let last = store::last_entries(conn, watch.campaign, &customers)?;
    let again = i64::from(trigger.again_after_days) * DAY;
    let rows: Vec<Journey> = first
        .into_values()
        .filter(|entry| last.get(&entry.customer).is_none_or(|last| entry.at >= last.plus(again)))
        .map(|entry| {
            let new = Journey::new(watch.campaign, entry.customer, entry.reason, entry.at, now);
            Journey { due_at: entry.at.plus(i64::from(trigger.after_hours) * HOUR), ..new }
        })
        .collect();
    store::begin(conn, &rows)
}
