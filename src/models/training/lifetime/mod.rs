//! Trains lifetime value: fits each purchase model on what was known at the cut, lets the one serve that foretold the purchases after it
//! best, and fits that one anew on everything.

mod card;
mod judge;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DataWindow, Fit, Verdict, to_json};
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::models::lifetime::{
    Buying, ContractModel, ContractSeen, Exposed, GammaGamma, Gaps, LifetimeModel, NextKind, PurchaseModel, Purchases,
    Ratio, Rhythm, Spending,
};
use crate::models::spec::{LifetimeSpec, ModelSpec};
use crate::random::mix;

pub use judge::LifetimeMetrics;

/// What was known of a buyer at some instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Buyer {
    /// Who.
    pub customer: CustomerId,
    /// Purchase days, in weeks.
    pub purchases: Purchases,
    /// Mean amount of the repeat purchases, in units of the currency; 0 without any.
    pub repeat_mean: f64,
    /// The gaps between purchases, in weeks.
    pub gaps: Gaps,
}

impl Buyer {
    /// What the repeat purchases say of the customer's amounts.
    pub fn spending(&self) -> Spending {
        Spending { count: self.purchases.count, mean: self.repeat_mean }
    }
}

/// What a buyer known at the cut did after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// What was known at the cut.
    pub known: Buyer,
    /// Purchase days after it.
    pub later: u32,
    /// What they brought, in units of the currency.
    pub later_amount: f64,
    /// The first of these days, counted from the last day before the cut, and what it brought.
    pub next: Option<(f64, f64)>,
}

/// A contract that ran at the cut, and whether it still ran at the end of the days judged.
pub type JudgedContract = (ContractSeen, bool);

/// Everything a lifetime model learns from.
#[derive(Debug, Clone)]
pub struct LifetimeData {
    /// The first purchase or contract.
    pub first: Timestamp,
    /// As of when candidates are fitted.
    pub cut: Timestamp,
    /// The end of the days judged.
    pub until: Timestamp,
    /// The end of history, as of which the chosen model is fitted anew.
    pub end: Timestamp,
    /// Buyers at the cut, and what they did after.
    pub judged: Vec<Judged>,
    /// Buyers at the end.
    pub buyers: Vec<Buyer>,
    /// Margin by revenue, of each customer.
    pub margins: Vec<Exposed>,
    /// Cost to serve by purchase day, of each customer.
    pub costs: Vec<Exposed>,
    /// All contracts as of the cut.
    pub contracts_at_cut: Vec<ContractSeen>,
    /// Those that ran then.
    pub judged_contracts: Vec<JudgedContract>,
    /// All contracts as of the end.
    pub contracts: Vec<ContractSeen>,
    /// Yearly rate for present values.
    pub discount_rate: f64,
    /// Margin on the price of contracts.
    pub contract_margin: f64,
}

/// Parameters as they are kept and shown: what serves, and what was judged.
#[derive(Serialize)]
struct Parameters<'a> {
    /// The purchase model that serves.
    chosen: Option<&'static str>,
    /// As of when what serves was fitted.
    fitted_as_of: Timestamp,
    #[serde(flatten)]
    serving: &'a LifetimeModel,
    calibration: Calibration,
}

/// The fits as of the cut; time in weeks, amounts in units of the currency.
#[derive(Serialize)]
struct Calibration {
    as_of: Timestamp,
    customers: usize,
    #[serde(flatten)]
    purchases: BTreeMap<&'static str, serde_json::Value>,
    gamma_gamma: Option<GammaGamma>,
    rhythm: Option<Rhythm>,
    contracts: Option<ContractModel>,
}

/// The fits as of the cut.
pub(crate) struct Candidates {
    pub purchases: Vec<PurchaseModel>,
    pub value: Option<GammaGamma>,
    pub rhythm: Option<Rhythm>,
    pub contracts: Option<ContractModel>,
}

