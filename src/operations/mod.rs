//! What a person or a job asks for: one verb a file.

pub mod access;
pub mod apply;
pub mod audit;
pub mod batch;
pub mod candidates;
pub mod checks;
pub mod decide_now;
pub mod erase;
pub mod evaluate;
pub mod event_types;
pub mod facts;
pub mod history;
pub mod import;
pub mod lifetime;
pub mod links;
pub mod mature;
pub mod measure;
pub mod merge;
pub mod people;
pub mod plan;
pub mod record;
pub mod results;
pub mod run;
pub mod score;
pub mod segmentation;
pub mod segments;
pub mod send;
pub mod setup;
pub mod steer;
pub mod test_send;
pub mod totals;
pub mod train;
pub mod variables;
pub mod workspace;

pub use workspace::{Options, Workspace};
