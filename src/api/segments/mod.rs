//! Segments over REST.

pub mod changes;
pub mod get;
pub mod list;
pub mod lookalike;
pub mod members;
pub mod preview;
pub mod put;
pub mod remove;
pub mod upload;
