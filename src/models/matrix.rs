//! Features of customers with what happened to them.

use ndarray::Axis;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
pub use crate::features::FeatureMatrix;
use crate::ids::CustomerId;

/// The feature that counts orders: who has none has never bought, and cannot stop.
const ORDERS: &str = "freq";

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
    /// Labels for churn: the customers who had bought before, and who of them did not buy again within the horizon.
    ///
    /// # Errors
    /// Invalid when the matrix has no feature that counts orders.
    pub fn churned(
        as_of: Timestamp,
        matrix: &FeatureMatrix,
        bought_again: impl Fn(CustomerId) -> bool,
    ) -> Result<Labelled> {
        let matrix = buyers(matrix)?;
        let happened = matrix.customers.iter().map(|&customer| !bought_again(customer)).collect();
        Ok(Labelled { as_of, matrix, happened })
    }

    /// Some of the rows.
    #[must_use]
    pub fn some(&self, rows: &[usize]) -> Labelled {
        Labelled {
            as_of: self.as_of,
            matrix: FeatureMatrix {
                customers: rows.iter().map(|&row| self.matrix.customers[row]).collect(),
                names: self.matrix.names.clone(),
                values: self.matrix.values.select(Axis(0), rows),
            },
            happened: rows.iter().map(|&row| self.happened[row]).collect(),
        }
    }

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

/// The rows of customers who have bought: churn and segments are of them alone.
///
/// # Errors
/// Invalid when the matrix has no feature that counts orders.
pub fn buyers(matrix: &FeatureMatrix) -> Result<FeatureMatrix> {
    let Some(column) = matrix.names.iter().position(|name| name == ORDERS) else {
        return Err(Error::invalid(format!("the feature `{ORDERS}` is needed to tell who has bought before")));
    };
    let rows: Vec<usize> = (0..matrix.values.nrows()).filter(|&row| matrix.values[[row, column]] > 0.0).collect();
    Ok(FeatureMatrix {
        customers: rows.iter().map(|&row| matrix.customers[row]).collect(),
        names: matrix.names.clone(),
        values: matrix.values.select(Axis(0), &rows),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn who_never_bought_cannot_churn() {
        let matrix = FeatureMatrix {
            customers: [1, 2, 3].map(CustomerId).to_vec(),
            names: vec!["recency".into(), "freq".into()],
            values: array![[5.0, 2.0], [0.0, 0.0], [9.0, 1.0]],
        };
        let labelled = Labelled::churned(Timestamp(0), &matrix, |customer| customer == CustomerId(1)).unwrap();
        assert_eq!(labelled.matrix.customers, [1, 3].map(CustomerId));
        assert_eq!((labelled.matrix.values.row(1).to_vec(), labelled.happened), (vec![9.0, 1.0], vec![false, true]));
        let without = matrix.select(&["recency".to_owned()]).unwrap();
        assert!(buyers(&without).unwrap_err().message().contains("`freq`"));
    }
}
