//! Customers over REST.

pub mod alias;
pub mod erase;
pub mod get;
pub mod list;
pub mod put;
pub mod shown;
