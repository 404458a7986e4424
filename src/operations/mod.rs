//! What a person or a job asks for: one verb a file.

pub mod apply;
pub mod audit;
pub mod candidates;
pub mod facts;
pub mod people;
pub mod score;
pub mod setup;
pub mod steer;
pub mod train;
pub mod workspace;

pub use workspace::{Options, Workspace};
