//! The SQL of blocks: who is in, and what was measured.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::upsert::excluded;

use super::KeptRule;
use crate::error::Result;
use crate::ids::{CustomerId, SegmentId};
use crate::segments::rule::RuleSegment;
use crate::segments::rule::block::{Block, block_of};
use crate::storage::Connection;
use crate::storage::schema::{rule_segment, rule_segment_block as table, rule_segment_change};

type Columns = (i64, i64, i64, String);

fn block((block, members, due_at, data): Columns) -> Block {
    Block { block, members, due_at, data }
}

const COLUMNS: (table::block, table::members, table::due_at, table::data) =
    (table::block, table::members, table::due_at, table::data);

/// Blocks asked for in one statement.
const CHUNK: usize = 500;

/// The blocks with these numbers, of those there are, in order.
pub fn read_blocks(conn: &mut Connection, segment: SegmentId, numbers: &[i64]) -> Result<Vec<Block>> {
    let mut found = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(CHUNK) {
        let rows = table::table
            .filter(table::segment_id.eq(segment.0))
            .filter(table::block.eq_any(chunk))
            .order(table::block)
            .select(COLUMNS);
        found.extend(rows.load::<Columns>(conn)?.into_iter().map(block));
    }
    Ok(found)
}

/// All blocks, in order.
pub fn all_blocks(conn: &mut Connection, segment: SegmentId) -> Result<Vec<Block>> {
    let rows = table::table.filter(table::segment_id.eq(segment.0)).order(table::block).select(COLUMNS);
    Ok(rows.load::<Columns>(conn)?.into_iter().map(block).collect())
}

/// The numbers of blocks in which somebody is due, and at most `most` of them.
pub fn due_blocks(conn: &mut Connection, segment: SegmentId, now: i64, most: i64) -> Result<Vec<i64>> {
    let rows = table::table.filter(table::segment_id.eq(segment.0)).filter(table::due_at.le(now));
    Ok(rows.order((table::due_at, table::block)).limit(most).select(table::block).load(conn)?)
}

/// The earliest due time; `i64::MAX` without one.
pub fn earliest_due(conn: &mut Connection, segment: SegmentId) -> Result<i64> {
    let rows = table::table.filter(table::segment_id.eq(segment.0)).order(table::due_at).limit(1);
    Ok(rows.select(table::due_at).first(conn).optional()?.unwrap_or(i64::MAX))
}

const INSERT: &str = "INSERT INTO rule_segment_block (segment_id, block, members, due_at, data) \
    SELECT $1, * FROM unnest($2, $3, $4, $5) \
    ON CONFLICT (segment_id, block) DO UPDATE SET members = excluded.members, due_at = excluded.due_at, data = excluded.data";

/// Writes blocks, over those with the same numbers.
pub fn write_blocks(conn: &mut Connection, segment: SegmentId, blocks: &[Block]) -> Result<()> {
    match conn {
        Connection::Sqlite(c) => {
            for block in blocks {
                let row = (
                    table::segment_id.eq(segment.0),
                    table::block.eq(block.block),
                    table::members.eq(block.members),
                    table::due_at.eq(block.due_at),
                    table::data.eq(&block.data),
                );
                diesel::insert_into(table::table)
                    .values(row)
                    .on_conflict((table::segment_id, table::block))
                    .do_update()
                    .set((
                        table::members.eq(excluded(table::members)),
                        table::due_at.eq(excluded(table::due_at)),
                        table::data.eq(excluded(table::data)),
                    ))
                    .execute(c)?;
            }
        }
        // Columns as arrays: one statement that is planned once, whatever the number of rows.
        Connection::Postgres(c) => {
            for part in blocks.chunks(8_192) {
                let numbers = |of: fn(&Block) -> i64| part.iter().map(of).collect::<Vec<i64>>();
                diesel::sql_query(INSERT)
                    .bind::<BigInt, _>(segment.0)
                    .bind::<Array<BigInt>, _>(numbers(|block| block.block))
                    .bind::<Array<BigInt>, _>(numbers(|block| block.members))
                    .bind::<Array<BigInt>, _>(numbers(|block| block.due_at))
                    .bind::<Array<Text>, _>(part.iter().map(|block| block.data.as_str()).collect::<Vec<&str>>())
                    .execute(c)?;
            }
        }
    }
    Ok(())
}

