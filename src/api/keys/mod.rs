//! API keys over REST.

pub mod list;
pub mod post;
pub mod revoke;
