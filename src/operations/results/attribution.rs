//! What other ways of counting would credit a run with. Credit says who was there, not what was caused: it stands beside the
//! lift, and the two may well disagree.

use std::collections::HashSet;

use serde::Serialize;

use crate::clock::DAY;
use crate::deliveries::outbox::find;
use crate::error::Result;
use crate::ids::DeliveryId;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::credits::{self, Period};
use crate::operations::measure::RunMeasure;
use crate::outcomes::attribution::Model;

/// Deliveries read at once.
const PAGE: i64 = 20_000;

/// What a run is credited with under one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunCredit {
    /// How credit is shared.
    pub model: Model,
    /// Days after a contact in which an order is credited to it.
    pub window_days: u32,
    /// Orders, in parts where they are shared.
    pub orders: f64,
    /// Revenue, in minor units.
    pub revenue: Money,
    /// Margin, in minor units.
    pub margin: Money,
}

/// The credit of a run within its conversion window, among the contacts of all campaigns.
pub fn credits(ws: &Workspace, measured: &RunMeasure) -> Result<Vec<RunCredit>> {
    let own = deliveries(ws, measured)?;
    let window_days = measured.spec.conversion_days;
    let period = Period { from: measured.window.0, until: measured.window.1, window: i64::from(window_days) * DAY };
    let told = credits::read(ws, &period)?;
    let each = [Model::LastTouch, Model::Position].into_iter().map(|model| {
        let mut credit = RunCredit { model, window_days, orders: 0.0, revenue: Money::ZERO, margin: Money::ZERO };
        let mut millionths = 0u64;
        for (delivery, share) in told.shared(model, &period) {
            if own.contains(&delivery) {
                millionths += u64::from(share.millionths);
                credit.revenue = credit.revenue + share.revenue;
                credit.margin = credit.margin + share.margin;
            }
        }
        credit.orders = millionths as f64 / 1e6;
        credit
    });
    Ok(each.collect())
}

fn deliveries(ws: &Workspace, measured: &RunMeasure) -> Result<HashSet<DeliveryId>> {
    ws.store().read(|conn| {
        let (mut all, mut after) = (HashSet::new(), None);
        loop {
            let page = find::of_run(conn, measured.run.id, None, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.id);
            all.extend(page.iter().map(|delivery| delivery.id));
        }
    })
}
