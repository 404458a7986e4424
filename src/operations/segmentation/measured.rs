//! What history says of the clients of a segment: what winning them cost, what they bring and what keeping them costs a year, and how
//! many of them go on buying.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::clock::{DAY, Timestamp};
use crate::customers::bulk;
use crate::error::{Kind, Result};
use crate::features::{FeatureMatrix, matrix};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::score::PROFIT;
use crate::segments::Measured;

/// The feature that says what contacts of the company's own making cost: what is spent on keeping clients.
const CONTACTS: &str = "cost_contacts";
/// Days of a year.
const YEAR: f64 = 365.25;
/// A client of a few days has not had time to be measured by the year.
const FEWEST_DAYS: f64 = 30.0;
/// Shorter than this, in days, a window says nothing of a year.
const SHORTEST_WINDOW: f64 = 60.0;

/// Figures of all customers, from which those of segments are taken.
pub struct History {
    contacts: Option<FeatureMatrix>,
    acquisition: HashMap<CustomerId, Money>,
    /// Of those who bought in the window before the last one whether they bought in the last one too.
    stayed: HashMap<CustomerId, bool>,
    window_days: f64,
    minor_units: f64,
}

impl History {
    /// Reads the figures as of `now`.
    ///
    /// # Errors
    /// Those of store and history.
    pub fn read(ws: &Workspace, now: Timestamp) -> Result<History> {
        let contacts = match matrix(ws.history(), now, ws.features(), &[CONTACTS], ws.settings()) {
            Ok(found) => Some(found),
            // A company may have taken the family out of its catalogue.
            Err(error) if error.kind() == Kind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (window_days, stayed) = stayed(ws, now)?;
        Ok(History {
            contacts,
            acquisition: ws.store().read(bulk::acquisition_costs)?,
            stayed,
            window_days,
            minor_units: ws.settings().currency.minor_units() as f64,
        })
    }

    /// The figures of each segment.
    pub fn of_segments(&self, known: &FeatureMatrix, membership: &[Option<usize>], count: usize) -> Vec<Measured> {
        let mut sums = vec![Sums::default(); count];
        let (profit, tenure) = (known.column(PROFIT), known.column("tenure"));
        for (row, (&customer, segment)) in known.customers.iter().zip(membership).enumerate() {
            let Some(segment) = *segment else { continue };
            let sums = &mut sums[segment];
            if let Some(cost) = self.acquisition.get(&customer) {
                sums.won.0 += cost.0 as f64 / self.minor_units;
                sums.won.1 += 1.0;
            }
            if let Some(&stayed) = self.stayed.get(&customer) {
                sums.stayed.0 += f64::from(u8::from(stayed));
                sums.stayed.1 += 1.0;
            }
            let days = tenure.map_or(f64::NAN, |tenure| tenure[row]);
            let profit = profit.map_or(f64::NAN, |profit| profit[row]);
            if days.is_finite() && profit.is_finite() {
                sums.clients += 1.0;
                sums.years += days.max(FEWEST_DAYS) / YEAR;
                sums.profit += profit;
                sums.contacts += self.contacts.as_ref().and_then(|of| of.row(customer)).map_or(0.0, |cost| cost[0]);
            }
        }
        sums.iter().map(|sums| self.measured(sums)).collect()
    }

    fn measured(&self, sums: &Sums) -> Measured {
        let mean = |(sum, count): (f64, f64)| (count > 0.0).then(|| sum / count);
        let a_year = |sum: f64| (sums.years > 0.0).then(|| sum / sums.years);
        let keeping = self.contacts.as_ref().and_then(|_| a_year(sums.contacts));
        // Of a window shorter or longer than a year the share is brought to a year: each stretch loses alike.
        let long_enough = self.window_days >= SHORTEST_WINDOW;
        let retention = mean(sums.stayed).filter(|_| long_enough).map(|share| share.powf(YEAR / self.window_days));
        Measured {
            clients: sums.clients,
            acquisition_cost: mean(sums.won),
            margin: keeping.and(a_year(sums.profit + sums.contacts)),
            retention_cost: keeping,
            retention,
        }
    }
}

/// Sums over the clients of a segment; pairs are a sum and a count.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    clients: f64,
    years: f64,
    profit: f64,
    contacts: f64,
    won: (f64, f64),
    stayed: (f64, f64),
}

/// The length of the last window in days, and who of those who bought in the one before it bought in it: a year each, or half of a
/// shorter history.
fn stayed(ws: &Workspace, now: Timestamp) -> Result<(f64, HashMap<CustomerId, bool>)> {
    let snapshot = ws.history().snapshot_before(now)?;
    let mut first = None;
    snapshot.stream("SELECT min(occurred_at) FROM order_item", |batch| {
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        first = (batch.num_rows() > 0 && times.is_valid(0)).then(|| times.value(0)).or(first);
        Ok(())
    })?;
    let Some(first) = first else { return Ok((0.0, HashMap::new())) };
    let window = ((now.0 - first) / 2).min((YEAR * DAY as f64) as i64).max(1);
    let at = |instant: i64| format!("arrow_cast({instant}, 'Timestamp(Microsecond, Some(\"UTC\"))')");
    let sql = format!(
        "SELECT customer_id, max(CASE WHEN occurred_at < {1} THEN 1 ELSE 0 END) AS before, \
         max(CASE WHEN occurred_at >= {1} THEN 1 ELSE 0 END) AS after \
         FROM order_item WHERE occurred_at >= {0} GROUP BY customer_id",
        at(now.0 - 2 * window),
        at(now.0 - window)
    );
    let mut stayed = HashMap::new();
    snapshot.stream(&sql, |batch| {
        let [customers, before, after] = [0, 1, 2].map(|column| batch.column(column).as_primitive::<Int64Type>());
        for row in (0..batch.num_rows()).filter(|&row| before.value(row) > 0) {
            stayed.insert(CustomerId(customers.value(row)), after.value(row) > 0);
        }
        Ok(())
    })?;
    Ok((window as f64 / DAY as f64, stayed))
}
