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

    fn tie(&self) -> Option<(&[u8], &[u8], u64)> {
        Row::read(self.bytes()).map(|row| row.tie())
    }
}

/// What decides between the rows that two runs stand at, and where the run is.
#[derive(Clone, Copy)]
struct Place {
    customer: i64,
    time: i64,
    run: u32,
}

/// The rows of all runs in the order of a segment: customer, time, key. A binary heap of the places, the lowest first; the runs
/// themselves stay where they are.
pub struct Merge<'a> {
    runs: Vec<Head<'a>>,
    heap: Vec<Place>,
}

impl<'a> Merge<'a> {
    /// Begins with the first row of each run.
    pub fn new(runs: Vec<Chunks<'a>>) -> Result<Merge<'a>> {
        let mut merge = Merge { runs: Vec::with_capacity(runs.len()), heap: Vec::with_capacity(runs.len()) };
        for chunks in runs {
            let mut head = Head { chunks, length: 0, customer: 0, time: 0 };
            if head.advance()? {
                merge.heap.push(Place { customer: head.customer, time: head.time, run: merge.runs.len() as u32 });
                merge.runs.push(head);
            }
        }
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sink(at);
        }
        Ok(merge)
    }

    /// The lowest row that is left.
    pub fn row(&self) -> Result<Option<Row<'_>>> {
        let Some(first) = self.heap.first() else { return Ok(None) };
        Row::read(self.runs[first.run as usize].bytes()).ok_or_else(damaged).map(Some)
    }

    /// Steps over it.
    pub fn advance(&mut self) -> Result<()> {
        let run = self.heap[0].run;
        let head = &mut self.runs[run as usize];
        if head.advance()? {
            self.heap[0] = Place { customer: head.customer, time: head.time, run };
        } else {
            self.heap.swap_remove(0);
        }
        if !self.heap.is_empty() {
            self.sink(0);
        }
        Ok(())
    }

    fn is_less(&self, a: Place, b: Place) -> bool {
        let tie = |place: Place| self.runs[place.run as usize].tie();
        (a.customer, a.time).cmp(&(b.customer, b.time)).then_with(|| tie(a).cmp(&tie(b))) == Ordering::Less
    }

    /// Moves a place down to where it belongs: to the bottom first, along the lower children, and up again from there. The next row
    /// of a run is nearly always higher than what all others stand at, so this compares half as often as asking on every level
    /// (Wegener 1993, "Bottom-up-heapsort").
    fn sink(&mut self, top: usize) {
        let place = self.heap[top];
        let mut at = top;
        while 2 * at + 1 < self.heap.len() {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let is_right = right < self.heap.len() && self.is_less(self.heap[right], self.heap[left]);
            let child = if is_right { right } else { left };
            self.heap[at] = self.heap[child];
            at = child;
        }
        while at > top {
            let parent = (at - 1) / 2;
            if !self.is_less(place, self.heap[parent]) {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = place;
    }
}
