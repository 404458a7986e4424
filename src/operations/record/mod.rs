//! Facts that arrive while the company works: orders, interactions, events, contracts, claims, and the signals of a message.
//!
//! What a request reports is checked as a whole: either all of it is recorded or, when anything is wrong, nothing, and every
//! fault is named with its place in the request. It is durable when the call returns, counts once however often it is reported,
//! and brings the serving rows up to date in the same transaction.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::{Aliases, Customer, store as customers};
use crate::error::{Error, Result};
use crate::history::event_types::EventTypes;
use crate::history::event_types::store::{self as event_types, Personal};
use crate::history::{Fact, FactType, History};
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::settings::Settings;
use crate::storage::Connection;

mod claim;
pub mod cost;
mod event;
mod faults;
mod interaction;
mod order;
mod own;
pub mod report;
mod signal;
pub mod state;
mod subscription;

pub use claim::NewClaim;
pub use event::NewEvent;
use faults::Faults;
pub use interaction::{NewInteraction, interaction_change};
pub use order::{NewItem, NewOrder};
pub use own::{OwnInteraction, append_own};
pub use signal::{signal, signal_in, unsubscribe, unsubscribe_in, withdraw_in};
use state::Change;
pub use subscription::NewSubscription;

/// The source of facts that come by REST.
const SOURCE: &str = "api";

/// What recording did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Facts that were new.
    pub accepted: usize,
    /// Facts that had been reported before.
    pub known: usize,
}

/// What reports are read with.
struct Desk<'a> {
    now: Timestamp,
    settings: &'a Settings,
    declared: EventTypes,
}

/// A fact on its way into the tail, with all that it changes.
struct Entry {
    fact_type: &'static FactType,
    fact: Fact,
    /// What it changes in the serving row, if it is new.
    change: Change,
    /// Personal properties: a JSON object.
    personal: Option<String>,
}

/// Something that a caller reports: one JSON value, one line of NDJSON.
trait Report {
    /// What several of them are called.
    const NOUN: &'static str;

    /// The company's own key of the customer.
    fn customer(&self) -> &str;

    /// Says what is wrong with it, and reads it into facts of `customer`, which count only where nothing was wrong.
    fn read(self, desk: &Desk, customer: CustomerId, faults: &mut Faults, entries: &mut Vec<Entry>);
}

/// Records orders and returns. Faults carry the number of the order, from 1.
///
/// # Errors
/// Invalid, with every fault; nothing is then recorded.
pub fn orders(ws: &Workspace, orders: Vec<NewOrder>) -> Result<Recorded> {
    record(ws, orders, EventTypes::default())
}

/// Records interactions. A complaint without an outcome, or with `open`, opens one; `solved` or `closed` closes one.
///
/// # Errors
/// As [`orders`].
pub fn interactions(ws: &Workspace, interactions: Vec<NewInteraction>) -> Result<Recorded> {
    record(ws, interactions, EventTypes::default())
}

/// Records events.
///
/// # Errors
/// As [`orders`].
pub fn events(ws: &Workspace, events: Vec<NewEvent>) -> Result<Recorded> {
    let with_properties = events.iter().any(|event| !event.properties.is_empty());
    let declared = if with_properties { super::event_types::declared(ws)? } else { EventTypes::default() };
    record(ws, events, declared)
}

/// Records steps of contracts.
///
/// # Errors
/// As [`orders`].
pub fn subscriptions(ws: &Workspace, subscriptions: Vec<NewSubscription>) -> Result<Recorded> {
    record(ws, subscriptions, EventTypes::default())
}

/// Records steps of claims.
///
/// # Errors
/// As [`orders`].
pub fn claims(ws: &Workspace, claims: Vec<NewClaim>) -> Result<Recorded> {
    record(ws, claims, EventTypes::default())
}

fn record<R: Report>(ws: &Workspace, reports: Vec<R>, declared: EventTypes) -> Result<Recorded> {
    let desk = Desk { now: ws.now(), settings: ws.settings(), declared };
    let mut faults = Faults::new(desk.now);
    let mut entries = Vec::with_capacity(reports.len());
    let mut people = Vec::with_capacity(reports.len());
    for (i, report) in reports.into_iter().enumerate() {
        faults.line = i as u64 + 1;
        let external_id = report.customer().to_owned();
        faults.customer(&external_id);
        let id = ws.id_key().customer(&external_id);
        report.read(&desk, id, &mut faults, &mut entries);
        people.push((id, external_id));
    }
    if !faults.found.is_empty() {
        return Err(Error::faults(format!("the {} cannot be recorded; nothing was", R::NOUN), faults.found));
    }
    // Everybody takes locks in the same order, so that no two requests can wait for each other.
    people.sort_unstable();
    people.dedup();
    entries.sort_by(|a, b| (a.fact_type.name, &a.fact.key).cmp(&(b.fact_type.name, &b.fact.key)));
    ws.store().write(|conn| accept(conn, &people, entries, desk.now))
}

/// Takes facts into the tail, and what they change into the serving rows: one statement of each kind for the whole batch.
fn accept(
    conn: &mut Connection,
    people: &[(CustomerId, String)],
    mut entries: Vec<Entry>,
    now: Timestamp,
) -> Result<Recorded> {
    let ids: Vec<CustomerId> = people.iter().map(|(id, _)| *id).collect();
    let aliases = Aliases::of(conn, &ids)?;
    for entry in &mut entries {
        entry.fact.customer = aliases.canonical(entry.fact.customer);
    }
    let people: Vec<&(CustomerId, String)> = people.iter().filter(|(id, _)| aliases.canonical(*id) == *id).collect();
    customers::add_unknown(conn, &people, |id, key| Customer::unknown(id, key, now))?;
    let mut recorded = Recorded::default();
    let (mut changes, mut personal) = (Vec::new(), Vec::new());
    for run in entries.chunk_by(|a, b| std::ptr::eq(a.fact_type, b.fact_type)) {
        let facts: Vec<&Fact> = run.iter().map(|entry| &entry.fact).collect();
        let appended = History::append_in(conn, run[0].fact_type, &facts, now)?;
        for (entry, new) in run.iter().zip(appended.0) {
            if !new {
                recorded.known += 1;
                continue;
            }
            recorded.accepted += 1;
            let fact = &entry.fact;
            changes.push((fact.customer, entry.change));
            personal.extend(entry.personal.clone().map(|properties| Personal {
                source: fact.source.clone(),
                fact_key: fact.key.clone(),
                customer_id: fact.customer,
                properties,
            }));
        }
    }
    event_types::keep_personal(conn, &personal)?;
    state::apply(conn, &changes, now)?;
    Ok(recorded)
}
