//! Blocks: the customers of a small range of ids, in a compact form.
//!
//! Ids are uniform hashes, so that equal ranges hold about equally many. A segment has `2^bits` blocks; a customer's block is
//! the upper bits of the id. In a block customers are sorted; ids and times are written as differences, numbers in as few bytes
//! as they need, times in seconds where they are whole seconds. The bytes stand in the store as base64, which both stores take.

mod bytes;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::RuleSegment;
use super::measure::Measure;
use super::tally::{Point, Tally};
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use bytes::{Reader, Writer};

/// Customers whom a block should hold: few, so that a change rewrites little, but enough that there are not too many rows.
const CUSTOMERS: usize = 64;
/// No more blocks than a million.
const MOST_BITS: u32 = 20;
/// Written first, so that another form can be told from this one.
const FORM: u8 = 1;

/// What is kept of one customer in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub customer: CustomerId,
    /// Since when a member, microseconds UTC; `None` when not a member.
    pub entered_at: Option<i64>,
    /// When time alone may change the membership, microseconds UTC.
    pub due_at: Option<i64>,
    /// A tally a measure.
    pub tallies: Vec<Tally>,
}

impl Entry {
    /// A customer who is not judged, of whom facts are remembered.
    pub fn without_membership(customer: CustomerId, tallies: Vec<Tally>) -> Entry {
        Entry { customer, entered_at: None, due_at: None, tallies }
    }

    /// Whether nothing would be lost without it.
    pub fn is_empty(&self) -> bool {
        self.entered_at.is_none() && self.due_at.is_none() && self.tallies.iter().all(Tally::is_empty)
    }
}

/// A block as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Which.
    pub block: i64,
    /// How many members it has.
    pub members: i64,
    /// The earliest due time in it; `i64::MAX` without one.
    pub due_at: i64,
    /// The entries, as [`Block::entries`] reads them.
    pub data: String,
}

/// How many upper bits of an id choose the block, for so many customers.
pub fn bits_for(customers: usize) -> u32 {
    (customers / CUSTOMERS).next_power_of_two().trailing_zeros().min(MOST_BITS)
}

/// The block of a customer.
pub fn block_of(customer: CustomerId, bits: u32) -> i64 {
    // Ids have 63 bits.
    if bits == 0 { 0 } else { customer.0 >> (63 - bits) }
}

/// Several blocks, decoded.
pub type Blocks = BTreeMap<i64, Vec<Entry>>;

/// Cuts entries in the order of their ids into blocks.
pub fn blocks_of(segment: &RuleSegment, entries: &[Entry], bits: u32) -> Vec<Block> {
    entries
        .chunk_by(|a, b| block_of(a.customer, bits) == block_of(b.customer, bits))
        .map(|part| Block::new(segment, block_of(part[0].customer, bits), part))
        .collect()
}

impl Block {
    /// Writes entries, which must be in the order of their ids: first who is in, which can be read without the measures.
    pub fn new(segment: &RuleSegment, block: i64, entries: &[Entry]) -> Block {
        Block::write(&segment.measures, block, entries)
    }

    /// The same block without a customer and without what was measured, for a segment that will be built anew.
    ///
    /// # Errors
    /// As [`Block::entries`].
    pub fn of_members_without(&self, customer: CustomerId) -> Result<Block> {
        let mut members = self.members()?;
        members.retain(|(member, _)| *member != customer);
        let entry = |(customer, at)| Entry { entered_at: Some(at), ..Entry::without_membership(customer, Vec::new()) };
        Ok(Block::write(&[], self.block, &members.into_iter().map(entry).collect::<Vec<_>>()))
    }

    fn write(measures: &[Measure], block: i64, entries: &[Entry]) -> Block {
        let mut out = Writer::new(FORM);
        out.number(entries.len() as i64);
        for entry in entries {
            out.id(entry.customer.0);
            out.flags(entry.entered_at.is_some(), entry.due_at.is_some());
            entry.entered_at.into_iter().for_each(|at| out.entered(at));
        }
        for entry in entries {
            entry.due_at.into_iter().for_each(|at| out.time(at));
            for (measure, tally) in measures.iter().zip(&entry.tallies) {
                out.total(tally.total);
                out.number(tally.points.len() as i64);
                for point in &tally.points {
                    out.time(point.at);
                    if measure.has_keys() {
                        out.key(point.key);
                    }
                    if measure.has_values() {
                        out.number(point.value);
                    }
                }
            }
        }
        Block {
            block,
            members: entries.iter().filter(|entry| entry.entered_at.is_some()).count() as i64,
            due_at: entries.iter().filter_map(|entry| entry.due_at).min().unwrap_or(i64::MAX),
            data: STANDARD_NO_PAD.encode(out.finish()),
        }
    }

    /// Reads the entries.
    ///
    /// # Errors
    /// Internal, when the block is damaged; the segment can be built anew.
    pub fn entries(&self, segment: &RuleSegment) -> Result<Vec<Entry>> {
        let bytes = STANDARD_NO_PAD.decode(&self.data).ok();
        bytes.and_then(|bytes| decode(segment, &bytes)).ok_or_else(damaged)
    }

    /// Reads who is in, with the instant of entering.
    ///
    /// # Errors
    /// As [`Block::entries`].
    pub fn members(&self) -> Result<Vec<(CustomerId, i64)>> {
        let bytes = STANDARD_NO_PAD.decode(&self.data).ok();
        let heads = bytes.and_then(|bytes| heads(&mut Reader::new(&bytes, FORM)?)).ok_or_else(damaged)?;
        Ok(heads.into_iter().filter_map(|(customer, entered_at, _)| Some((customer, entered_at?))).collect())
    }
}

fn damaged() -> Error {
    Error::internal("a block of a segment is damaged; apply the segment again")
}

/// Customer, instant of entering, whether there is a due time.
type Head = (CustomerId, Option<i64>, bool);

fn heads(from: &mut Reader<'_>) -> Option<Vec<Head>> {
    let count = from.length()?;
    let mut heads = Vec::with_capacity(count);
    for _ in 0..count {
        let customer = CustomerId(from.id()?);
        let (member, due) = from.flags()?;
        heads.push((customer, if member { Some(from.entered()?) } else { None }, due));
    }
    Some(heads)
}

fn decode(segment: &RuleSegment, bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut from = Reader::new(bytes, FORM)?;
    let mut entries = Vec::new();
    for (customer, entered_at, due) in heads(&mut from)? {
        let due_at = if due { Some(from.time()?) } else { None };
        let mut tallies = Vec::with_capacity(segment.measures.len());
        for measure in &segment.measures {
            let total = from.total()?;
            let length = from.length()?;
            let mut points = Vec::with_capacity(length);
            for _ in 0..length {
                let at = from.time()?;
                let key = if measure.has_keys() { from.key()? } else { 0 };
                let value = if measure.has_values() { from.number()? } else { 0 };
                points.push(Point { at, key, value });
            }
            tallies.push(Tally { total, points });
        }
        entries.push(Entry { customer, entered_at, due_at, tallies });
    }
    from.is_at_end().then_some(entries)
}