/// Trains, judges and fits anew.
///
/// # Errors
/// Invalid, with the reason, when neither purchases nor contracts can carry a model.
pub fn train_lifetime(spec: &LifetimeSpec, mut data: LifetimeData) -> Result<Fit> {
    keep_sample(&mut data.judged, spec, |judged| judged.known.customer);
    keep_sample(&mut data.buyers, spec, |buyer| buyer.customer);
    let known: Vec<Buyer> = data.judged.iter().map(|judged| judged.known).collect();
    let repeaters = known.iter().filter(|buyer| buyer.purchases.count > 0).count();
    let candidates = Candidates {
        purchases: if repeaters >= spec.gate.min_repeaters { fit_purchases(spec, &known) } else { Vec::new() },
        value: GammaGamma::fit(&known.iter().map(Buyer::spending).collect::<Vec<_>>()),
        rhythm: Rhythm::fit(&known.iter().map(|buyer| buyer.gaps).collect::<Vec<_>>()),
        contracts: ContractModel::fit(&data.contracts_at_cut),
    };
    if candidates.purchases.is_empty() && candidates.contracts.is_none() {
        return Err(Error::invalid(format!(
            "`{}` is not trained: {repeaters} customers had bought again by {}, at least {} are needed, and hardly any contract had \
             ended; take a longer history or a later cut",
            spec.name, data.cut, spec.gate.min_repeaters
        )));
    }
    let metrics = LifetimeMetrics::of(spec, &data, &candidates);
    let model = serving(spec, &data, &metrics);
    let verdict = Verdict::of(metrics.missed(spec));
    let purchases = candidates.purchases.iter().map(|model| Ok((model.kind().as_str(), inner(model)?)));
    let parameters = Parameters {
        chosen: metrics.chosen.map(|kind| kind.as_str()),
        fitted_as_of: data.end,
        serving: &model,
        calibration: Calibration {
            as_of: data.cut,
            customers: known.len(),
            purchases: purchases.collect::<Result<_>>()?,
            gamma_gamma: candidates.value,
            rhythm: candidates.rhythm,
            contracts: candidates.contracts.clone(),
        },
    };
    Ok(Fit {
        name: spec.name.clone(),
        kind: "lifetime".into(),
        spec_digest: ModelSpec::Lifetime(spec.clone()).digest(),
        window: DataWindow { from: data.first, until: data.end },
        seed: spec.seed,
        horizon_days: Some(spec.horizon_days),
        parameters: to_json(&parameters)?,
        metrics: to_json(&metrics)?,
        card: card::card(spec, &data, &candidates, &model, &metrics, &verdict),
        verdict,
    })
}

/// The parameters of a purchase model without its name.
fn inner(model: &PurchaseModel) -> Result<serde_json::Value> {
    match model {
        PurchaseModel::BgNbd(model) | PurchaseModel::MbgNbd(model) => to_json(model),
        PurchaseModel::ParetoNbd(model) => to_json(model),
    }
}

fn fit_purchases(spec: &LifetimeSpec, known: &[Buyer]) -> Vec<PurchaseModel> {
    let purchases: Vec<Purchases> = known.iter().map(|buyer| buyer.purchases).collect();
    spec.purchases.iter().filter_map(|kind| kind.fit(&purchases)).collect()
}

/// The chosen models, fitted anew on everything.
fn serving(spec: &LifetimeSpec, data: &LifetimeData, metrics: &LifetimeMetrics) -> LifetimeModel {
    let purchases: Vec<Purchases> = data.buyers.iter().map(|buyer| buyer.purchases).collect();
    let spending: Vec<Spending> = data.buyers.iter().map(Buyer::spending).collect();
    let buying = metrics.chosen.and_then(|kind| {
        Some(Buying {
            purchases: kind.fit(&purchases)?,
            value: GammaGamma::fit(&spending)?,
            next: metrics.next_order.as_ref().map_or(NextKind::PurchaseModel, |next| next.chosen),
            rhythm: Rhythm::fit(&data.buyers.iter().map(|buyer| buyer.gaps).collect::<Vec<_>>()),
        })
    });
    LifetimeModel {
        buying,
        contracts: ContractModel::fit(&data.contracts),
        margin: Ratio::fit(&data.margins),
        cost: Ratio::fit(&data.costs),
        contract_margin: data.contract_margin,
        horizon_days: spec.horizon_days,
        value_days: spec.value_days,
        discount_rate: data.discount_rate,
        interval: spec.interval,
    }
}

/// Keeps at most as many as the spec allows, drawn by the hash of seed and customer; their order stays.
fn keep_sample<T>(rows: &mut Vec<T>, spec: &LifetimeSpec, customer: impl Fn(&T) -> CustomerId) {
    if rows.len() <= spec.sample {
        return;
    }
    let key = |row: &T| mix(customer(row).0.cast_unsigned() ^ mix(spec.seed));
    let mut keys: Vec<u64> = rows.iter().map(key).collect();
    let (_, &mut last, _) = keys.select_nth_unstable(spec.sample - 1);
    rows.retain(|row| key(row) <= last);
}

/// Days from the cut to the end of what is judged.
fn holdout_days(data: &LifetimeData) -> f64 {
    (data.until.0 - data.cut.0) as f64 / DAY as f64
}
