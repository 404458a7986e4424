//! What purchase models know of a customer: how often, how recently, for how long.

use rayon::prelude::*;

/// Rows that are summed one after another; the blocks' sums are then added in order, whatever the number of threads.
pub(super) const BLOCK: usize = 8_192;

/// Repeat purchases of a customer since the first one. Times share one unit (weeks in the literature).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Purchases {
    /// Repeat purchases: those after the first.
    pub count: u32,
    /// From the first purchase to the last; 0 without repeat.
    pub last: f64,
    /// From the first purchase to the present.
    pub age: f64,
}

/// Customers with the same history, which differ in nothing that a likelihood sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Group {
    pub count: f64,
    pub last: f64,
    pub age: f64,
    pub customers: f64,
}

/// Groups customers with equal histories; in a fixed order, so that sums come out the same however customers are ordered.
pub(super) fn groups(customers: &[Purchases]) -> Vec<Group> {
    let mut keys: Vec<(u32, u64, u64)> =
        customers.iter().map(|c| (c.count, c.last.to_bits(), c.age.to_bits())).collect();
    keys.sort_unstable();
    let mut groups: Vec<Group> = Vec::new();
    for (count, last, age) in keys {
        let group =
            Group { count: f64::from(count), last: f64::from_bits(last), age: f64::from_bits(age), customers: 1.0 };
        match groups.last_mut() {
            Some(known) if (known.count, known.last, known.age) == (group.count, group.last, group.age) => {
                known.customers += 1.0;
            }
            _ => groups.push(group),
        }
    }
    groups
}

/// Sums over blocks of rows, in an order that does not depend on threads.
pub(super) fn sum_of_blocks<T: Sync, const N: usize>(
    rows: &[T],
    of_block: impl Fn(&[T]) -> [f64; N] + Sync + Send,
) -> [f64; N] {
    if rows.len() <= BLOCK {
        return of_block(rows);
    }
    let sums: Vec<[f64; N]> = rows.par_chunks(BLOCK).map(of_block).collect();
    sums.into_iter().fold([0.0; N], |mut total, sum| {
        total.iter_mut().zip(sum).for_each(|(total, part)| *total += part);
        total
    })
}
