//! Trains the lifetime model on history.

use std::collections::HashSet;

use super::contracts::Contracts;
use super::purchases;
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::models::Fit;
use crate::models::lifetime::Exposed;
use crate::models::spec::LifetimeSpec;
use crate::models::training::lifetime::{Buyer, LifetimeData};
use crate::models::training::train_lifetime;
use crate::operations::totals::{ByCustomer, totals};
use crate::operations::{Workspace, train};
use crate::settings::Settings;

/// Fits the model on all of history, judged on its later days.
///
/// # Errors
/// Invalid, with the reason, when history cannot carry the model.
pub fn fit(ws: &Workspace, spec: &LifetimeSpec) -> Result<Fit> {
    let now = ws.now();
    let objecting: HashSet<CustomerId> = ws.store().read(customers::objecting)?.into_iter().collect();
    let contracts = Contracts::read(ws, now, &objecting)?;
    let spans = [train::span(ws)?, contracts.span()];
    let (first, last) = spans
        .into_iter()
        .flatten()
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .ok_or_else(|| Error::invalid("there are no orders and no contracts yet; import some first"))?;
    let last = last.min(now);
    let (cut, until) = spec.split.cut(first, last, spec.horizon_days)?;
    let end = Timestamp((last.0.div_euclid(crate::clock::DAY) + 1) * crate::clock::DAY);
    let (judged, buyers) = purchases::judged(ws, [cut, until, end], &objecting)?;
    let totals = totals(&ws.history().snapshot_before(now)?, ws.settings())?;
    let (margins, costs) = ratios(&buyers, &totals, ws.settings());
    let minor_units = ws.settings().currency.minor_units() as f64;
    let at_cut = contracts.seen(cut, until, minor_units);
    let running = at_cut.iter().filter(|(_, seen, _)| !seen.ended);
    let data = LifetimeData {
        first,
        cut,
        until,
        end,
        judged,
        buyers,
        margins,
        costs,
        judged_contracts: running.map(|(_, seen, runs)| (*seen, *runs)).collect(),
        contracts_at_cut: at_cut.iter().map(|(_, seen, _)| *seen).collect(),
        contracts: contracts.seen(end, end, minor_units).into_iter().map(|(_, seen, _)| seen).collect(),
        discount_rate: spec.discount_rate.unwrap_or(ws.settings().discount_rate),
        contract_margin: ws.settings().margin,
    };
    train_lifetime(spec, data)
}

/// Margin by revenue and cost to serve by purchase day, of each buyer.
fn ratios(buyers: &[Buyer], totals: &ByCustomer, settings: &Settings) -> (Vec<Exposed>, Vec<Exposed>) {
    let units = |money: crate::money::Money| money.to_units(settings.currency);
    let known = buyers.iter().filter_map(|buyer| Some((buyer, totals.get(&buyer.customer)?)));
    let both = known.map(|(buyer, total)| {
        let (margin, cost) = (units(total.profit + total.cost_to_serve), units(total.cost_to_serve));
        (
            Exposed { amount: margin, exposure: units(total.revenue) },
            Exposed { amount: cost, exposure: f64::from(buyer.purchases.count) + 1.0 },
        )
    });
    both.unzip()
}
