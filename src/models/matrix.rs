//! Features of customers with what happened to them.

use crate::clock::Timestamp;
use crate::error::{Error, Result};
pub use crate::features::FeatureMatrix;

/// A feature matrix as of an instant, and whether the event happened to each customer within the horizon after it.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Only facts before this instant are in the features; the label looks at what came after.
    pub as_of: Timestamp,
    /// What was known.
    pub matrix: FeatureMatrix,
    /// What happened, in the order of the customers.
    pub happened: Vec<bool>,
}

impl Labelled {
    /// How many events there are.
    pub fn events(&self) -> usize {
        self.happened.iter().filter(|&&y| y).count()
    }

    /// # Errors
    /// Invalid when labels and customers differ in number.
    pub(super) fn check(&self) -> Result<()> {
        if self.happened.len() == self.matrix.customers.len() && self.happened.len() == self.matrix.values.nrows() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "as of {}: {} labels stand beside {} customers and {} rows of features",
            self.as_of,
            self.happened.len(),
            self.matrix.customers.len(),
            self.matrix.values.nrows()
        )))
    }
}
