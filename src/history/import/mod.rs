//! Import.

pub(crate) mod stage;
