//! Segmentations at work: whom a spec groups, by what; fitted from what is there, and brought up to date at every scoring.

mod answers;
mod lookalike;
mod measured;
mod population;
mod reach;
mod score;
mod train;

#[cfg(test)]
mod tests;

pub use lookalike::{Asked, lookalike};
pub use score::Segmentations;
pub use train::fit;
