//! Lifetime value: reads purchases and contracts from history, trains, scores; and where customers stand.

mod contracts;
mod purchases;
mod score;
mod stages;
mod train;

pub use score::{Known, Lifetimes, score};
pub use stages::Stages;
pub use train::fit;
