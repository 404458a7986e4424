//! The outbox: all that happens to a delivery in the store, one action a file. Every change names the state it comes from,
//! and a worker's changes also its lease and attempt, so that who has slept past the lease changes nothing.

pub mod brake;
pub mod claim;
pub mod find;
pub mod pace;
pub mod plan;
pub mod reassign;
pub mod reconcile;
pub mod record;
pub mod recover;
pub mod resolve;
pub mod step;
mod together;
pub mod waiting;

pub use claim::{ClaimCheck, NoCheck, Verdict};
pub use reconcile::{Reconciliation, reconcile};

#[cfg(test)]
mod tests;
