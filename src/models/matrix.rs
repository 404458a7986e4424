//! Features of customers with what happened to them.

use ndarray::Array2;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::CustomerId;

/// Features of customers as of an instant: a row per customer in rising order, a column per feature.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMatrix {
    /// The customers, ascending.
    pub customers: Vec<CustomerId>,
    /// The features' names.
    pub names: Vec<String>,
    /// A row per customer, a column per feature.
    pub values: Array2<f64>,
}

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
