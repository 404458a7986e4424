//! Static segments: their members were uploaded, by the company's own keys, and stay until another list is sent.

mod keys;
pub mod store;

pub use keys::{Format, Key, keys};
pub use store::StaticSegment;
