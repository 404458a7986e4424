//! The full build: a segment from history and store, as of now.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::population::{self, Person, Population};
use super::{follower, minor_units};
use crate::clock::{SECOND, Timestamp};
use crate::customers::{change, store as customers};
use crate::error::{Kind, Result};
use crate::history::{FactType, Slices, feed};
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::segments::rule::block::{bits_for, blocks_of};
use crate::segments::rule::store::{self, KeptRule, Progress};
use crate::segments::rule::{Entry, Folded, RuleSegment, fold};
use crate::storage::{Connection, counter};

/// How often a build begins anew when somebody else changes the segment meanwhile.
const ATTEMPTS: usize = 3;
/// How long others leave a segment alone that is being built.
const LEASE: i64 = 300 * SECOND;
/// Entering and leaving that a single build writes down; beyond, a build is a new beginning.
const MOST_CHANGES: usize = 50_000;

/// What a segment would be: who is in, and what is remembered of everybody.
#[derive(Debug)]
pub struct Computed {
    /// Customers of whom anything is remembered, ascending.
    pub entries: Vec<Entry>,
}

/// Builds a segment and keeps it; false when somebody else is at it.
///
/// # Errors
/// Those of store and history; conflict, when others keep changing it.
pub fn build(ws: &Workspace, name: &str) -> Result<bool> {
    let now = ws.now();
    let taken = ws.store().write(|conn| {
        let kept = store::by_name(conn, name)?;
        // Followed from here on: what is sealed meanwhile was handed over before.
        let position = feed::hand_over(conn, change::hand_over)?;
        if kept.built_at.is_none() {
            feed::follow(conn, &follower(kept.id), position)?;
        }
        store::lease(conn, kept.id, now, now.plus(LEASE))
    })?;
    if !taken {
        return Ok(false);
    }
    let mut attempt = 1;
    loop {
        match build_once(ws, name, now) {
            Err(error) if error.kind() == Kind::Conflict && attempt < ATTEMPTS => attempt += 1,
            Err(error) => {
                let reason = error.message().to_owned();
                ws.store().write(|conn| failed(conn, name, &reason))?;
                return Err(error);
            }
            Ok(()) => return Ok(true),
        }
    }
}

fn failed(conn: &mut Connection, name: &str, reason: &str) -> Result<()> {
    let Some(kept) = store::find(conn, name)? else { return Ok(()) };
    store::mark_stale(conn, kept.id, Some(reason))
}

fn build_once(ws: &Workspace, name: &str, now: Timestamp) -> Result<()> {
    let (slices, (kept, segment, at)) = ws.history().slices_handed_over(|conn| {
        let kept = store::by_name(conn, name)?;
        let segment = kept.checked(minor_units(ws))?;
        let at = Position { position: feed::latest(conn)?, epoch: epoch_of(conn, &segment)?, now };
        Ok((kept, segment, at))
    })?;
    let computed = compute(ws, &segment, &slices, now)?;
    keep(ws, &kept, &segment, computed, &at)
}

/// How much of the world a build has seen.
struct Position {
    /// Up to which hand-over of new facts.
    position: i64,
    /// Which changes in bulk.
    epoch: i64,
    now: Timestamp,
}

/// The changes in bulk after which a segment must be built anew.
pub fn epoch_of(conn: &mut Connection, segment: &RuleSegment) -> Result<i64> {
    let mut names: Vec<String> = fact_types(segment).map(feed::disturbed).collect();
    names.push(change::BULK.to_owned());
    if !segment.fields.is_empty() {
        names.push(change::SCORED.to_owned());
    }
    counter::sum(conn, &names)
}

/// The fact types that a segment reads, each once.
pub fn fact_types(segment: &RuleSegment) -> impl Iterator<Item = &'static FactType> {
    let types: BTreeMap<&str, _> = segment.measures.iter().map(|m| (m.fact_type.name, m.fact_type)).collect();
    types.into_values()
}

/// Computes a segment from facts and profiles, without keeping it.
///
/// # Errors
/// Those of store and history.
pub fn compute(ws: &Workspace, segment: &RuleSegment, slices: &Slices, now: Timestamp) -> Result<Computed> {
    let folds = || {
        let mut all: Vec<Folded> = Vec::with_capacity(slices.count());
        slices.each(
            |slice| fold(segment, slice, now),
            |folded| {
                all.push(folded);
                Ok(())
            },
        )?;
        Ok(all)
    };
    let (people, folded): (_, Result<Vec<Folded>>) = rayon::join(|| people(ws, segment), folds);
    let (people, folded) = (people?, folded?);
    let parts: Vec<Vec<Entry>> = slices
        .ranges()
        .par_iter()
        .zip(folded)
        .map(|(range, folded)| match &people.everybody {
            Some(everybody) => of_everybody(segment, within(everybody, range), folded, now),
            None => of_active(segment, &people.objecting, folded, now),
        })
        .collect();
    Ok(Computed { entries: parts.into_iter().flatten().collect() })
}

