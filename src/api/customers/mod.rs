//! Customers over REST.

pub mod get;
pub mod list;
pub mod put;
pub mod shown;
