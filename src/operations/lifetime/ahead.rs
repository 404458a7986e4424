//! What each client will bring in each of the years to come, by the lifetime model: the present value of the year, the revenue in it, and what
//! serving costs. What-if questions shift these.

use rayon::prelude::*;

use super::score::{Known, clients};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::models::lifetime::worth::Scratch;
use crate::models::lifetime::{Client, LifetimeModel, Ratio, Valuer};
use crate::models::registry;
use crate::operations::Workspace;
use crate::operations::totals::totals;

/// Years looked ahead.
pub const YEARS: usize = 3;
/// Clients who are valued at most; of more, every second or third and so on, each standing for as many.
const MOST: usize = 200_000;

/// One client's years, in units of the currency, in present money.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Years {
    /// Margins less cost to serve.
    pub value: [f64; YEARS],
    /// Revenue.
    pub revenue: [f64; YEARS],
    /// Cost to serve.
    pub cost: [f64; YEARS],
}

/// All clients whom the model values.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    /// In the order of their ids.
    pub clients: Vec<(CustomerId, Years)>,
    /// For how many clients each stands.
    pub each: f64,
    /// The yearly rate of the present values.
    pub discount_rate: f64,
}

/// Values everybody year by year; none without a model that serves.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn ahead(ws: &Workspace, now: Timestamp) -> Result<Option<Ahead>> {
    let Some(version) = ws.store().read(|conn| registry::champion(conn, "lifetime"))? else { return Ok(None) };
    let model: LifetimeModel = version.fit.parameters()?;
    let known = Known::read(ws, now)?;
    let totals = totals(&ws.history().snapshot_before(now)?, ws.settings())?;
    let (ids, all) = clients(ws, &model, &known, &totals, now);
    let step = ids.len().div_ceil(MOST).max(1);
    let chosen: Vec<usize> = (0..ids.len()).step_by(step).collect();
    let some: Vec<Client> = chosen.iter().map(|&at| all[at].clone()).collect();
    let mut years = vec![Years::default(); some.len()];
    let nothing = |ratio: f64| Ratio { whole: ratio, half: None };
    for year in 0..YEARS {
        let until = LifetimeModel { value_days: 365 * (year as u32 + 1), ..model.clone() };
        let revenue = LifetimeModel { margin: nothing(1.0), cost: nothing(0.0), contract_margin: 1.0, ..until.clone() };
        let cost = LifetimeModel { margin: nothing(0.0), contract_margin: 0.0, ..until.clone() };
        for (which, model) in [&until, &revenue, &cost].into_iter().enumerate() {
            for (years, sum) in years.iter_mut().zip(values(model, &some)) {
                let of = [&mut years.value, &mut years.revenue, &mut years.cost];
                let sum = if which == 2 { -sum } else { sum };
                of.into_iter().nth(which).expect("three of them")[year] = sum;
            }
        }
    }
    // So far each year holds all until its end.
    for years in &mut years {
        for of in [&mut years.value, &mut years.revenue, &mut years.cost] {
            for year in (1..YEARS).rev() {
                of[year] -= of[year - 1];
            }
        }
    }
    let clients = chosen.into_iter().map(|at| ids[at]).zip(years).collect();
    Ok(Some(Ahead { clients, each: ids.len() as f64 / some.len().max(1) as f64, discount_rate: model.discount_rate }))
}

fn values(model: &LifetimeModel, clients: &[Client]) -> Vec<f64> {
    let valuer = Valuer::new(model, clients);
    let each =
        clients.par_iter().map_init(Scratch::default, |scratch, client| valuer.worth(client, scratch).value.expected);
    each.collect()
}
