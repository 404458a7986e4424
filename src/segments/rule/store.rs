//! The SQL of rule segments: definitions, and how far each has come.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::{RuleSegment, SegmentSpec};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{self, SegmentId};
use crate::rules::Catalogue;
use crate::storage::schema::{rule_segment, rule_segment_block, rule_segment_change};
use crate::storage::{Connection, on_each};

mod blocks;
mod changes;

pub use blocks::{
    all_blocks, block_numbers, contains, due_blocks, earliest_due, entered_at, every_member, forget, members,
    members_among, of_customer, read_blocks, replace_blocks, write_blocks,
};
pub use changes::{Change, add_changes, changes, has_old_changes, prune_changes};

/// A rule segment in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRule {
    /// Its id.
    pub id: SegmentId,
    /// The checked definition.
    pub spec: SegmentSpec,
    /// The kinds of the facts of the profile that it names, as they were when it was checked.
    pub kinds: Catalogue,
    /// Rises with every definition; the ETag.
    pub version: i64,
    /// Rises with every change of the membership.
    pub revision: i64,
    /// How many upper bits of an id choose a block.
    pub bits: u32,
    /// How many members it has.
    pub size: i64,
    /// Changes in bulk that it has seen.
    pub epoch: i64,
    /// Up to which hand-over of new facts it is.
    pub position: i64,
    /// Whether it has to be built from history.
    pub stale: bool,
    /// Until when somebody builds it, or nobody tries again after a failure.
    pub lease_until: Timestamp,
    /// When it was last built from history.
    pub built_at: Option<Timestamp>,
    /// Up to which instant the membership is true.
    pub refreshed_at: Option<Timestamp>,
    /// What kept the last refresh from its end.
    pub failure: Option<String>,
    /// When it was last defined.
    pub updated_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = rule_segment)]
struct Row {
    id: SegmentId,
    definition: String,
    version: i64,
    revision: i64,
    bits: i32,
    size: i64,
    epoch: i64,
    position: i64,
    stale: bool,
    lease_until: Timestamp,
    built_at: Option<Timestamp>,
    refreshed_at: Option<Timestamp>,
    failure: Option<String>,
    updated_at: Timestamp,
}

/// The definition as it stands in the store: with the kinds, it can be checked again without looking at customers.
#[derive(Serialize, Deserialize)]
struct Definition {
    spec: SegmentSpec,
    kinds: Catalogue,
}

impl KeptRule {
    /// The segment, ready to run.
    ///
    /// # Errors
    /// Invalid, when this program can no longer run what an older one checked.
    pub fn checked(&self, minor_units: i64) -> Result<RuleSegment> {
        let mut kinds = self.kinds.clone();
        kinds.entry(super::SEGMENTS.to_owned()).or_insert(crate::rules::Kind::List);
        self.spec.clone().check(&kinds, minor_units)
    }
}

fn kept(row: Row) -> Result<KeptRule> {
    let Definition { spec, kinds } = serde_json::from_str(&row.definition)
        .map_err(|error| Error::internal("a segment's stored definition is damaged").caused_by(error))?;
    Ok(KeptRule {
        id: row.id,
        spec,
        kinds,
        version: row.version,
        revision: row.revision,
        bits: u32::try_from(row.bits).unwrap_or(0),
        size: row.size,
        epoch: row.epoch,
        position: row.position,
        stale: row.stale,
        lease_until: row.lease_until,
        built_at: row.built_at,
        refreshed_at: row.refreshed_at,
        failure: row.failure,
        updated_at: row.updated_at,
    })
}

/// Adds a segment, or replaces the definition of the one with this name. Its members stay until it is built anew.
pub fn put(conn: &mut Connection, segment: &RuleSegment, now: Timestamp) -> Result<KeptRule> {
    let definition = serde_json::to_string(&Definition { spec: segment.spec.clone(), kinds: segment.kinds.clone() })?;
    let changed = diesel::update(rule_segment::table.filter(rule_segment::name.eq(&segment.spec.name)))
        .set((
            rule_segment::definition.eq(&definition),
            rule_segment::version.eq(rule_segment::version + 1),
            rule_segment::revision.eq(rule_segment::revision + 1),
            rule_segment::stale.eq(true),
            rule_segment::lease_until.eq(0),
            rule_segment::failure.eq(None::<String>),
            rule_segment::updated_at.eq(now),
        ))
        .execute(conn)?;
    if changed == 0 {
        diesel::insert_into(rule_segment::table)
            .values((
                rule_segment::id.eq(SegmentId(ids::fresh(now))),
                rule_segment::name.eq(&segment.spec.name),
                rule_segment::definition.eq(&definition),
                rule_segment::version.eq(1),
                rule_segment::revision.eq(1),
                rule_segment::bits.eq(0),
                rule_segment::size.eq(0),
                rule_segment::epoch.eq(0),
                rule_segment::position.eq(0),
                rule_segment::stale.eq(true),
                rule_segment::lease_until.eq(0),
                rule_segment::created_at.eq(now),
                rule_segment::updated_at.eq(now),
            ))
            .execute(conn)?;
    }
    by_name(conn, &segment.spec.name)
}

