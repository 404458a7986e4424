//! Two keys of one person become one customer, in one transaction: profile, consents, serving row, contacts, decisions,
//! messages, outcomes and facts.

use serde::Serialize;

use crate::campaigns::journey::store as journeys;
use crate::clock::Timestamp;
use crate::customers::{
    Aliases, Customer, change, identity, merge as merging, merge_request, merge_request::MergeRequest, prospects,
    service, store as customers,
};
use crate::decisions::{review, store as decisions};
use crate::deliveries::incoming;
use crate::deliveries::outbox::reassign;
use crate::error::{Error, Fault, Result};
use crate::history::Change;
use crate::history::event_types::store as event_types;
use crate::ids::CustomerId;
use crate::models::scoring;
use crate::operations::checks::Checks;
use crate::operations::{Workspace, audit, objection};
use crate::outcomes::store as outcomes;
use crate::segments;
use crate::storage::Connection;
use crate::webhooks::queue as webhooks;

/// Pairs of one transaction; each moves its facts through the store.
const CHUNK: usize = 1_000;

/// What a merge did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// Customers that became another.
    pub merged: usize,
    /// Pairs that were one customer before.
    pub already: usize,
    /// Sealed facts that moved; those not sealed yet move in place.
    pub facts: usize,
}

impl Merged {
    fn add(&mut self, other: Merged) {
        self.merged += other.merged;
        self.already += other.already;
        self.facts += other.facts;
    }
}

/// One merge with ids: who goes, and into whom.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    alias: CustomerId,
    alias_key: String,
    survivor: CustomerId,
}

/// Merges the first key of each pair into the second. A first key that is unknown so far becomes an alias all the same.
///
/// # Errors
/// Invalid, naming each pair whose second key no customer has; nothing is then changed.
pub fn merge(ws: &Workspace, pairs: &[(String, String)], actor: &str) -> Result<Merged> {
    ws.store().read(|conn| known_survivors(ws, conn, pairs))?;
    let mut total = Merged::default();
    for chunk in pairs.chunks(CHUNK) {
        total.add(merge_chunk(ws, chunk, actor, &[])?);
    }
    Ok(total)
}

/// Does the merges that imports asked for; one whose survivor was erased since is dropped. Several processes may do so at once.
///
/// # Errors
/// Unavailable, when store or history do not answer; what is left is done by the next call.
pub fn settle(ws: &Workspace, actor: &str) -> Result<Merged> {
    let mut total = Merged::default();
    loop {
        let requests = ws.store().read(|conn| merge_request::oldest(conn, CHUNK as i64))?;
        if requests.is_empty() {
            return Ok(total);
        }
        let done: Vec<i64> = requests.iter().map(|request| request.id).collect();
        let pairs = ws.store().read(|conn| of_known(ws, conn, requests))?;
        total.add(merge_chunk(ws, &pairs, actor, &done)?);
    }
}

/// The pairs of requests whose survivor there is.
fn of_known(ws: &Workspace, conn: &mut Connection, requests: Vec<MergeRequest>) -> Result<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> =
        requests.into_iter().map(|request| (request.external_id, request.into_external_id)).collect();
    let mut unknown = missing(ws, conn, &pairs)?;
    unknown.reverse();
    unknown.into_iter().for_each(|at| drop(pairs.remove(at)));
    Ok(pairs)
}

/// Merges some pairs, and removes the requests that asked for them in the same transaction.
fn merge_chunk(ws: &Workspace, pairs: &[(String, String)], actor: &str, requests: &[i64]) -> Result<Merged> {
    let (now, history) = (ws.now(), ws.history());
    let checks = Checks::new(ws);
    let prepare = || {
        let steps = ws.store().read(|conn| steps(ws, conn, pairs))?;
        let change = history.prepare_move(&ends(&steps))?;
        Ok((steps, change))
    };
    history.change(prepare, |conn, (planned, change): &(Vec<Step>, Change)| {
        identity::hold_alone(conn)?;
        if steps(ws, conn, pairs)? != *planned {
            return Err(Error::conflict("the customers were merged by somebody else meanwhile; try again"));
        }
        for step in planned {
            merge_one(conn, step, now, &checks)?;
            let detail = format!("{} became {}", step.alias, step.survivor);
            audit::write(conn, actor, "customer.merge", &step.survivor.to_string(), &detail, now)?;
        }
        change.apply(conn, now)?;
        merge_request::remove(conn, requests)?;
        Ok(Merged { merged: planned.len(), already: pairs.len() - planned.len(), facts: change.facts() })
    })
}

