//! What each segment is worth, from the features of its customers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::models::FeatureMatrix;

/// What a segment is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentEconomics {
    /// Customers in it.
    pub customers: usize,
    /// Their share of all customers.
    pub share: f64,
    /// Sum of the value feature over its customers, in that feature's unit; 0 for an empty segment.
    pub value: f64,
    /// Its share of the value of all; None where that is not above 0.
    pub value_share: Option<f64>,
    /// Share of its customers whose value is not above 0: they cost more than they bring.
    pub unprofitable: f64,
    /// Mean of each feature; empty for an empty segment.
    pub means: BTreeMap<String, f64>,
}

/// The economics of `count` segments; `membership` gives each row's segment, if any, `value` the feature that says what a customer is worth
/// (profit, or revenue where no cost is known).
///
/// # Errors
/// Invalid when the feature is missing or rows and membership differ in number.
pub fn economics(
    matrix: &FeatureMatrix,
    membership: &[Option<usize>],
    count: usize,
    value: &str,
) -> Result<Vec<SegmentEconomics>> {
    let Some(value) = matrix.names.iter().position(|name| name == value) else {
        return Err(Error::invalid(format!("there is no feature `{value}`; known: {}", matrix.names.join(", "))));
    };
    if membership.len() != matrix.values.nrows() || membership.iter().flatten().any(|&segment| segment >= count) {
        return Err(Error::invalid(format!(
            "{} memberships in {count} segments do not fit {} customers",
            membership.len(),
            matrix.values.nrows()
        )));
    }
    let columns = matrix.names.len();
    let mut sums = vec![vec![(0.0, 0usize); columns]; count];
    let (mut sizes, mut unprofitable) = (vec![0usize; count], vec![0usize; count]);
    for (row, segment) in matrix.values.rows().into_iter().zip(membership) {
        let Some(segment) = *segment else { continue };
        sizes[segment] += 1;
        unprofitable[segment] += usize::from(row[value] <= 0.0);
        for (sum, &x) in sums[segment].iter_mut().zip(row) {
            if x.is_finite() {
                sum.0 += x;
                sum.1 += 1;
            }
        }
    }
    let whole: f64 = sums.iter().map(|of| of[value].0).sum();
    let rows = membership.len().max(1) as f64;
    let made = (0..count).map(|segment| {
        let known = matrix.names.iter().zip(&sums[segment]).filter(|(_, sum)| sum.1 > 0);
        SegmentEconomics {
            customers: sizes[segment],
            share: sizes[segment] as f64 / rows,
            value: sums[segment][value].0,
            value_share: (whole > 0.0).then(|| sums[segment][value].0 / whole),
            unprofitable: unprofitable[segment] as f64 / sizes[segment].max(1) as f64,
            means: known.map(|(name, sum)| (name.clone(), sum.0 / sum.1 as f64)).collect(),
        }
    });
    Ok(made.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;
    use ndarray::array;

    #[test]
    fn shares_and_means_by_hand() {
        let matrix = FeatureMatrix {
            customers: (0..4).map(CustomerId).collect(),
            names: vec!["profit".into(), "orders".into()],
            values: array![[100.0, 4.0], [-20.0, 2.0], [20.0, f64::NAN], [0.0, 1.0]],
        };
        let made = economics(&matrix, &[0, 1, 0, 1].map(Some), 3, "profit").unwrap();
        assert_eq!((made[0].customers, made[0].value, made[0].value_share), (2, 120.0, Some(1.2)));
        assert_eq!((made[0].means["orders"], made[0].means["profit"]), (4.0, 60.0));
        assert_eq!((made[1].unprofitable, made[1].share), (1.0, 0.5));
        assert_eq!((made[2].customers, made[2].means.len()), (0, 0));
        assert!(
            economics(&matrix, &[0, 1, 0, 1].map(Some), 2, "speed").unwrap_err().message().contains("profit, orders")
        );
        assert!(economics(&matrix, &[0, 1, 0, 3].map(Some), 2, "profit").is_err());
    }
}
