//! What a person or a job asks for: one verb a file.

pub mod import;
pub mod workspace;

pub use workspace::{Options, Workspace};
