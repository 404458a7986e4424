//! Lifetime value: reads purchases and contracts from history, trains, scores.

mod contracts;
mod purchases;
mod score;
mod train;

pub use score::{Lifetimes, score};
pub use train::fit;
