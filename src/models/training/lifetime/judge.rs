//! How well each candidate foretold what happened after the cut.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::{Candidates, Judged, LifetimeData, holdout_days};
use crate::models::evaluation;
use crate::models::lifetime::worth::Scratch;
use crate::models::lifetime::{
    Buying, Client, LifetimeModel, NextKind, NextPurchase, PurchaseKind, PurchaseModel, Ratio, Valuer, WEEK_DAYS,
};
use crate::models::spec::LifetimeSpec;

/// How well purchases were foretold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PurchaseMetrics {
    /// Mean absolute error of the number of purchase days, by customer.
    pub mae: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Area under the ROC curve of who buys at all, ranked by expected purchases; none when all do or nobody does.
    pub auc: Option<f64>,
    /// Sum of what was expected.
    pub predicted: f64,
    /// Sum of what happened.
    pub actual: f64,
    /// Log-likelihood of what was known at the cut, time in weeks.
    pub log_likelihood: f64,
    /// The parameters behind it.
    pub parameters: BTreeMap<&'static str, f64>,
}

/// How well revenue was foretold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ValueMetrics {
    /// Mean absolute error of the revenue, by customer, in units of the currency.
    pub mae: f64,
    /// Sum of what was expected.
    pub predicted: f64,
    /// Sum of what happened.
    pub actual: f64,
    /// Share of customers whose revenue lay within the interval.
    pub coverage: f64,
    /// The same among those whose interval does not begin at nothing; none without any.
    pub coverage_of_active: Option<f64>,
    /// How many those are.
    pub active: usize,
    /// Share that the interval promises.
    pub promised: f64,
}

/// How well the date of the next order was foretold, among those who bought on the days judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DateMetrics {
    /// Mean absolute error of the median, in days.
    pub mae_days: f64,
    /// Share of the dates within the interval.
    pub coverage: f64,
}

/// The next order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NextMetrics {
    /// What dates are foretold by: the smaller error in days.
    pub chosen: NextKind,
    /// Customers who bought on the days judged.
    pub buyers: usize,
    /// By the purchase model.
    pub purchase_model: DateMetrics,
    /// By the customer's own rhythm; none where nobody had bought again.
    pub rhythm: Option<DateMetrics>,
    /// Mean absolute error of the amount of the next order, in units of the currency.
    pub amount_mae: f64,
    /// The same when everybody is given the mean of all.
    pub amount_mae_of_mean: f64,
}

/// Contracts that ran at the cut.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ContractMetrics {
    /// How many.
    pub contracts: usize,
    /// How many were expected to run on to the end of the days judged.
    pub predicted: f64,
    /// How many did.
    pub actual: f64,
}

/// All figures on later data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifetimeMetrics {
    /// The purchase model that serves; none where there are contracts only.
    pub chosen: Option<PurchaseKind>,
    /// Why it does.
    pub why: String,
    /// Customers judged.
    pub customers: usize,
    /// Days judged.
    pub holdout_days: f64,
    /// The figures of the chosen model.
    #[serde(flatten)]
    pub best: Option<PurchaseMetrics>,
    /// Those of each candidate.
    pub candidates: BTreeMap<&'static str, PurchaseMetrics>,
    /// Mean absolute error when everybody is expected to go on at their own rate so far.
    pub mae_of_own_rate: f64,
    /// Mean absolute error when nobody is expected to buy.
    pub mae_of_zero: f64,
    /// Revenue.
    pub value: Option<ValueMetrics>,
    /// The next order.
    pub next_order: Option<NextMetrics>,
    /// Contracts.
    pub contracts: Option<ContractMetrics>,
}

