//! The tables as diesel knows them, in the order of the columns in `migrations/`; a test compares them with both stores.

mod workspaces;

pub use workspaces::{audit, workspace};
