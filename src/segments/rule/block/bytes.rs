//! The bytes of a block: numbers in as few bytes as they need, each kind of time as the difference from the one before.

use crate::clock::SECOND;

/// Bytes of a key.
const KEY: usize = 6;

/// The latest number of each kind, from which the next is told.
#[derive(Default)]
struct Latest {
    id: i64,
    time: i64,
    entered: i64,
}

/// Writes.
pub(super) struct Writer {
    bytes: Vec<u8>,
    latest: Latest,
}

/// Reads what a [`Writer`] wrote; every function answers `None` where the bytes do not fit.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    latest: Latest,
}

/// Small numbers of either sign become small numbers without one.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

impl Writer {
    pub fn new(form: u8) -> Writer {
        Writer { bytes: vec![form], latest: Latest::default() }
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub fn number(&mut self, number: i64) {
        self.varint(zigzag(number));
    }

    /// A number that may be absent: 0 says so, and pushes the others up by one.
    pub fn total(&mut self, total: Option<i64>) {
        match total {
            None => self.bytes.push(0),
            Some(total) => {
                self.bytes.push(1);
                self.number(total);
            }
        }
    }

    pub fn id(&mut self, id: i64) {
        self.varint(id.wrapping_sub(self.latest.id) as u64);
        self.latest.id = id;
    }

    pub fn flags(&mut self, first: bool, second: bool) {
        self.bytes.push(u8::from(first) | u8::from(second) << 1);
    }

    pub fn key(&mut self, key: u64) {
        self.bytes.extend_from_slice(&key.to_le_bytes()[..KEY]);
    }

    pub fn entered(&mut self, at: i64) {
        self.number(at.wrapping_sub(self.latest.entered));
        self.latest.entered = at;
    }

    /// Whole seconds from the second of the latest time; then, for the few that have them, the microseconds.
    pub fn time(&mut self, at: i64) {
        let (second, micros) = (at.div_euclid(SECOND), at.rem_euclid(SECOND));
        let moved = zigzag(second - self.latest.time);
        self.varint(moved << 1 | u64::from(micros != 0));
        if micros != 0 {
            self.varint(micros as u64);
        }
        self.latest.time = second;
    }
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], form: u8) -> Option<Reader<'a>> {
        let (first, bytes) = bytes.split_first()?;
        (*first == form).then_some(Reader { bytes, latest: Latest::default() })
    }

    pub fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub fn number(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }

    /// How many things follow; each takes at least a byte.
    pub fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(self.number()?).ok()?;
        (length <= self.bytes.len()).then_some(length)
    }

    pub fn total(&mut self) -> Option<Option<i64>> {
        match self.byte()? {
            0 => Some(None),
            1 => self.number().map(Some),
            _ => None,
        }
    }

    pub fn id(&mut self) -> Option<i64> {
        self.latest.id = self.latest.id.wrapping_add(self.varint()? as i64);
        Some(self.latest.id)
    }

    pub fn flags(&mut self) -> Option<(bool, bool)> {
        let flags = self.byte()?;
        (flags < 4).then_some((flags & 1 != 0, flags & 2 != 0))
    }

    pub fn key(&mut self) -> Option<u64> {
        let (key, rest) = self.bytes.split_at_checked(KEY)?;
        self.bytes = rest;
        let mut bytes = [0; 8];
        bytes[..KEY].copy_from_slice(key);
        Some(u64::from_le_bytes(bytes))
    }

    pub fn entered(&mut self) -> Option<i64> {
        self.latest.entered = self.latest.entered.wrapping_add(self.number()?);
        Some(self.latest.entered)
    }

    pub fn time(&mut self) -> Option<i64> {
        let code = self.varint()?;
        self.latest.time = self.latest.time.checked_add(unzigzag(code >> 1))?;
        let micros = if code & 1 == 1 { i64::try_from(self.varint()?).ok()? } else { 0 };
        self.latest.time.checked_mul(SECOND)?.checked_add(micros)
    }
}
