//! Purchase days of customers, as the purchase models count them: all that is bought on one day (UTC) is one purchase; time runs in
//! whole days from the first of them to the last day before the instant, in weeks (definitions of the CDNOW reference).

use std::collections::HashSet;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::{DAY, Timestamp};
use crate::error::Result;
use crate::history::Snapshot;
use crate::ids::CustomerId;
use crate::models::lifetime::{Gaps, Purchases, WEEK_DAYS};
use crate::models::training::lifetime::{Buyer, Judged};
use crate::operations::Workspace;

/// A day on which a customer bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Day {
    customer: i64,
    /// Days since 1970.
    day: i64,
    /// What it brought, in minor units.
    amount: i64,
}

const SQL: &str = "SELECT customer_id, day, sum(amount) AS amount FROM (\
    SELECT customer_id, date_trunc('day', occurred_at) AS day, amount FROM order_item) GROUP BY customer_id, day";

/// Calls `each` with the purchase days before `as_of` of every customer who may be profiled, in the order of customers; collects what it
/// answers.
fn by_customer<T: Send>(
    ws: &Workspace,
    as_of: Timestamp,
    objecting: &HashSet<CustomerId>,
    each: impl Fn(CustomerId, &[Day]) -> Option<T> + Sync,
) -> Result<Vec<T>> {
    let work = |slice: &Snapshot| {
        let mut days = Vec::new();
        slice.stream(SQL, |batch| {
            let [customers, amounts] = [0, 2].map(|column| batch.column(column).as_primitive::<Int64Type>());
            let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            days.extend((0..batch.num_rows()).map(|row| Day {
                customer: customers.value(row),
                day: times.value(row).div_euclid(DAY),
                amount: amounts.value(row),
            }));
            Ok(())
        })?;
        // A slice is in no order that could be relied on.
        days.sort_unstable();
        let of_customers = days.chunk_by(|a, b| a.customer == b.customer);
        let may = of_customers.filter(|days| !objecting.contains(&CustomerId(days[0].customer)));
        Ok(may.filter_map(|days| each(CustomerId(days[0].customer), days)).collect::<Vec<T>>())
    };
    let mut all = Vec::new();
    ws.history().slices_before(as_of)?.each(work, |mut part| {
        all.append(&mut part);
        Ok(())
    })?;
    Ok(all)
}

/// The last whole or begun day before an instant.
fn last_day_before(as_of: Timestamp) -> i64 {
    (as_of.0 - 1).div_euclid(DAY)
}

/// What these days say of a buyer at the end of `last`; all of them are at most that day, and there is one.
fn buyer(customer: CustomerId, days: &[Day], last: i64, minor_units: f64) -> Buyer {
    let (first, latest) = (days[0].day, days[days.len() - 1].day);
    let weeks = |days: i64| days as f64 / WEEK_DAYS;
    let count = (days.len() - 1) as u32;
    let repeat: i64 = days[1..].iter().map(|day| day.amount).sum();
    Buyer {
        customer,
        purchases: Purchases { count, last: weeks(latest - first), age: weeks(last - first) },
        repeat_mean: if count == 0 { 0.0 } else { repeat as f64 / minor_units / f64::from(count) },
        gaps: Gaps {
            count,
            sum: weeks(latest - first),
            ln_sum: days.windows(2).map(|pair| weeks(pair[1].day - pair[0].day).ln()).sum(),
        },
    }
}

/// A buyer, with the days (since 1970) on which he bought.
pub type WithDays = (Buyer, Box<[i32]>);

/// Every buyer as of an instant, in the order of customers.
///
/// # Errors
/// Unavailable, when history does not answer.
pub fn buyers(ws: &Workspace, as_of: Timestamp, objecting: &HashSet<CustomerId>) -> Result<Vec<WithDays>> {
    let (last, minor_units) = (last_day_before(as_of), ws.settings().currency.minor_units() as f64);
    by_customer(ws, as_of, objecting, |customer, days| {
        let dates = days.iter().map(|day| i32::try_from(day.day).unwrap_or(i32::MAX)).collect();
        Some((buyer(customer, days, last, minor_units), dates))
    })
}

/// Every buyer at a cut with what they did until `until`, and every buyer at the end; one reading of history.
///
/// # Errors
/// Unavailable, when history does not answer.
pub fn judged(
    ws: &Workspace,
    [cut, until, end]: [Timestamp; 3],
    objecting: &HashSet<CustomerId>,
) -> Result<(Vec<Judged>, Vec<Buyer>)> {
    let minor_units = ws.settings().currency.minor_units() as f64;
    let [before_cut, before_until, before_end] = [cut, until, end].map(last_day_before);
    let both = by_customer(ws, end, objecting, |customer, days| {
        let at_end = buyer(customer, days, before_end, minor_units);
        let known = days.partition_point(|day| day.day <= before_cut);
        let later = &days[known..days.partition_point(|day| day.day <= before_until)];
        let amount = |day: &Day| day.amount as f64 / minor_units;
        let at_cut = (known > 0).then(|| Judged {
            known: buyer(customer, &days[..known], before_cut, minor_units),
            later: later.len() as u32,
            later_amount: later.iter().map(amount).sum(),
            next: later.first().map(|day| ((day.day - before_cut) as f64, amount(day))),
        });
        Some((at_cut, at_end))
    })?;
    let (judged, buyers): (Vec<Option<Judged>>, Vec<Buyer>) = both.into_iter().unzip();
    Ok((judged.into_iter().flatten().collect(), buyers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_in_the_cdnow_reference() {
        // The first customer of the sample: 1997-01-01, 01-18, 08-02, 12-12; x = 2, t_x = 30.43, T = 38.86 as of October.
        let day = |text: &str| Timestamp::parse(text).unwrap().0 / DAY;
        let days: Vec<Day> = [("1997-01-01", 2933), ("1997-01-18", 2973), ("1997-08-02", 1496)]
            .map(|(at, amount)| Day { customer: 1, day: day(at), amount })
            .to_vec();
        let last = last_day_before(Timestamp::parse("1997-10-01").unwrap());
        assert_eq!(last, day("1997-09-30"));
        let buyer = buyer(CustomerId(1), &days, last, 100.0);
        assert_eq!((buyer.purchases.count, buyer.gaps.count), (2, 2));
        assert!((buyer.purchases.last - 30.428_571).abs() < 1e-5 && (buyer.purchases.age - 38.857_143).abs() < 1e-5);
        assert!((buyer.repeat_mean - 22.345).abs() < 1e-9);
        let gaps = (17.0_f64 / 7.0).ln() + (196.0_f64 / 7.0).ln();
        assert!((buyer.gaps.ln_sum - gaps).abs() < 1e-12);
        // A day that has begun counts.
        assert_eq!(last_day_before(Timestamp::parse("1997-10-01T08:00:00Z").unwrap()), day("1997-10-01"));
    }
}
