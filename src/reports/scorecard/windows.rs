//! The windows that indicators are read in: of each length one that ends at the instant, and those before it, a month apart.

use std::collections::BTreeSet;

use crate::clock::{DAY, Timestamp};

/// Days between the ends of two windows of a series.
pub const STEP_DAYS: i64 = 30;
/// Points of a series.
pub const POINTS: usize = 13;

/// `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// The opening.
    pub from: Timestamp,
    /// The end.
    pub until: Timestamp,
    /// Its length in days.
    pub days: u32,
}

/// All windows as of an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// As of when.
    pub as_of: Timestamp,
    /// By length, then from the latest back.
    pub all: Vec<Window>,
    /// Every instant at which one begins or ends, in the order of time.
    pub cuts: Vec<Timestamp>,
}

impl Windows {
    /// Windows of these lengths, in days.
    pub fn new(as_of: Timestamp, lengths: impl IntoIterator<Item = u32>) -> Windows {
        let lengths: BTreeSet<u32> = lengths.into_iter().collect();
        let of = |days: u32| {
            (0..POINTS).map(move |back| {
                let until = as_of.plus(-(back as i64) * STEP_DAYS * DAY);
                Window { from: until.plus(-i64::from(days) * DAY), until, days }
            })
        };
        let all: Vec<Window> = lengths.into_iter().flat_map(of).collect();
        let cuts: BTreeSet<Timestamp> = all.iter().flat_map(|window| [window.from, window.until]).collect();
        Windows { as_of, all, cuts: cuts.into_iter().collect() }
    }

    /// Where an instant of the windows stands among the cuts.
    pub fn cut(&self, at: Timestamp) -> usize {
        self.cuts.partition_point(|cut| *cut < at)
    }

    /// Whether a window is one of the latest.
    pub fn is_latest(&self, window: &Window) -> bool {
        window.until == self.as_of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_a_month_apart_and_share_their_cuts() {
        let now = Timestamp(1_000 * DAY);
        let windows = Windows::new(now, [365, 30, 365]);
        assert_eq!(windows.all.len(), 2 * POINTS);
        // Thirty days before the first end is the second end.
        assert_eq!(windows.cuts.len(), 2 * POINTS + 1);
        let first = windows.all[0];
        assert_eq!((first.days, first.until, first.from), (30, now, now.plus(-30 * DAY)));
        assert_eq!(windows.all.iter().filter(|window| windows.is_latest(window)).count(), 2);
        assert_eq!(windows.cuts[windows.cut(first.from)], first.from);
    }
}
