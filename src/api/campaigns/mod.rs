//! Campaigns over REST.

pub mod begin;
pub mod capacity;
pub mod conflicts;
pub mod get;
pub mod joint;
pub mod journeys;
pub mod list;
pub mod plan;
pub mod put;
pub mod results;
pub mod runs;
pub mod steer;
pub mod test_send;
pub mod what_if;
