//! Refreshing: new facts, changed profiles, and customers for whom time alone has changed something.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::build::{self, epoch_of, fact_types};
use super::population::{self, Person};
use super::{follower, minor_units};
use crate::clock::{DAY, Timestamp};
use crate::customers::change;
use crate::error::{Kind, Result};
use crate::history::{Fact, feed};
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::segments::rule::block::block_of;
use crate::segments::rule::store::{self, KeptRule, Progress};
use crate::segments::rule::{Block, Entry, RuleSegment};
use crate::storage::Connection;

/// Blocks with somebody due that one step takes on.
const MOST_DUE: i64 = 2_000;
/// How often a step begins anew when somebody else changes the segment meanwhile.
const ATTEMPTS: usize = 3;
/// For how long it is remembered who entered and who left.
const REMEMBERED: i64 = 30 * DAY;

/// What a refresh did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Refreshed {
    /// Segments built from history.
    pub built: usize,
    /// Customers looked at again, over all segments.
    pub looked_at: usize,
    /// Customers who entered or left, over all segments.
    pub changed: usize,
    /// Segments that could not be refreshed; the log says why.
    pub failed: usize,
}

/// Brings every rule segment up to now. Any number of nodes may do so at once.
///
/// # Errors
/// Unavailable, when the store does not answer. What goes wrong with one segment is logged and written down with it.
pub fn refresh(ws: &Workspace) -> Result<Refreshed> {
    let mut done = Refreshed::default();
    let names = ws.store().read(in_order)?;
    // A segment that names another one may have to look again when that one has changed.
    for _ in 0..=names.len() {
        if names.is_empty() || !round(ws, &names, &mut done)? {
            break;
        }
    }
    Ok(done)
}

/// One round over all segments; whether another one may find something.
fn round(ws: &Workspace, names: &[String], done: &mut Refreshed) -> Result<bool> {
    if ws.store().read(|conn| Ok(feed::has_new(conn)? || change::has_new(conn)?))? {
        ws.store().write(|conn| feed::hand_over(conn, change::hand_over))?;
    }
    for name in names {
        match bring_up(ws, name, done) {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            // Somebody else is at it; whatever is left is found the next time.
            Err(error) if error.kind() == Kind::Conflict => tracing::debug!(segment = name, ?error, "put off"),
            Err(error) => {
                tracing::error!(segment = name, ?error, "the segment could not be refreshed");
                ws.store().write(|conn| build::failed(conn, name, &error, ws.now()))?;
                done.failed += 1;
            }
        }
    }
    tidy(ws)?;
    ws.store().read(change::has_new)
}

/// The names of all segments, each after those that it names.
fn in_order(conn: &mut Connection) -> Result<Vec<String>> {
    let mut waiting: BTreeMap<String, Vec<String>> =
        store::all(conn)?.into_iter().map(|of| (of.spec.name.clone(), of.spec.named_segments())).collect();
    let mut names: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let free = waiting.iter().find(|(_, named)| !named.iter().any(|other| waiting.contains_key(other)));
        // Definitions have no cycles; were there one, any order is as good.
        let Some(next) = free.or(waiting.iter().next()).map(|(name, _)| name.clone()) else { break };
        waiting.remove(&next);
        names.push(next);
    }
    Ok(names)
}

