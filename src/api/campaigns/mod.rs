//! Campaigns over REST.

pub mod capacity;
pub mod get;
pub mod journeys;
pub mod list;
pub mod plan;
pub mod put;
pub mod results;
pub mod runs;
pub mod steer;
pub mod test_send;
pub mod what_if;
