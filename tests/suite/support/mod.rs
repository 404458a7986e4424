//! What tests share.

pub mod postgres;
#[cfg(feature = "cloud")]
pub mod s3;
pub mod stores;