impl LifetimeMetrics {
    /// Judges the candidates, and chooses the one with the smallest mean absolute error.
    pub(super) fn of(spec: &LifetimeSpec, data: &LifetimeData, candidates: &Candidates) -> LifetimeMetrics {
        let weeks = holdout_days(data) / WEEK_DAYS;
        let judged = &data.judged;
        let mut by_kind = BTreeMap::new();
        let mut chosen: Option<(PurchaseModel, PurchaseMetrics)> = None;
        for model in &candidates.purchases {
            let metrics = purchases(model, judged, weeks);
            if chosen.as_ref().is_none_or(|(_, best)| metrics.mae < best.mae) {
                chosen = Some((*model, metrics.clone()));
            }
            by_kind.insert(model.kind().as_str(), metrics);
        }
        let mean = |error: &(dyn Fn(&Judged) -> f64 + Sync)| {
            judged.iter().map(error).sum::<f64>() / judged.len().max(1) as f64
        };
        let own_rate = |of: &Judged| {
            let rate = f64::from(of.known.purchases.count) / of.known.purchases.age.max(1.0 / WEEK_DAYS);
            (rate * weeks - f64::from(of.later)).abs()
        };
        let why = chosen.as_ref().map_or_else(
            || "contracts only: too few customers had bought again".to_owned(),
            |(model, best)| why(model.kind(), best, &by_kind),
        );
        let model = chosen.as_ref().map(|(model, _)| *model);
        LifetimeMetrics {
            chosen: model.map(|model| model.kind()),
            why,
            customers: judged.len(),
            holdout_days: holdout_days(data),
            mae_of_own_rate: mean(&own_rate),
            mae_of_zero: mean(&|of| f64::from(of.later)),
            value: model.and_then(|model| value(spec, candidates, model, judged, holdout_days(data))),
            next_order: model.and_then(|model| next_order(spec, candidates, model, judged, weeks)),
            contracts: contracts(data, candidates),
            best: chosen.map(|(_, best)| best),
            candidates: by_kind,
        }
    }

    /// What the gate asks for and was not reached.
    pub(super) fn missed(&self, spec: &LifetimeSpec) -> Vec<String> {
        let mut missed = Vec::new();
        let gate = spec.gate;
        let mut bias = |what: &str, predicted: f64, actual: f64| {
            let away = (predicted - actual).abs() / actual.max(1.0);
            if away > gate.max_bias {
                missed.push(format!(
                    "{predicted:.0} {what} were foretold and {actual:.0} came: more than {:.0} % apart",
                    gate.max_bias * 100.0
                ));
            }
        };
        if let Some(best) = &self.best {
            bias("purchases", best.predicted, best.actual);
        } else if let Some(contracts) = &self.contracts {
            bias("contracts", contracts.predicted, contracts.actual);
        }
        if let Some(auc) = self.best.as_ref().and_then(|best| best.auc)
            && auc < gate.min_auc
        {
            missed.push(format!("AUC {auc:.4} is below {}", gate.min_auc));
        }
        missed
    }
}

fn why(kind: PurchaseKind, best: &PurchaseMetrics, all: &BTreeMap<&'static str, PurchaseMetrics>) -> String {
    let others = all.iter().filter(|(name, _)| **name != kind.as_str());
    let others: Vec<String> = others.map(|(name, metrics)| format!("{name} {:.4}", metrics.mae)).collect();
    let others = if others.is_empty() { "no challenger".to_owned() } else { others.join(", ") };
    format!("{} has the smallest mean absolute error on later purchases: {:.4} ({others})", kind.as_str(), best.mae)
}

fn purchases(model: &PurchaseModel, judged: &[Judged], weeks: f64) -> PurchaseMetrics {
    let expected: Vec<f64> = judged.par_iter().map(|of| model.expected(of.known.purchases, weeks)).collect();
    let errors = || expected.iter().zip(judged).map(|(expected, of)| expected - f64::from(of.later));
    let n = judged.len().max(1) as f64;
    let bought: Vec<bool> = judged.iter().map(|of| of.later > 0).collect();
    PurchaseMetrics {
        mae: errors().map(f64::abs).sum::<f64>() / n,
        rmse: (errors().map(|error| error * error).sum::<f64>() / n).sqrt(),
        auc: evaluation::auc(&bought, &expected),
        predicted: expected.iter().sum(),
        actual: judged.iter().map(|of| f64::from(of.later)).sum(),
        log_likelihood: model.log_likelihood(),
        parameters: model.parameters().into_iter().collect(),
    }
}

/// The model as it would have served at the cut.
fn as_of_cut(spec: &LifetimeSpec, candidates: &Candidates, purchases: PurchaseModel) -> Option<LifetimeModel> {
    Some(LifetimeModel {
        buying: Some(Buying { purchases, value: candidates.value?, next: NextKind::PurchaseModel, rhythm: None }),
        contracts: None,
        margin: Ratio { whole: 1.0, half: None },
        cost: Ratio { whole: 0.0, half: None },
        contract_margin: 1.0,
        horizon_days: spec.horizon_days,
        value_days: spec.value_days,
        discount_rate: 0.0,
        interval: spec.interval,
    })
}

