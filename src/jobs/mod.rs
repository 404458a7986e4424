//! Background work: what is due is found, claimed under a lease by one of any number of workers, and done once.
//!
//! ```text
//!  schedule (due campaigns, recurring work) -> queue (table job) -> worker -> operations
//!                                                                     +-----> the outbox: messages that are due
//! ```
//!
//! A job's id is the hash of its kind and occasion, so that any number of nodes write the same work down only once. What a
//! crash leaves behind is found again when its lease ends; what fails is tried again later, and in the end laid aside for
//! a person (`dead`). Imports have a thread of their own, so that a large file does not make the schedule late, and are done
//! where their file is.

pub mod by_hand;
pub mod imports;
mod job;
mod progress;
pub mod queue;
mod run;
mod schedule;
mod stop;
mod worker;

pub use job::{Job, State, Work};
pub use schedule::tick;
pub use stop::Stop;
pub use worker::{Only, Worked, work};
