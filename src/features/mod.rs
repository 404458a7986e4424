//! Features: what a customer's history says about them as of an instant, as numbers.
//!
//! A feature family is a SQL file under `models/features/` with a header that says what it gives; [`matrix()`] runs the
//! families as of an instant: only facts with `occurred_at < as_of` are seen. Labels look at `[as_of, as_of + horizon)`.

mod catalogue;
mod header;
mod label;
mod matrix;
mod sql;

pub use catalogue::{Catalogue, Family, Feature, View};
pub use label::{Label, purchase_within};
pub use matrix::{FeatureMatrix, matrix};