/// Writes these blocks instead of all there were.
pub fn replace_blocks(conn: &mut Connection, segment: SegmentId, blocks: &[Block]) -> Result<()> {
    diesel::delete(table::table.filter(table::segment_id.eq(segment.0))).execute(conn)?;
    write_blocks(conn, segment, blocks)
}

/// At most `limit` members in the order of their ids, after `after`, with the instant of entering (microseconds UTC).
pub fn members(
    conn: &mut Connection,
    of: &KeptRule,
    after: Option<CustomerId>,
    limit: usize,
) -> Result<Vec<(CustomerId, i64)>> {
    let mut found: Vec<(CustomerId, i64)> = Vec::new();
    let mut from = after.map_or(0, |after| block_of(after, of.bits));
    while found.len() < limit {
        let rows = table::table
            .filter(table::segment_id.eq(of.id.0))
            .filter(table::block.ge(from))
            .filter(table::members.gt(0))
            .order(table::block)
            .limit(64)
            .select(COLUMNS);
        let blocks: Vec<Block> = rows.load::<Columns>(conn)?.into_iter().map(block).collect();
        let Some(last) = blocks.last() else { break };
        from = last.block + 1;
        for block in &blocks {
            found.extend(block.members()?.into_iter().filter(|(id, _)| after.is_none_or(|after| *id > after)));
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Every member, in the order of their ids.
pub fn every_member(conn: &mut Connection, segment: SegmentId) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for block in all_blocks(conn, segment)? {
        found.extend(block.members()?.into_iter().map(|(customer, _)| customer));
    }
    Ok(found)
}

/// Those of some customers who are members.
pub fn members_among(conn: &mut Connection, of: &KeptRule, customers: &[CustomerId]) -> Result<Vec<CustomerId>> {
    let mut found = Vec::new();
    for block in read_blocks(conn, of.id, &block_numbers(customers, of.bits))? {
        found.extend(block.members()?.into_iter().map(|(customer, _)| customer));
    }
    let asked: HashSet<CustomerId> = customers.iter().copied().collect();
    found.retain(|customer| asked.contains(customer));
    Ok(found)
}

/// The blocks of some customers, each once, in order.
pub fn block_numbers(customers: &[CustomerId], bits: u32) -> Vec<i64> {
    let mut numbers: Vec<i64> = customers.iter().map(|customer| block_of(*customer, bits)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Since when a customer is a member, microseconds UTC; `None` when not one.
pub fn entered_at(conn: &mut Connection, of: &KeptRule, customer: CustomerId) -> Result<Option<i64>> {
    let blocks = read_blocks(conn, of.id, &[block_of(customer, of.bits)])?;
    let Some(block) = blocks.first() else { return Ok(None) };
    Ok(block.members()?.into_iter().find(|(member, _)| *member == customer).map(|(_, at)| at))
}

/// Whether a customer is a member.
pub fn contains(conn: &mut Connection, of: &KeptRule, customer: CustomerId) -> Result<bool> {
    Ok(entered_at(conn, of, customer)?.is_some())
}

/// The names of the rule segments of a customer.
pub fn of_customer(conn: &mut Connection, customer: CustomerId) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for segment in super::all(conn)? {
        if contains(conn, &segment, customer)? {
            names.push(segment.spec.name);
        }
    }
    Ok(names)
}

/// Forgets a customer: on erasure, and when they become one with another.
pub fn forget(conn: &mut Connection, customer: CustomerId) -> Result<()> {
    for of in super::all(conn)? {
        let Some(block) = read_blocks(conn, of.id, &[block_of(customer, of.bits)])?.pop() else { continue };
        // What a number means in the rule is not asked here, so that any unit will do.
        let segment: RuleSegment = of.checked(1)?;
        let mut entries = block.entries(&segment)?;
        entries.retain(|entry| entry.customer != customer);
        let left = Block::new(&segment, block.block, &entries);
        // The revision rises first: a refresh that has read this customer before can then not write them back.
        diesel::update(rule_segment::table.find(of.id.0))
            .set((
                rule_segment::revision.eq(rule_segment::revision + 1),
                rule_segment::size.eq(rule_segment::size - (block.members - left.members)),
            ))
            .execute(conn)?;
        write_blocks(conn, of.id, &[left])?;
    }
    diesel::delete(rule_segment_change::table.filter(rule_segment_change::customer_id.eq(customer.0))).execute(conn)?;
    Ok(())
}