fn merge_one(conn: &mut Connection, step: &Step, now: Timestamp, checks: &Checks) -> Result<()> {
    let Step { alias, alias_key, survivor } = step;
    let gone = customers::by_id(conn, *alias)?.unwrap_or_else(|| Customer::unknown(*alias, alias_key, now));
    let stays = customers::by_id(conn, *survivor)?
        .ok_or_else(|| Error::conflict("the customer was erased by somebody else meanwhile; try again"))?;
    let objects = gone.profiling_objection || stays.profiling_objection;
    merging::merge(conn, &gone, stays, now)?;
    let shifts = decisions::reassign(conn, *alias, *survivor)?;
    reassign::reassign(conn, *alias, *survivor, &shifts, now, checks)?;
    review::reassign(conn, *alias, *survivor, &shifts)?;
    outcomes::reassign(conn, *alias, *survivor)?;
    journeys::reassign(conn, *alias, *survivor)?;
    incoming::log::reassign_inquiries(conn, *alias, *survivor)?;
    service::reassign(conn, *alias, *survivor)?;
    prospects::reassign(conn, *alias, *survivor)?;
    event_types::move_personal(conn, *alias, *survivor)?;
    segments::reassign(conn, *alias, *survivor)?;
    webhooks::reassign(conn, *alias, *survivor)?;
    scoring::forget(conn, &[*alias])?;
    if objects {
        objection::honour(conn, &[*survivor])?;
    }
    change::note(conn, &[*survivor], now)
}

/// What is to be done, in order; pairs that are one customer already are left out. Survivors of earlier pairs may be merged by
/// later ones.
fn steps(ws: &Workspace, conn: &mut Connection, pairs: &[(String, String)]) -> Result<Vec<Step>> {
    let ids: Vec<CustomerId> = pairs.iter().flat_map(|(a, b)| [a, b]).map(|key| ws.id_key().customer(key)).collect();
    let aliases = Aliases::of(conn, &ids)?;
    let mut steps: Vec<Step> = Vec::new();
    for ((alias_key, _), id) in pairs.iter().zip(ids.chunks(2)) {
        let [alias, survivor] = [0, 1].map(|at| followed(&steps, aliases.canonical(id[at])));
        if alias != survivor {
            let known = customers::by_id(conn, alias)?.map(|row| row.external_id);
            steps.push(Step { alias, alias_key: known.unwrap_or_else(|| alias_key.clone()), survivor });
        }
    }
    Ok(steps)
}

/// Whom a customer has become after these steps.
fn followed(steps: &[Step], id: CustomerId) -> CustomerId {
    steps.iter().fold(id, |id, step| if step.alias == id { step.survivor } else { id })
}

/// Each alias with the customer whom it ends up as.
fn ends(steps: &[Step]) -> Vec<(CustomerId, CustomerId)> {
    steps.iter().map(|step| (step.alias, followed(steps, step.alias))).collect()
}

/// Each pair needs a customer to merge into; one who is to be merged into another by these pairs is known as well.
fn known_survivors(ws: &Workspace, conn: &mut Connection, pairs: &[(String, String)]) -> Result<()> {
    let fault = |at| Fault::at(format!("[{at}].into"), "no customer has this key; add the customer first");
    let faults: Vec<Fault> = missing(ws, conn, pairs)?.into_iter().map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::faults("the customers cannot be merged", faults)) }
}

/// The places of pairs whose second key no customer has.
fn missing(ws: &Workspace, conn: &mut Connection, pairs: &[(String, String)]) -> Result<Vec<usize>> {
    let ids: Vec<CustomerId> = pairs.iter().map(|(_, key)| ws.id_key().customer(key)).collect();
    let aliases = Aliases::of(conn, &ids)?;
    let mut missing = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        if customers::by_id(conn, aliases.canonical(*id))?.is_none() {
            missing.push(at);
        }
    }
    Ok(missing)
}
