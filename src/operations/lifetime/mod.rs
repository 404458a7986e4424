//! Lifetime value: reads purchases and contracts from history, trains, scores; and where customers stand.

pub mod ahead;
mod contracts;
mod purchases;
mod refresh;
mod score;
mod stages;
mod train;

pub use contracts::Contracts;
pub use refresh::{CHURN, StagesRefreshed, refresh_stages};
pub use score::{Known, Lifetimes, score};
pub use stages::Stages;
pub use train::fit;
