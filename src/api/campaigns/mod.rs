//! Campaigns over REST.

pub mod get;
pub mod list;
pub mod plan;
pub mod put;
pub mod runs;
pub mod steer;
