//! Features: what a customer's history says about them as of an instant, as numbers.
//!
//! A feature family is a SQL file under `models/features/` with a header that says what it gives; [`matrix()`] runs the
//! families as of an instant: only facts with `occurred_at < as_of` are seen. Labels look at `[as_of, as_of + horizon)`.
//!
//! ```text
//!  slice of customers (sorted facts) --> views (orders, articles, ...: made once, held) --> families --> rows of the matrix
//! ```

mod catalogue;
mod document;
mod header;
mod hours;
mod label;
mod matrix;
mod sample;
mod sql;

pub use catalogue::{Catalogue, Family, Feature, View};
pub use document::markdown;
pub use hours::active_times;
pub use label::{Label, purchase_within, purchase_within_of};
pub use matrix::{FeatureMatrix, matrix, matrix_of, matrix_of_customers};
pub use sample::Sample;
