//! Which of the staged facts are known already: the keys of what is sealed, and of the tail, are read once, in a stream.

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;

use super::decode::Rows;
use super::identity::{Heaps, PARTS};
use super::runs::Runs;
use crate::error::Result;
use crate::history::engine::Snapshot;

/// A Bloom filter of the staged identities: nearly all that is known is passed over at a glance.
struct Filter {
    bits: Vec<u64>,
    mask: u64,
}

impl Filter {
    /// Sixteen bits a fact, four of them set: one in five hundred passes by chance. At most 64 MiB.
    fn of(runs: &Runs) -> Result<Filter> {
        let words = (runs.rows() / 4).next_power_of_two().clamp(1 << 10, 1 << 23);
        let mut filter = Filter { bits: vec![0; words as usize], mask: words * 64 - 1 };
        let mut staged = runs.identities();
        let mut some = Vec::new();
        for part in 0..PARTS {
            for run in &mut staged {
                run.take(part, &mut some)?;
                for identity in some.drain(..) {
                    for bit in filter.places(identity.hash) {
                        filter.bits[(bit / 64) as usize] |= 1 << (bit % 64);
                    }
                }
            }
        }
        Ok(filter)
    }

    fn places(&self, hash: u128) -> [u64; 4] {
        let (low, high) = (hash as u64, (hash >> 64) as u64);
        [0, 1, 2, 3].map(|i| low.wrapping_add(high.wrapping_mul(i)) & self.mask)
    }

    fn may_hold(&self, hash: u128) -> bool {
        self.places(hash).into_iter().all(|bit| self.bits[(bit / 64) as usize] >> (bit % 64) & 1 == 1)
    }
}

/// The identities of known facts that staged ones may repeat. `known` has the table of that name.
///
/// # Errors
/// Unavailable, when a segment cannot be read.
pub fn repeated(runs: &Runs, known: Option<&Snapshot>) -> Result<Heaps> {
    let mut found = Heaps::create(&runs.beside("known"))?;
    let Some(known) = known else { return Ok(found) };
    let filter = Filter::of(runs)?;
    let Some((first, last)) = span(runs, known, &filter)? else { return Ok(found) };
    // What the repeated facts say is read only now, and only from their days.
    let instant = |at: i64| format!("arrow_cast(arrow_cast({at}, 'Int64'), 'Timestamp(Microsecond, Some(\"UTC\"))')");
    let sql = format!("SELECT * FROM known WHERE occurred_at BETWEEN {} AND {}", instant(first), instant(last));
    known.stream(&sql, |batch| {
        let mut rows = Rows::new(&batch, runs.fact_type);
        for at in 0..batch.num_rows() {
            let identity = runs.identifier().identity(&rows.row(at)?, false);
            if filter.may_hold(identity.hash) {
                found.push(identity)?;
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// The first and the last instant of known facts that the filter lets through; only keys and instants are read.
fn span(runs: &Runs, known: &Snapshot, filter: &Filter) -> Result<Option<(i64, i64)>> {
    let mut span: Option<(i64, i64)> = None;
    known.stream("SELECT occurred_at, source, fact_key FROM known", |batch| {
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>().values();
        let (source, key) = (batch.column(1).as_string::<i32>(), batch.column(2).as_string::<i32>());
        for (at, &time) in times.iter().enumerate() {
            let hash = runs.identifier().hash(source.value(at).as_bytes(), key.value(at).as_bytes());
            if filter.may_hold(hash) {
                let (first, last) = span.unwrap_or((time, time));
                span = Some((first.min(time), last.max(time)));
            }
        }
        Ok(())
    })?;
    Ok(span)
}
