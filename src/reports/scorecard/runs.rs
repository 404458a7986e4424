//! What campaigns did to the indicators: in every run, those who might be contacted against those held out.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::windows::Windows;
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CampaignId, CustomerId};
use crate::operations::Workspace;
use crate::operations::measure::measure;
use crate::reports::profit::query::{instant, whole};

/// Sums over one arm of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Arm {
    /// Customers.
    pub n: f64,
    /// Their profit within the conversion window, in minor units.
    pub profit: f64,
    /// Sum of its squares.
    pub profit_squared: f64,
    /// Discounts that they took within it.
    pub discount: f64,
}

/// One run whose conversion window has ended. Contacted comes first, held out second.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Whose run.
    pub campaign: CampaignId,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When its conversion window ended.
    pub over_at: Timestamp,
    /// What its contacts cost.
    pub contact_cost: f64,
    /// The arms.
    pub arms: [Arm; 2],
}

/// The runs, and who was in which of them.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// The runs, in the order of their decisions.
    pub all: Vec<Run>,
    /// For each customer: the run's place, and the arm.
    pub of: HashMap<CustomerId, Vec<(u32, u8)>>,
}

/// Reads every run that lies within some window. Also a run that was stopped counts: what was decided and measured is there.
pub fn runs(ws: &Workspace, windows: &Windows) -> Result<Runs> {
    let begin = windows.cuts.first().copied().unwrap_or(windows.as_of);
    let mut found = ws.store().read(|conn| {
        let mut runs = Vec::new();
        for campaign in campaigns::all(conn)? {
            runs.extend(campaigns::runs(conn, campaign.id)?);
        }
        Ok(runs)
    })?;
    found.retain(|run| run.decided_at >= begin && run.decided_at < windows.as_of);
    found.sort_by_key(|run| (run.decided_at, run.id));
    let mut runs = Runs::default();
    for row in found {
        let measured = measure(ws, row.id)?;
        if measured.window.1 > windows.as_of {
            continue;
        }
        let discounts = discounts(ws, measured.window)?;
        let place = runs.all.len() as u32;
        let mut run = Run {
            campaign: row.campaign_id,
            decided_at: row.decided_at,
            over_at: measured.window.1,
            contact_cost: 0.0,
            arms: [Arm::default(); 2],
        };
        for person in &measured.people {
            let side = usize::from(person.arm.is_holdout());
            let customer = person.decision.customer_id;
            let (arm, profit) = (&mut run.arms[side], person.profit());
            arm.n += 1.0;
            arm.profit += profit;
            arm.profit_squared += profit * profit;
            arm.discount += discounts.get(&customer).copied().unwrap_or(0) as f64;
            run.contact_cost += person.contact_cost as f64;
            runs.of.entry(customer).or_default().push((place, side as u8));
        }
        runs.all.push(run);
    }
    Ok(runs)
}

/// What each customer was let off on orders within a window.
fn discounts(ws: &Workspace, (from, until): (Timestamp, Timestamp)) -> Result<HashMap<CustomerId, i64>> {
    let sql = format!(
        "SELECT customer_id, sum(discount) FROM order_item WHERE discount > 0 AND occurred_at >= {} AND occurred_at < {} \
         GROUP BY customer_id",
        instant(from),
        instant(until)
    );
    let mut discounts = HashMap::new();
    ws.history().snapshot()?.stream(&sql, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        let amounts = whole(&batch, 1);
        discounts.extend((0..batch.num_rows()).map(|row| (CustomerId(customers.value(row)), amounts[row])));
        Ok(())
    })?;
    Ok(discounts)
}
