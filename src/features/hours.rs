//! When in the week customers are active: what the choice of a send time learns from.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};

use super::catalogue::Catalogue;
use super::matrix;
use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::history::{History, Snapshot};
use crate::ids::CustomerId;
use crate::settings::Settings;

/// Activity that is older says little of when somebody is to be met now.
const WINDOW: i64 = 730 * DAY;

/// Hands over every customer who was active within two years before an instant, in the order of customers, with the instants of
/// their orders, answers and contacts that they began.
///
/// # Errors
/// Unavailable, when history does not answer; and whatever `take` answers.
pub fn active_times(
    history: &History,
    as_of: Timestamp,
    catalogue: &Catalogue,
    settings: &Settings,
    mut take: impl FnMut(CustomerId, &[Timestamp]) -> Result<()>,
) -> Result<()> {
    // The moments of the view `active_hours`, each by itself: in which hour of the week one falls depends on where they live.
    let since = format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", as_of.plus(-WINDOW).0);
    let sql = format!(
        "SELECT customer_id, moment FROM (SELECT customer_id, began AS moment FROM orders WHERE began >= {since} UNION ALL \
         SELECT customer_id, occurred_at AS moment FROM interaction WHERE occurred_at >= {since} AND \
         (direction = 'in' OR outcome IN ('opened', 'clicked', 'answered'))) ORDER BY customer_id"
    );
    let views = matrix::bound_views(catalogue, [sql.as_str()], as_of, settings);
    let of_slice = |slice: &Snapshot| {
        matrix::hold(slice, &views)?;
        let mut rows: Vec<(i64, Timestamp)> = Vec::new();
        slice.stream(&sql, |batch| {
            let column = |at: usize| arrow::compute::cast(batch.column(at), &DataType::Int64).expect("whole numbers");
            let columns = [column(0), column(1)];
            let [customers, times] = columns.each_ref().map(|c| c.as_primitive::<Int64Type>().values());
            rows.extend(customers.iter().zip(times).map(|(&customer, &at)| (customer, Timestamp(at))));
            Ok(())
        })?;
        Ok(rows)
    };
    history.slices_before(as_of)?.each(of_slice, |rows| {
        let mut times = Vec::new();
        for of_one in rows.chunk_by(|a, b| a.0 == b.0) {
            times.clear();
            times.extend(of_one.iter().map(|(_, at)| *at));
            take(CustomerId(of_one[0].0), &times)?;
        }
        Ok(())
    })
}
