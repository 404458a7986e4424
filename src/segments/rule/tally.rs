//! What is remembered of one customer for one measure: enough to know its value at any later instant without reading history.

/// A fact, as far as a measure needs it. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// When, microseconds UTC.
    pub at: i64,
    /// Of which order, claim or contract; 0 where that does not matter.
    pub key: u64,
    /// What it adds.
    pub value: i64,
}

/// The facts of one customer as one measure sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// What has happened and does not leave again: a sum, or the latest or first instant; `None` before the first fact.
    pub total: Option<i64>,
    /// What will leave a window, or has not happened yet.
    pub points: Vec<Point>,
}

impl Tally {
    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.total.is_none() && self.points.is_empty()
    }
}