/// Whom to look at.
struct People {
    /// Everybody who may be profiled, where the rule may hold for customers without facts.
    everybody: Option<Population>,
    /// Else those who may not.
    objecting: Vec<CustomerId>,
}

fn people(ws: &Workspace, segment: &RuleSegment) -> Result<People> {
    ws.store().read(|conn| {
        if segment.needs_everybody() {
            let everybody = population::read(conn, segment, None, minor_units(ws) as f64)?;
            Ok(People { everybody: Some(everybody), objecting: Vec::new() })
        } else {
            Ok(People { everybody: None, objecting: customers::objecting(conn)? })
        }
    })
}

fn within<'a>(everybody: &'a Population, range: &RangeInclusive<i64>) -> &'a [Person] {
    let from = everybody.partition_point(|(customer, _)| customer.0 < *range.start());
    let until = everybody.partition_point(|(customer, _)| customer.0 <= *range.end());
    &everybody[from..until]
}

/// Judges everybody; of those who may not be profiled only the tallies are kept.
fn of_everybody(segment: &RuleSegment, everybody: &[Person], folded: Folded, now: Timestamp) -> Vec<Entry> {
    let mut folded = folded.into_iter().peekable();
    let mut entries = Vec::with_capacity(everybody.len());
    for (customer, profile) in everybody {
        while let Some((other, tallies)) = folded.next_if(|(other, _)| other < customer) {
            entries.push(Entry::without_membership(other, tallies));
        }
        let tallies = folded.next_if(|(other, _)| other == customer).map(|(_, tallies)| tallies);
        let tallies = tallies.unwrap_or_else(|| segment.no_tallies());
        let entry = segment.entry(*customer, tallies, profile, now);
        if !entry.is_empty() {
            entries.push(entry);
        }
    }
    entries.extend(folded.map(|(other, tallies)| Entry::without_membership(other, tallies)));
    entries
}

/// Judges those of whom there are facts.
fn of_active(segment: &RuleSegment, objecting: &[CustomerId], folded: Folded, now: Timestamp) -> Vec<Entry> {
    let judged = folded.into_iter().map(|(customer, tallies)| match objecting.binary_search(&customer) {
        Ok(_) => Entry::without_membership(customer, tallies),
        Err(_) => segment.entry(customer, tallies, &[], now),
    });
    judged.collect()
}

/// Writes what was computed, unless the segment was changed since: who was a member before stays one since then.
fn keep(ws: &Workspace, kept: &KeptRule, segment: &RuleSegment, computed: Computed, at: &Position) -> Result<()> {
    let mut entries = computed.entries;
    let before = ws.store().read(|conn| store::all_blocks(conn, kept.id))?;
    let mut members: Vec<(CustomerId, i64)> = Vec::new();
    for block in &before {
        members.extend(block.members()?);
    }
    let changes = since_before(&mut entries, &members);
    let bits = bits_for(entries.len());
    let blocks = blocks_of(segment, &entries, bits);
    let size = entries.iter().filter(|entry| entry.entered_at.is_some()).count() as i64;
    ws.store().write(|conn| {
        let progress = Progress { size, position: at.position, now: at.now, built: Some((bits, at.epoch)) };
        store::advance(conn, kept, &progress)?;
        store::replace_blocks(conn, kept.id, &blocks)?;
        if kept.built_at.is_some() && changes.len() <= MOST_CHANGES {
            store::add_changes(conn, kept.id, &changes, at.now)?;
        }
        super::tell_dependents(conn, &kept.spec.name, &changes, at.now)?;
        feed::follow(conn, &follower(kept.id), at.position)
    })
}

/// Gives members who stay the instant at which they entered; answers who entered and who left. Both in the order of ids.
fn since_before(entries: &mut [Entry], before: &[(CustomerId, i64)]) -> Vec<(CustomerId, bool)> {
    let mut changes = Vec::new();
    let mut before = before.iter().peekable();
    for entry in entries.iter_mut().filter(|entry| entry.entered_at.is_some()) {
        while let Some((left, _)) = before.next_if(|(customer, _)| *customer < entry.customer) {
            changes.push((*left, false));
        }
        match before.next_if(|(customer, _)| *customer == entry.customer) {
            Some((_, entered_at)) => entry.entered_at = Some(*entered_at),
            None => changes.push((entry.customer, true)),
        }
    }
    changes.extend(before.map(|(left, _)| (*left, false)));
    changes
}
