//! What tests share.

pub mod postgres;
#[cfg(feature = "cloud")]
pub mod s3;
pub mod stores;

/// The project's folder: where cargo runs tests. What a compiler wrote down may be another clone's, where both share a target folder.
pub fn root() -> std::path::PathBuf {
    std::env::current_dir().expect("tests run in the project's folder")
}
