//! Segments: who is alike, what they are called, and what they are worth.
//!
//! K-means on scaled recency, frequency and amount; a segment keeps its code when it is fitted again, as long as most of its
//! customers are still together. Names describe when, how often and for how much customers buy, in words that they may read themselves.
//!
//! Beside these stand segments that a [`rule`] defines, which stay true as facts come in and as time goes by.

mod cluster;
mod economics;
mod matching;
mod naming;
pub mod rule;
pub mod stage;
mod store;

pub use cluster::{ClusterModel, Segment, SegmentMetrics, train_segments};
pub use economics::{SegmentEconomics, economics};
pub use store::{KeptSegment, Segmented, forget, keep, list, members, of_customer, reassign, show};