fn value(
    spec: &LifetimeSpec,
    candidates: &Candidates,
    purchases: PurchaseModel,
    judged: &[Judged],
    days: f64,
) -> Option<ValueMetrics> {
    let model = as_of_cut(spec, candidates, purchases)?;
    let client = |of: &Judged| Client {
        purchases: Some(of.known.purchases),
        repeat_mean: of.known.repeat_mean,
        ..Client::default()
    };
    let valuer = Valuer::new(&model, &[]);
    let ranges: Vec<_> = judged
        .par_iter()
        .map_init(Scratch::default, |scratch, of| valuer.revenue(&client(of), days, scratch))
        .collect();
    let n = judged.len().max(1) as f64;
    let both = || ranges.iter().zip(judged);
    // Amounts are whole minor units, intervals are not.
    let held = |range: &crate::models::lifetime::Range, of: &Judged| {
        range.low - 0.005 <= of.later_amount && of.later_amount <= range.high + 0.005
    };
    let active = both().filter(|(range, _)| range.low > 0.0).count();
    let held_active = both().filter(|(range, of)| range.low > 0.0 && held(range, of)).count();
    Some(ValueMetrics {
        mae: both().map(|(range, of)| (range.expected - of.later_amount).abs()).sum::<f64>() / n,
        predicted: ranges.iter().map(|range| range.expected).sum(),
        actual: judged.iter().map(|of| of.later_amount).sum(),
        coverage: both().filter(|(range, of)| held(range, of)).count() as f64 / n,
        coverage_of_active: (active > 0).then(|| held_active as f64 / active as f64),
        active,
        promised: spec.interval,
    })
}

fn next_order(
    spec: &LifetimeSpec,
    candidates: &Candidates,
    purchases: PurchaseModel,
    judged: &[Judged],
    weeks: f64,
) -> Option<NextMetrics> {
    let bought: Vec<(&Judged, f64, f64)> =
        judged.iter().filter_map(|of| of.next.map(|(days, sum)| (of, days, sum))).collect();
    if bought.is_empty() {
        return None;
    }
    let dates = |kind: NextKind| {
        let known = bought.iter().map(|(of, ..)| &of.known.purchases);
        let next = NextPurchase::new(kind, purchases, candidates.rhythm, known);
        dates(&next, &bought, weeks, spec.interval)
    };
    let purchase_model = dates(NextKind::PurchaseModel);
    let rhythm = candidates.rhythm.map(|_| dates(NextKind::Rhythm));
    let better = rhythm.is_some_and(|rhythm| rhythm.mae_days < purchase_model.mae_days);
    let n = bought.len() as f64;
    let of_all = candidates.value.map_or(0.0, |value| value.mean());
    let amount = |of: &Judged| candidates.value.map_or(0.0, |value| value.expected(of.known.spending()));
    Some(NextMetrics {
        chosen: if better { NextKind::Rhythm } else { NextKind::PurchaseModel },
        buyers: bought.len(),
        purchase_model,
        rhythm,
        amount_mae: bought.iter().map(|(of, _, sum)| (amount(of) - sum).abs()).sum::<f64>() / n,
        amount_mae_of_mean: bought.iter().map(|(_, _, sum)| (of_all - sum).abs()).sum::<f64>() / n,
    })
}

fn dates(next: &NextPurchase, bought: &[(&Judged, f64, f64)], weeks: f64, interval: f64) -> DateMetrics {
    let aside = 0.5 * (1.0 - interval);
    let (mut error, mut held) = (0.0, 0.0);
    for (of, days, _) in bought {
        let times = next.quantiles(of.known.purchases, weeks, [aside, 0.5, 1.0 - aside]);
        let [low, median, high] = times.map(|time| time * WEEK_DAYS);
        error += (median - days).abs();
        // A date is a whole day: the interval holds the day on which its ends fall.
        held += f64::from(u8::from(low.floor() <= *days && *days <= high.ceil()));
    }
    let n = bought.len() as f64;
    DateMetrics { mae_days: error / n, coverage: held / n }
}

fn contracts(data: &LifetimeData, candidates: &Candidates) -> Option<ContractMetrics> {
    let model = candidates.contracts.as_ref()?;
    let days = holdout_days(data);
    Some(ContractMetrics {
        contracts: data.judged_contracts.len(),
        predicted: data.judged_contracts.iter().map(|(seen, _)| model.survival(seen, days)).sum(),
        actual: data.judged_contracts.iter().filter(|(_, runs)| *runs).count() as f64,
    })
}
