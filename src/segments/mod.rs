//! Segments: who is alike, what they are called, and what they are worth.
//!
//! ```text
//!  spec + customers -> train -> SegmentModel --assign--> membership -> portrait: in words, four criteria, worth
//!            |  k-means, mixture: number chosen by data; codes stay as long as most customers are still together
//!            |  rfm: cells of a grid            attributes: what stands in the profile        lookalike: who resembles whom
//! ```
//!
//! Names describe when, how often and for how much customers buy, in words that they may read themselves.
//!
//! Beside these stand segments that a [`rule`] defines, which stay true as facts come in and as time goes by.

mod agreement;
mod board;
mod card;
mod choose;
mod criteria;
mod describe;
mod economics;
mod grid;
pub mod labels;
mod lookalike;
mod matching;
mod model;
mod naming;
mod needs;
pub mod rule;
mod silhouette;
pub mod stage;
mod store;
mod train;
pub mod uploaded;
mod worth;

pub use board::{Board, Square, boards};
pub use card::SegmentMetrics;
pub use choose::Tried;
pub use criteria::{Criterion, Known, criteria};
pub use describe::{Trait, Words, traits};
pub use economics::{SegmentEconomics, economics};
pub use grid::SCALES;
pub use model::{Assigned, Given, Segment, SegmentModel};
pub use store::{
    KeptSegment, Member, Portrait, Segmented, drop_all, forget, forget_found, keep, likest, list, members, of_customer,
    reassign, show, who, who_among,
};
pub use train::train_segments;
pub use worth::{Measured, Worth, worth};
