//! Webhooks over REST.

pub mod calls;
pub mod get;
pub mod list;
pub mod ping;
pub mod put;
pub mod remove;
pub mod replay;
pub mod secret;
