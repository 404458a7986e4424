//! What a person or a job asks for: one verb a file.

pub mod candidates;
pub mod facts;
pub mod people;
pub mod workspace;

pub use workspace::{Options, Workspace};
