//! What became of everybody in a run: arm, contact, and what they bought within the window; the raw material of results and of
//! learning. The window is the same for all arms, so that nothing but the treatment tells them apart.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};

use crate::campaigns::CampaignSpec;
use crate::campaigns::store::{self, CampaignRun};
use crate::clock::{DAY, Timestamp};
use crate::decisions::Arm;
use crate::decisions::store::{self as decisions, DecisionRow};
use crate::deliveries::outbox::find;
use crate::deliveries::{Delivery, State};
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId};
use crate::operations::Workspace;
use crate::storage::Connection;

/// Days before the decision whose margin is the covariate of CUPED.
const PRE_DAYS: i64 = 90;
/// Rows read at once.
const PAGE: i64 = 5_000;

/// What became of one customer in a run.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The decision; its first contact where there are several.
    pub decision: DecisionRow,
    /// The arm.
    pub arm: Arm,
    /// Contacts that were made.
    pub contacts: usize,
    /// Contacts that were decided but not made (suppressed, failed, held, open, cancelled).
    pub missed: usize,
    /// What the contacts made cost, in minor units.
    pub contact_cost: i64,
    /// Orders within the window.
    pub orders: i64,
    /// Revenue within the window, in minor units.
    pub revenue: i64,
    /// Margin within the window, in minor units.
    pub margin: f64,
    /// Margin of the 90 days before the decision, in minor units.
    pub before: f64,
}

impl Measured {
    /// Margin less contacts, in minor units. Discounts are in the margin: an order's amount is what was paid.
    pub fn profit(&self) -> f64 {
        self.margin - self.contact_cost as f64
    }

    /// Whether the decision wanted a contact, in the holdout in shadow.
    pub fn would_be_contacted(&self) -> bool {
        self.decision.offer_id.is_some()
    }
}

/// A run with everybody in it.
pub struct RunMeasure {
    /// The run.
    pub run: CampaignRun,
    /// The definition it was decided with.
    pub spec: CampaignSpec,
    /// Everybody, in the order of their ids.
    pub people: Vec<Measured>,
    /// `[from, until)`: orders in it count.
    pub window: (Timestamp, Timestamp),
}

impl RunMeasure {
    /// Whether the window has ended.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.window.1 <= now
    }
}

/// The window of a run: from the decision to the end of the conversion window of the latest contact it could make.
pub fn window_of(run: &CampaignRun, spec: &CampaignSpec) -> (Timestamp, Timestamp) {
    (run.decided_at, spec.window_end(run.decided_at.plus(DAY)))
}

/// Reads a run.
///
/// # Errors
/// Not found; unavailable, when store or history do not answer.
pub fn measure(ws: &Workspace, run: CampaignRunId) -> Result<RunMeasure> {
    let (run, spec, rows, deliveries) = ws.store().read(|conn| {
        let run = store::run(conn, run)?;
        let spec = store::version(conn, run.campaign_id, run.version)?.spec;
        let rows = first_rows(conn, run.id)?;
        let deliveries = contacts(conn, run.id)?;
        Ok((run, spec, rows, deliveries))
    })?;
    let window = window_of(&run, &spec);
    let bought = purchases(ws, window.0, window.1)?;
    let before = purchases(ws, window.0.plus(-PRE_DAYS * DAY), window.0)?;
    let people = rows
        .into_iter()
        .map(|decision| {
            let customer = decision.customer_id;
            let made = deliveries.get(&customer).copied().unwrap_or_default();
            let inside = bought.get(&customer).copied().unwrap_or_default();
            Measured {
                arm: decision.arm().unwrap_or(Arm::Treated),
                contacts: made.made,
                missed: made.missed,
                contact_cost: made.cost,
                orders: inside.orders,
                revenue: inside.revenue,
                margin: inside.margin,
                before: before.get(&customer).map_or(0.0, |purchase| purchase.margin),
                decision,
            }
        })
        .collect();
    Ok(RunMeasure { run, spec, people, window })
}

/// The first row of each customer's decision.
fn first_rows(conn: &mut Connection, run: CampaignRunId) -> Result<Vec<DecisionRow>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = decisions::of_run(conn, run, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some((last.customer_id, last.ordinal));
        rows.extend(page.into_iter().filter(|row| row.ordinal == 0));
    }
}

#[derive(Default, Clone, Copy)]
struct Contacts {
    made: usize,
    missed: usize,
    cost: i64,
}

fn contacts(conn: &mut Connection, run: CampaignRunId) -> Result<HashMap<CustomerId, Contacts>> {
    let mut contacts: HashMap<CustomerId, Contacts> = HashMap::new();
    let mut after = None;
    loop {
        let page: Vec<Delivery> = find::of_run(conn, run, None, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(contacts) };
        after = Some(last.id);
        for delivery in page {
            let entry = contacts.entry(delivery.customer_id).or_default();
            if delivery.state == State::Sent {
                entry.made += 1;
                entry.cost += delivery.cost.0;
            } else {
                entry.missed += 1;
            }
        }
    }
}

#[derive(Default, Clone, Copy)]
struct Purchase {
    orders: i64,
    revenue: i64,
    margin: f64,
}

/// What each customer bought in `[from, until)`, returns taken off.
fn purchases(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<HashMap<CustomerId, Purchase>> {
    let margin = ws.settings().margin;
    let instant = |at: Timestamp| format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", at.0);
    let inside = format!("occurred_at >= {} AND occurred_at < {}", instant(from), instant(until));
    let worth = format!("CASE WHEN cost IS NULL THEN amount * {margin:?} ELSE CAST(amount - cost AS DOUBLE) END");
    let sql = format!(
        "SELECT customer_id, sum(bought), sum(amount), sum(margin) FROM (\
         SELECT customer_id, max(bought) AS bought, sum(amount) AS amount, sum(margin) AS margin FROM (\
         SELECT customer_id, order_key, 1 AS bought, amount, {worth} AS margin FROM order_item WHERE {inside} UNION ALL \
         SELECT customer_id, NULL, 0, -amount, -({worth}) FROM return_item WHERE {inside}) \
         GROUP BY customer_id, order_key) GROUP BY customer_id"
    );
    let mut purchases = HashMap::new();
    ws.history().snapshot()?.stream(&sql, |batch| {
        let [customers, orders, revenue] = [0, 1, 2].map(|column| batch.column(column).as_primitive::<Int64Type>());
        let margins = batch.column(3).as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let purchase =
                Purchase { orders: orders.value(row), revenue: revenue.value(row), margin: margins.value(row) };
            purchases.insert(CustomerId(customers.value(row)), purchase);
        }
        Ok(())
    })?;
    Ok(purchases)
}
