//! Many sorted runs as one.

use std::cmp::Ordering;

use super::cursor::Chunks;
use super::damaged;
use super::row::{self, Row};
use crate::error::Result;

/// The row a run stands at.
struct Head<'a> {
    chunks: Chunks<'a>,
    length: usize,
    customer: i64,
    time: i64,
}

impl Head<'_> {
    /// Goes to the next row; false at the end of the run.
    fn advance(&mut self) -> Result<bool> {
        self.chunks.skip(std::mem::take(&mut self.length));
        let Some(start) = self.chunks.peek(4)? else { return Ok(false) };
        let length = row::length(start).ok_or_else(damaged)?;
        let bytes = self.chunks.peek(length)?.ok_or_else(damaged)?;
        (self.customer, self.time) = row::place(bytes).ok_or_else(damaged)?;
        self.length = length;
        Ok(true)
    }

    fn bytes(&self) -> &[u8] {
        self.chunks.current(self.length)
    }

    fn order(&self, other: &Head<'_>) -> Ordering {
        (self.customer, self.time).cmp(&(other.customer, other.time)).then_with(|| self.tie().cmp(&other.tie()))
    }

    fn tie(&self) -> Option<(&[u8], &[u8], u64)> {
        Row::read(self.bytes()).map(|row| row.tie())
    }
}

/// The rows of all runs in the order of a segment: customer, time, key. A binary heap of runs, the lowest row first.
pub struct Merge<'a> {
    heap: Vec<Head<'a>>,
}

impl<'a> Merge<'a> {
    /// Begins with the first row of each run.
    pub fn new(runs: Vec<Chunks<'a>>) -> Result<Merge<'a>> {
        let mut heap = Vec::with_capacity(runs.len());
        for chunks in runs {
            let mut head = Head { chunks, length: 0, customer: 0, time: 0 };
            if head.advance()? {
                heap.push(head);
            }
        }
        let mut merge = Merge { heap };
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sink(at);
        }
        Ok(merge)
    }

    /// The lowest row that is left.
    pub fn row(&self) -> Result<Option<Row<'_>>> {
        let Some(head) = self.heap.first() else { return Ok(None) };
        Row::read(head.bytes()).ok_or_else(damaged).map(Some)
    }

    /// Steps over it.
    pub fn advance(&mut self) -> Result<()> {
        if !self.heap[0].advance()? {
            self.heap.swap_remove(0);
        }
        self.sink(0);
        Ok(())
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.heap[child].order(&self.heap[least]) == Ordering::Less {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}
