//! When in the week customers are active: what the choice of a send time learns from.

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};

use super::catalogue::Catalogue;
use super::matrix;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::history::{History, Snapshot};
use crate::ids::CustomerId;
use crate::settings::Settings;

/// Hours of a week: 0 from Monday 00 o'clock UTC, 167 on Sunday from 23 o'clock.
pub const HOURS_OF_WEEK: usize = 168;

/// How often one customer was active in each hour of the week: orders, answers and contacts that they began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveHours {
    /// Who.
    pub customer: CustomerId,
    /// Times in each hour of the week.
    pub times: [u32; HOURS_OF_WEEK],
}

/// Hands over the histogram of every customer who was active before an instant, in the order of customers.
///
/// # Errors
/// Unavailable, when history does not answer; and whatever `take` answers.
pub fn active_hours(
    history: &History,
    as_of: Timestamp,
    catalogue: &Catalogue,
    settings: &Settings,
    mut take: impl FnMut(ActiveHours) -> Result<()>,
) -> Result<()> {
    const SQL: &str = "SELECT customer_id, hour_of_week, times FROM active_hours ORDER BY customer_id";
    let views = matrix::bound_views(catalogue, [SQL], as_of, settings);
    let of_slice = |slice: &Snapshot| {
        matrix::hold(slice, &views)?;
        // Few hours of most customers are not 0: the rows wait in the long form.
        let mut rows: Vec<(i64, i64, i64)> = Vec::new();
        slice.stream(SQL, |batch| {
            let column = |at: usize| arrow::compute::cast(batch.column(at), &DataType::Int64).expect("whole numbers");
            let columns = [column(0), column(1), column(2)];
            let [customers, hours, times] = columns.each_ref().map(|c| c.as_primitive::<Int64Type>().values());
            rows.extend((0..batch.num_rows()).map(|row| (customers[row], hours[row], times[row])));
            Ok(())
        })?;
        Ok(rows)
    };
    history.slices_before(as_of)?.each(of_slice, |rows| {
        for of_one in rows.chunk_by(|a, b| a.0 == b.0) {
            let mut times = [0; HOURS_OF_WEEK];
            for &(_, hour, count) in of_one {
                times[hour as usize] = count as u32;
            }
            take(ActiveHours { customer: CustomerId(of_one[0].0), times })?;
        }
        Ok(())
    })
}