/// The segment of this name.
///
/// # Errors
/// Not found, naming those there are.
pub fn by_name(conn: &mut Connection, name: &str) -> Result<KeptRule> {
    if let Some(found) = find(conn, name)? {
        return Ok(found);
    }
    let names: Vec<String> = all(conn)?.into_iter().map(|segment| segment.spec.name).collect();
    let there = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    Err(Error::not_found(format!("there is no rule segment `{name}`; there are: {there}")))
}

/// The segment of this name, if there is one.
pub fn find(conn: &mut Connection, name: &str) -> Result<Option<KeptRule>> {
    let row = rule_segment::table.filter(rule_segment::name.eq(name)).select(Row::as_select());
    row.first(conn).optional()?.map(kept).transpose()
}

/// All rule segments, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<KeptRule>> {
    let rows = rule_segment::table.order(rule_segment::name).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(kept).collect()
}

/// Removes a segment with everything kept of it.
pub fn remove(conn: &mut Connection, id: SegmentId) -> Result<()> {
    diesel::delete(rule_segment_block::table.filter(rule_segment_block::segment_id.eq(id.0))).execute(conn)?;
    diesel::delete(rule_segment_change::table.filter(rule_segment_change::segment_id.eq(id.0))).execute(conn)?;
    diesel::delete(rule_segment::table.find(id.0)).execute(conn)?;
    Ok(())
}

/// How far a segment has come, after its blocks were written.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// How many members it has.
    pub size: i64,
    /// Up to which hand-over.
    pub position: i64,
    /// Up to which instant.
    pub now: Timestamp,
    /// Where it was built from history: the bits of its blocks, and the changes in bulk that were seen.
    pub built: Option<(u32, i64)>,
}

/// Writes down how far a segment has come, if nobody has changed it since it was read as `of`.
///
/// # Errors
/// Conflict, when somebody has.
pub fn advance(conn: &mut Connection, of: &KeptRule, progress: &Progress) -> Result<()> {
    let row = rule_segment::table.find(of.id.0).filter(rule_segment::revision.eq(of.revision));
    let common = (
        rule_segment::revision.eq(of.revision + 1),
        rule_segment::size.eq(progress.size),
        rule_segment::position.eq(progress.position),
        rule_segment::refreshed_at.eq(progress.now),
        rule_segment::failure.eq(None::<String>),
    );
    let changed = match progress.built {
        None => diesel::update(row).set(common).execute(conn)?,
        Some((bits, epoch)) => {
            let built = (
                rule_segment::bits.eq(bits as i32),
                rule_segment::epoch.eq(epoch),
                rule_segment::stale.eq(false),
                rule_segment::built_at.eq(progress.now),
                rule_segment::lease_until.eq(0),
            );
            diesel::update(row).set((common, built)).execute(conn)?
        }
    };
    if changed == 1 {
        return Ok(());
    }
    Err(Error::conflict(format!("the segment `{}` was changed by somebody else meanwhile; try again", of.spec.name)))
}

/// Says that a segment must be built from history.
pub fn mark_stale(conn: &mut Connection, id: SegmentId) -> Result<()> {
    diesel::update(rule_segment::table.find(id.0)).set(rule_segment::stale.eq(true)).execute(conn)?;
    Ok(())
}

/// Says what went wrong with a segment; until `until` nobody tries again.
pub fn fail(conn: &mut Connection, id: SegmentId, reason: &str, until: Timestamp) -> Result<()> {
    diesel::update(rule_segment::table.find(id.0))
        .set((rule_segment::stale.eq(true), rule_segment::failure.eq(reason), rule_segment::lease_until.eq(until.0)))
        .execute(conn)?;
    Ok(())
}

/// Takes a segment for building until `until`; false when somebody else has it. From now on it must be built.
pub fn lease(conn: &mut Connection, id: SegmentId, now: Timestamp, until: Timestamp) -> Result<bool> {
    let row = rule_segment::table.find(id.0).filter(rule_segment::lease_until.lt(now.0));
    let taken = (rule_segment::lease_until.eq(until.0), rule_segment::stale.eq(true));
    Ok(on_each!(conn, c => diesel::update(row).set(taken).execute(c))? == 1)
}
