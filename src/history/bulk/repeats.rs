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
    for part in 0..PARTS {
        all.clear();
        for source in staged.iter_mut().chain(&mut sealed) {
            source.take(part, &mut all)?;
        }
        all.sort_unstable_by_key(Identity::rank);
        for equal in all.chunk_by(|a, b| a.hash == b.hash).filter(|equal| equal.len() > 1) {
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