fn bring_up(ws: &Workspace, name: &str, done: &mut Refreshed) -> Result<()> {
    let mut attempt = 1;
    loop {
        let step = match look(ws, name) {
            Ok(Look::Build) => {
                done.built += usize::from(build::build(ws, name)?);
                return Ok(());
            }
            Ok(Look::Nothing) => return Ok(()),
            Ok(Look::Step(step)) => step,
            Err(error) if error.kind() == Kind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        match ws.store().write(|conn| step.write(conn)) {
            Ok(()) => {
                done.looked_at += step.looked_at;
                done.changed += step.changes.len();
                attempt = 1;
            }
            Err(error) if error.kind() == Kind::Conflict && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// What there is to do for a segment.
enum Look {
    Nothing,
    Build,
    Step(Box<Step>),
}

/// What a segment takes in at once; nothing of it is written yet.
struct Step {
    kept: KeptRule,
    blocks: Vec<Block>,
    size: i64,
    changes: Vec<(CustomerId, bool)>,
    looked_at: usize,
    position: i64,
    now: Timestamp,
}

fn look(ws: &Workspace, name: &str) -> Result<Look> {
    ws.store().read(|conn| {
        let kept = store::by_name(conn, name)?;
        if kept.stale && kept.lease_until >= ws.now() {
            return Ok(Look::Nothing);
        }
        let segment = kept.checked(minor_units(ws))?;
        if kept.stale || kept.epoch != epoch_of(conn, &segment)? {
            return Ok(Look::Build);
        }
        // A node whose clock is behind must not undo what another one has seen.
        let now = kept.refreshed_at.map_or(ws.now(), |before| before.max(ws.now()));
        let position = feed::latest(conn)?;
        let due = store::due_blocks(conn, kept.id, now.0, MOST_DUE)?;
        if position == kept.position && due.is_empty() {
            return Ok(Look::Nothing);
        }
        let mut facts: HashMap<CustomerId, Vec<(&'static str, Fact)>> = HashMap::new();
        for fact_type in fact_types(&segment) {
            for fact in feed::facts_between(conn, fact_type, kept.position, position)? {
                facts.entry(fact.customer).or_default().push((fact_type.name, fact));
            }
        }
        let mut touched: BTreeSet<CustomerId> = facts.keys().copied().collect();
        touched.extend(change::between(conn, kept.position, position)?);
        let step = take_in(conn, ws, kept, &segment, facts, touched, due, now)?;
        Ok(Look::Step(Box::new(Step { position, ..step })))
    })
}

/// Looks again at the customers who were touched, and at those of the blocks `due` for whom it is time.
#[allow(clippy::too_many_arguments, reason = "it is one step, told in one place")]
fn take_in(
    conn: &mut Connection,
    ws: &Workspace,
    kept: KeptRule,
    segment: &RuleSegment,
    facts: HashMap<CustomerId, Vec<(&'static str, Fact)>>,
    mut touched: BTreeSet<CustomerId>,
    mut due: Vec<i64>,
    now: Timestamp,
) -> Result<Step> {
    due.extend(touched.iter().map(|customer| block_of(*customer, kept.bits)));
    due.sort_unstable();
    due.dedup();
    let mut blocks: BTreeMap<i64, (i64, Vec<Entry>)> = BTreeMap::new();
    for block in store::read_blocks(conn, kept.id, &due)? {
        let entries = block.entries(segment)?;
        touched.extend(entries.iter().filter(|e| e.due_at.is_some_and(|at| at <= now.0)).map(|e| e.customer));
        blocks.insert(block.block, (block.members, entries));
    }
    let asked: Vec<CustomerId> = touched.iter().copied().collect();
    let people = population::read(conn, segment, Some(&asked), minor_units(ws) as f64)?;
    let mut changes = Vec::new();
    for customer in &asked {
        let (_, entries) = blocks.entry(block_of(*customer, kept.bits)).or_default();
        let person = people.binary_search_by_key(customer, |(known, _)| *known).ok().map(|at| &people[at]);
        let new = facts.get(customer).map(Vec::as_slice).unwrap_or_default();
        changes.extend(look_again(segment, entries, *customer, new, person, now).map(|entered| (*customer, entered)));
    }
    let size = kept.size;
    let mut step = Step { kept, blocks: Vec::new(), size, changes, looked_at: asked.len(), position: 0, now };
    for (number, (members, entries)) in blocks {
        let block = Block::new(segment, number, &entries);
        step.size += block.members - members;
        step.blocks.push(block);
    }
    Ok(step)
}

/// Judges a customer anew with what has come in. Answers whether they have entered (true) or left, if either.
fn look_again(
    segment: &RuleSegment,
    entries: &mut Vec<Entry>,
    customer: CustomerId,
    new: &[(&'static str, Fact)],
    person: Option<&Person>,
    now: Timestamp,
) -> Option<bool> {
    let at = entries.partition_point(|entry| entry.customer < customer);
    let known = entries.get(at).is_some_and(|entry| entry.customer == customer);
    if !known {
        entries.insert(at, Entry::without_membership(customer, segment.no_tallies()));
    }
    let entry = &mut entries[at];
    for (measure, tally) in segment.measures.iter().zip(&mut entry.tallies) {
        for (_, fact) in new.iter().filter(|(of, _)| *of == measure.fact_type.name) {
            measure.point(fact).into_iter().for_each(|point| measure.add(tally, point, now));
        }
        measure.settle(tally, now);
    }
    let before = entry.entered_at;
    // Who may not be profiled, or is not known any more, is no member.
    (entry.entered_at, entry.due_at) = match person {
        None => (None, None),
        Some((_, profile)) => {
            let judged = segment.judge(&entry.tallies, profile, now);
            (judged.member.then_some(before.unwrap_or(now.0)), judged.due_at)
        }
    };
    let after = entry.entered_at;
    if entry.is_empty() {
        entries.remove(at);
    }
    (before.is_some() != after.is_some()).then_some(after.is_some())
}

impl Step {
    fn write(&self, conn: &mut Connection) -> Result<()> {
        let progress = Progress { size: self.size, position: self.position, now: self.now, built: None };
        store::advance(conn, &self.kept, &progress)?;
        store::write_blocks(conn, self.kept.id, &self.blocks)?;
        store::add_changes(conn, self.kept.id, &self.changes, self.now)?;
        super::tell_dependents(conn, &self.kept.spec.name, &self.changes, self.now)?;
        feed::follow(conn, &follower(self.kept.id), self.position)
    }
}

/// Forgets what everybody has taken in, and who entered or left long ago.
fn tidy(ws: &Workspace) -> Result<()> {
    let old = ws.now().plus(-REMEMBERED);
    let (prunable, taken_in) = ws.store().read(|conn| {
        let taken_in = feed::taken_in(conn)?.unwrap_or(0);
        Ok((change::has_old(conn, taken_in)? || store::has_old_changes(conn, old)?, taken_in))
    })?;
    if prunable {
        ws.store().write(|conn| {
            change::prune(conn, taken_in)?;
            store::prune_changes(conn, old)
        })?;
    }
    Ok(())
}
