//! Queries about customers one by one, run on ranges of customers: disjoint, so that nothing is merged afterwards, and each
//! small enough to be held.
//!
//! A segment is sorted by customer. In a slice, read by one thread, a grouping by customer is therefore a stream: a customer's
//! group ends where the next one's rows begin. Slices run beside each other, one a thread.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::engine::Snapshot;
use super::folder::{History, Known};
use super::tail::Which;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::storage::Connection;

/// Facts of one type below which slices would cost more than they save.
const SMALL: i64 = 200_000;
/// Facts of one type that a slice holds at least, where there are several: planning the queries of a slice costs as much as
/// reading some tens of thousands.
const LEAST: i64 = 500_000;
/// Facts of one type that a slice holds at most, about.
const SLICE: i64 = 2_000_000;

/// Facts by ranges of customers; one snapshot of manifest and tail.
pub struct Slices {
    history: History,
    known: Vec<Known>,
    before: Option<Timestamp>,
    ranges: Vec<RangeInclusive<i64>>,
    /// While it is held, no file of the snapshot is removed.
    _reading: File,
}

impl History {
    /// What had happened before an instant, cut into ranges of customers. No slice sees a fact with `occurred_at >= as_of`.
    ///
    /// # Errors
    /// As [`History::snapshot`].
    pub fn slices_before(&self, as_of: Timestamp) -> Result<Slices> {
        self.cut_up(Some(as_of), Which::Open, |_| Ok(())).map(|(slices, ())| slices)
    }

    /// Everything known now, cut into ranges of customers.
    ///
    /// # Errors
    /// As [`History::snapshot`].
    pub fn slices(&self) -> Result<Slices> {
        self.cut_up(None, Which::Open, |_| Ok(())).map(|(slices, ())| slices)
    }

    /// What is sealed and what was handed over to followers of the [`feed`](super::feed), cut into ranges of customers; with
    /// whatever `also` reads of the store at that moment.
    ///
    /// # Errors
    /// As [`History::snapshot`], and those of `also`.
    pub fn slices_handed_over<T>(&self, also: impl FnOnce(&mut Connection) -> Result<T>) -> Result<(Slices, T)> {
        self.cut_up(None, Which::HandedOver, also)
    }

    fn cut_up<T>(
        &self,
        before: Option<Timestamp>,
        which: Which,
        also: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<(Slices, T)> {
        let reading = self.0.readers.enter()?;
        let (known, also) = self.known(which, also)?;
        let most = known.iter().map(Known::rows).max().unwrap_or(0);
        let ranges = cut(parts(most, i64::from(self.0.buckets)));
        Ok((Slices { history: self.clone(), known, before, ranges, _reading: reading }, also))
    }
}

/// Into how many slices so many facts are cut: whole buckets, several or parts of one. It depends on nothing else, so that what is
/// answered is the same on every machine.
fn parts(rows: i64, buckets: i64) -> i64 {
    if rows <= SMALL {
        return 1;
    }
    let fewest = (rows / LEAST).max(2);
    if fewest >= buckets {
        return buckets * ((rows / buckets) / SLICE + 1);
    }
    (fewest..=buckets).find(|parts| buckets % parts == 0).unwrap_or(buckets)
}

/// Cuts the ids of customers, which are uniform from 0 up, into equal ranges. Each lies within one bucket when `parts` is a
/// multiple of the number of buckets.
fn cut(parts: i64) -> Vec<RangeInclusive<i64>> {
    let bound = |part: i64| ((part as u128) << 63).div_ceil(parts as u128) as i64;
    let last = parts - 1;
    // The ends are open, whatever ids there are.
    let first_of = |part: i64| if part == 0 { i64::MIN } else { bound(part) };
    (0..parts).map(|part| first_of(part)..=if part == last { i64::MAX } else { bound(part + 1) - 1 }).collect()
}

impl Slices {
    /// Of these customers only: those whose ids are at most `last`.
    #[must_use]
    pub fn up_to(mut self, last: CustomerId) -> Slices {
        self.ranges.retain(|range| *range.start() <= last.0);
        if let Some(end) = self.ranges.last_mut().filter(|range| *range.end() > last.0) {
            *end = *end.start()..=last.0;
        }
        self
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ranges.len()
    }

    /// The ids of the customers of each, in order.
    pub fn ranges(&self) -> &[RangeInclusive<i64>] {
        &self.ranges
    }

    /// Runs `work` on each slice, on as many threads as history may use, and hands over what it answers in the order of
    /// customers. What is answered does not depend on the number of threads.
    ///
    /// # Errors
    /// The first that `work` or `take` answers; slices not yet begun are then left out.
    pub fn each<T: Send>(
        &self,
        work: impl Fn(&Snapshot) -> Result<T> + Sync,
        take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        self.each_range(|slice, _| work(slice), take)
    }

    /// The same; `work` is told whose facts a slice may hold.
    ///
    /// # Errors
    /// As [`Slices::each`].
    pub fn each_range<T: Send>(
        &self,
        work: impl Fn(&Snapshot, &RangeInclusive<i64>) -> Result<T> + Sync,
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let threads = self.history.0.engine.threads().min(self.ranges.len());
        std::thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(threads);
            for _ in 0..threads {
                let (send, next, stop, work) = (send.clone(), &next, &stop, &work);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(range) = self.ranges.get(index) else { break };
                        let slice = self.history.slice(&self.known, self.before, range);
                        let made = slice.and_then(|slice| work(&slice, range));
                        // Nobody listens any more after an error.
                        if send.send((index, made)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(send);
            let handed = hand_over(receive, &mut take);
            stop.store(true, Ordering::Relaxed);
            handed
        })
    }
}

/// Takes what comes in any order in the order of its index.
fn hand_over<T>(receive: mpsc::Receiver<(usize, Result<T>)>, take: &mut impl FnMut(T) -> Result<()>) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for (index, made) in receive {
        early.insert(index, made?);
        while let Some(made) = early.remove(&due) {
            take(made)?;
            due += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_all_ids_once_and_keep_to_buckets() {
        for parts in [1, 3, 8, 24] {
            let ranges = cut(parts);
            assert_eq!((*ranges[0].start(), *ranges[ranges.len() - 1].end()), (i64::MIN, i64::MAX));
            assert!(ranges.windows(2).all(|pair| pair[0].end() + 1 == *pair[1].start()), "{ranges:?}");
        }
        let (eight, sixteen) = (cut(8), cut(16));
        assert!((0..8).all(|bucket| eight[bucket].end() == sixteen[2 * bucket + 1].end()));
        let of_eight = [200_000, 200_001, 1_000_000, 1_250_000, 2_000_000, 15_999_999, 16_000_000];
        assert_eq!(of_eight.map(|rows| parts(rows, 8)), [1, 2, 2, 2, 4, 8, 16]);
        assert_eq!((parts(300_000, 1), parts(1_200_000, 7)), (1, 7));
    }

    #[test]
    fn what_comes_early_waits_and_an_error_ends_it() {
        let (send, receive) = mpsc::channel();
        for index in [2_usize, 0, 1] {
            send.send((index, Ok(index))).unwrap();
        }
        drop(send);
        let mut taken = Vec::new();
        hand_over(receive, &mut |index| {
            taken.push(index);
            Ok(())
        })
        .unwrap();
        assert_eq!(taken, [0, 1, 2]);
        let (send, receive) = mpsc::channel::<(usize, Result<usize>)>();
        send.send((0, Err(crate::error::Error::invalid("no")))).unwrap();
        assert!(hand_over(receive, &mut |_| Ok(())).is_err());
    }
}
