//! Which staged facts are left out, because another has the same identity.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::identity::{Heaps, Identity, PARTS};
use super::runs::Runs;
use crate::error::Result;

/// A bit for each staged fact: set when it is left out.
#[derive(Debug, Default)]
pub struct Left {
    bits: Vec<u64>,
    /// How many are left out.
    pub count: i64,
    /// How many of them say something else than the fact that stays.
    pub conflicts: i64,
}

impl Left {
    /// Whether the fact of this ordinal is left out.
    pub fn out(&self, ordinal: u64) -> bool {
        self.bits.get((ordinal / 64) as usize).is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }

    fn leave(&mut self, ordinal: u64) {
        self.bits[(ordinal / 64) as usize] |= 1 << (ordinal % 64);
        self.count += 1;
    }
}

/// Those whose hash another one has too, which are few: found in an open table, for to sort them all would take ten times as long.
/// `table` is memory to use again.
fn sharing_a_hash(all: &[Identity], table: &mut Vec<u32>) -> Vec<Identity> {
    const FREE: u32 = u32::MAX;
    let size = (2 * all.len()).next_power_of_two().max(2);
    table.clear();
    table.resize(size, FREE);
    let mut shares = vec![0_u64; all.len() / 64 + 1];
    let mut mark = |index: usize| shares[index / 64] |= 1 << (index % 64);
    for (index, identity) in all.iter().enumerate() {
        // The topmost bits are those of the part.
        let mut slot = identity.hash as usize & (size - 1);
        while table[slot] != FREE {
            let first = table[slot] as usize;
            if all[first].hash == identity.hash {
                mark(first);
                mark(index);
                break;
            }
            slot = (slot + 1) & (size - 1);
        }
        if table[slot] == FREE {
            table[slot] = index as u32;
        }
    }
    let shared =
        |(index, identity): (usize, &Identity)| (shares[index / 64] >> (index % 64) & 1 == 1).then_some(*identity);
    all.iter().enumerate().filter_map(shared).collect()
}

/// Compares the staged facts with each other and with what is `known`, a part of the hashes at a time. The ordinals of facts
/// that contradict the one that stays are written to `conflicts`, eight bytes each.
///
/// # Errors
/// Unavailable, when the disk refuses.
pub fn find(runs: &Runs, known: &mut Heaps, conflicts: &Path) -> Result<Left> {
    let mut left = Left { bits: vec![0; (runs.ordinals() / 64 + 1) as usize], ..Left::default() };
    let mut contradicting = BufWriter::new(File::create(conflicts)?);
    let (mut staged, mut sealed) = (runs.identities(), known.read()?);
    let mut all: Vec<Identity> = Vec::new();
    let mut table = Vec::new();
    for part in 0..PARTS {
        all.clear();
        for source in staged.iter_mut().chain(&mut sealed) {
            source.take(part, &mut all)?;
        }
        let mut shared = sharing_a_hash(&all, &mut table);
        shared.sort_unstable_by_key(Identity::rank);
        for equal in shared.chunk_by(|a, b| a.hash == b.hash).filter(|equal| equal.len() > 1) {
            let stays = equal[0];
            for other in equal[1..].iter().filter(|other| other.is_new) {
                left.leave(other.ordinal);
                if other.content != stays.content {
                    left.conflicts += 1;
                    contradicting.write_all(&other.ordinal.to_le_bytes())?;
                }
            }
        }
    }
    contradicting.flush()?;
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_one_hash_are_found_wherever_their_slots_collide() {
        // Slots 0 and 1 of four thousand are wanted by everybody.
        let of = |ordinal: u64| Identity {
            hash: u128::from(ordinal / 3 * 8_192 + ordinal % 2),
            is_new: true,
            time: 0,
            customer: 0,
            ordinal,
            content: 0,
        };
        let all: Vec<Identity> = (0..2_000).map(of).collect();
        let mut counted = std::collections::HashMap::new();
        all.iter().for_each(|identity| *counted.entry(identity.hash).or_insert(0) += 1);
        let wanted: Vec<Identity> = all.iter().filter(|identity| counted[&identity.hash] > 1).copied().collect();
        assert!(wanted.len() > 1_000 && wanted.len() < all.len());
        assert_eq!(sharing_a_hash(&all, &mut vec![3; 7]), wanted);
        assert!(sharing_a_hash(&[], &mut Vec::new()).is_empty());
    }
}
