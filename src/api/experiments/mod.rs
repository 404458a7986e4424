//! Experiments over REST.

pub mod decide;
pub mod get;
pub mod list;
pub mod results;
