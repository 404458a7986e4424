//! Reading a stretch of a file piece by piece; many cursors share one open file.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::damaged;
use crate::error::Result;

/// A stretch of a file, read ahead in chunks.
pub struct Chunks<'a> {
    file: &'a File,
    /// Where the next chunk begins, and where the stretch ends.
    next: u64,
    end: u64,
    buffer: Vec<u8>,
    at: usize,
    capacity: usize,
}

impl<'a> Chunks<'a> {
    /// The bytes from `start` to `end`, `capacity` of them at a time.
    pub fn new(file: &'a File, start: u64, end: u64, capacity: usize) -> Chunks<'a> {
        Chunks { file, next: start, end, buffer: Vec::new(), at: 0, capacity }
    }

    /// The next `length` bytes, or none at the end of the stretch.
    pub fn peek(&mut self, length: usize) -> Result<Option<&[u8]>> {
        if self.buffer.len() - self.at < length {
            self.fill(length)?;
            if self.buffer.len() == self.at {
                return Ok(None);
            }
            if self.buffer.len() - self.at < length {
                return Err(damaged());
            }
        }
        Ok(Some(&self.buffer[self.at..self.at + length]))
    }

    /// What was peeked at last.
    pub fn current(&self, length: usize) -> &[u8] {
        &self.buffer[self.at..self.at + length]
    }

    /// Steps over bytes that have been peeked at.
    pub fn skip(&mut self, length: usize) {
        self.at += length;
    }

    fn fill(&mut self, length: usize) -> Result<()> {
        self.buffer.drain(..self.at);
        self.at = 0;
        let kept = self.buffer.len();
        let more = (self.end - self.next).min(self.capacity.max(length).saturating_sub(kept) as u64) as usize;
        self.buffer.resize(kept + more, 0);
        self.file.read_exact_at(&mut self.buffer[kept..], self.next)?;
        self.next += more as u64;
        Ok(())
    }
}
