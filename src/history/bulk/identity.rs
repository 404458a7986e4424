//! What tells facts apart: the hash of source and key, with what decides which of two equals stays.

use std::fs::File;
use std::hash::Hasher;
use std::io::{BufWriter, Write};
use std::path::Path;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::cursor::Chunks;
use super::row::Row;
use crate::error::{Error, Result};

/// Into how many parts identities are cut by their hash; one part at a time stands in memory.
pub const PARTS: usize = 256;
const BYTES: usize = 48;

/// One fact's identity. Two facts with one hash are one: it is keyed with a secret, and of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub hash: u128,
    /// False for a fact that is sealed already.
    pub is_new: bool,
    pub time: i64,
    pub customer: i64,
    pub ordinal: u64,
    /// A hash of all that the fact says; equal facts are repetitions, others contradict each other.
    pub content: u64,
}

impl Identity {
    /// Of facts with one identity the sealed one stays, else the earliest, then that of the lowest customer, then the first
    /// in the file: the same on every machine.
    pub fn rank(&self) -> (u128, bool, i64, i64, u64) {
        (self.hash, self.is_new, self.time, self.customer, self.ordinal)
    }

    /// The part it falls into.
    pub fn part(&self) -> usize {
        (self.hash >> 120) as usize
    }

    fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(&self.hash.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.time.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.customer.to_le_bytes());
        bytes[32..40].copy_from_slice(&(self.ordinal << 1 | u64::from(self.is_new)).to_le_bytes());
        bytes[40..].copy_from_slice(&self.content.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Identity {
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let place = word(32);
        Identity {
            hash: u128::from(word(0)) | u128::from(word(8)) << 64,
            is_new: place & 1 == 1,
            time: word(16) as i64,
            customer: word(24) as i64,
            ordinal: place >> 1,
            content: word(40),
        }
    }
}

/// Makes identities under a secret, so that nobody can choose two keys that seem one.
#[derive(Clone)]
pub struct Identifier(SipHasher13);

impl Identifier {
    /// An identifier with this secret.
    pub fn new(secret: [u8; 16]) -> Identifier {
        Identifier(SipHasher13::new_with_key(&secret))
    }

    /// The hash of source and key.
    pub fn hash(&self, source: &[u8], key: &[u8]) -> u128 {
        let mut hasher = self.0;
        hasher.write(key);
        hasher.write(source);
        hasher.write(&(key.len() as u32).to_le_bytes());
        hasher.finish128().as_u128()
    }

    /// The identity of a row.
    pub fn identity(&self, row: &Row<'_>, is_new: bool) -> Identity {
        Identity {
            hash: self.hash(row.source, row.key),
            is_new,
            time: row.time,
            customer: row.customer,
            ordinal: row.ordinal,
            content: content(row),
        }
    }
}

/// A quick hash of who, when and what. Nothing is gained by making two contents collide: the repetition is left out either way.
fn content(row: &Row<'_>) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(ODD);
        (product as u64) ^ (product >> 64) as u64
    };
    let mut hash = fold(fold(row.values.len() as u64 | 1 << 63, row.customer as u64), row.time as u64);
    let mut words = row.values.chunks_exact(8);
    for word in &mut words {
        hash = fold(hash, u64::from_le_bytes(word.try_into().expect("eight bytes")));
    }
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    fold(hash, u64::from_le_bytes(last)) ^ hash.rotate_left(32)
}

/// Puts identities in the order of their parts and appends them to `out`.
pub fn write_by_part(identities: &[Identity], out: &mut impl Write) -> std::io::Result<()> {
    let mut starts = [0_usize; PARTS + 1];
    for identity in identities {
        starts[identity.part() + 1] += 1;
    }
    for part in 0..PARTS {
        starts[part + 1] += starts[part];
    }
    let mut order = vec![0_u32; identities.len()];
    for (index, identity) in identities.iter().enumerate() {
        let slot = &mut starts[identity.part()];
        order[*slot] = index as u32;
        *slot += 1;
    }
    order.into_iter().try_for_each(|index| out.write_all(&identities[index as usize].to_bytes()))
}

/// Identities on disk, in the order of their parts.
pub struct Parts<'a>(Chunks<'a>);

impl<'a> Parts<'a> {
    /// Reads `count` identities from `offset` of a file.
    pub fn new(file: &'a File, offset: u64, count: u64, buffer: usize) -> Parts<'a> {
        Parts(Chunks::new(file, offset, offset + count * BYTES as u64, buffer))
    }

    /// Moves those of one part to `into`; parts are asked for in order.
    pub fn take(&mut self, part: usize, into: &mut Vec<Identity>) -> Result<()> {
        while let Some(bytes) = self.0.peek(BYTES)? {
            let identity = Identity::from_bytes(bytes);
            if identity.part() != part {
                break;
            }
            into.push(identity);
            self.0.skip(BYTES);
        }
        Ok(())
    }
}

/// How many bytes `count` identities take.
pub fn size(count: u64) -> u64 {
    count * BYTES as u64
}

/// Identities that are collected one by one, and written a heap at a time.
pub struct Heaps {
    file: File,
    heap: Vec<Identity>,
    /// Offset and count of each heap in the file.
    written: Vec<(u64, u64)>,
}

impl Heaps {
    const LARGEST: usize = 1 << 18;

    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Heaps> {
        let file = File::options().create(true).truncate(true).read(true).write(true).open(path)?;
        Ok(Heaps { file, heap: Vec::new(), written: Vec::new() })
    }

    /// Adds one.
    pub fn push(&mut self, identity: Identity) -> Result<()> {
        self.heap.push(identity);
        if self.heap.len() >= Heaps::LARGEST { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let offset = self.written.last().map_or(0, |(offset, count)| offset + size(*count));
        let mut out = BufWriter::with_capacity(1 << 18, &self.file);
        write_by_part(&self.heap, &mut out)?;
        out.flush().map_err(Error::from)?;
        drop(out);
        self.written.push((offset, self.heap.len() as u64));
        self.heap.clear();
        Ok(())
    }

    /// All of them, for reading.
    pub fn read(&mut self) -> Result<Vec<Parts<'_>>> {
        if !self.heap.is_empty() {
            self.spill()?;
        }
        Ok(self.written.iter().map(|(offset, count)| Parts::new(&self.file, *offset, *count, 1 << 14)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_survive_the_disk_in_the_order_of_their_parts() {
        let folder = tempfile::tempdir().unwrap();
        let mut heaps = Heaps::create(&folder.path().join("keys")).unwrap();
        let identifier = Identifier::new([7; 16]);
        let made: Vec<Identity> = (0..5_000_u64)
            .map(|i| Identity {
                hash: identifier.hash(b"shop", i.to_string().as_bytes()),
                is_new: i % 3 == 0,
                time: -(i as i64),
                customer: i as i64,
                ordinal: i,
                content: i * 7,
            })
            .collect();
        made.iter().for_each(|identity| heaps.push(*identity).unwrap());
        let mut parts = heaps.read().unwrap();
        let mut read = Vec::new();
        for part in 0..PARTS {
            parts.iter_mut().for_each(|heap| heap.take(part, &mut read).unwrap());
        }
        read.sort_by_key(|identity| identity.ordinal);
        assert_eq!(read, made);
        assert_ne!(identifier.hash(b"a", b"bc"), identifier.hash(b"ab", b"c"));
    }
}
