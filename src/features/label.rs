//! Labels: what customers did after the instant that features look back from.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::sample::Sample;
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::history::{History, Snapshot};
use crate::ids::CustomerId;
use crate::money::Money;

/// What one customer bought within the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Label {
    /// Distinct orders.
    pub orders: i64,
    /// What they were sold for.
    pub amount: Money,
}

/// What each customer bought in `[as_of, as_of + horizon_days)`; who is absent bought nothing. In order of the customers.
///
/// # Errors
/// Invalid, when the horizon is not at least a day; unavailable, when history does not answer.
pub fn purchase_within(history: &History, as_of: Timestamp, horizon_days: u32) -> Result<BTreeMap<CustomerId, Label>> {
    purchase_within_of(Sample::ALL, history, as_of, horizon_days)
}

/// The same of the customers of a sample.
///
/// # Errors
/// As [`purchase_within`].
pub fn purchase_within_of(
    sample: Sample,
    history: &History,
    as_of: Timestamp,
    horizon_days: u32,
) -> Result<BTreeMap<CustomerId, Label>> {
    if horizon_days == 0 {
        return Err(Error::invalid("the horizon of a label must be at least one day"));
    }
    let until = as_of.plus(i64::from(horizon_days) * DAY);
    let instant = |at: Timestamp| format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.0);
    let sql = format!(
        "SELECT customer_id, count(*) AS orders, sum(amount) AS amount FROM (\
         SELECT customer_id, sum(amount) AS amount FROM order_item \
         WHERE occurred_at >= {} AND occurred_at < {} GROUP BY customer_id, order_key) GROUP BY customer_id",
        instant(as_of),
        instant(until)
    );
    let of_slice = |slice: &Snapshot| {
        let mut labels = Vec::new();
        slice.stream(&sql, |batch| {
            let column = |index: usize| batch.column(index).as_primitive::<Int64Type>().values().clone();
            let (customers, orders, amounts) = (column(0), column(1), column(2));
            for row in 0..batch.num_rows() {
                let label = Label { orders: orders[row], amount: Money(amounts[row]) };
                labels.push((CustomerId(customers[row]), label));
            }
            Ok(())
        })?;
        Ok(labels)
    };
    let mut labels = BTreeMap::new();
    history.slices_before(until)?.up_to(sample.last()).each(of_slice, |some| {
        labels.extend(some);
        Ok(())
    })?;
    Ok(labels)
}
