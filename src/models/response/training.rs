//! Fits the response model: encodes logged decisions, weighs them by their propensity, fits, and calibrates out of fold.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::describing::Describing;
use super::encoding::ContextEncoder;
use super::logged::LoggedDecision;
use super::model::{Layout, ResponseArm, ResponseModel, Trees};
use super::treatments::{Treatments, TreeRows};
use crate::error::{Error, Fault, Result};
use crate::models::algorithms::boosting::BoostingParams;
use crate::models::algorithms::logit;
use crate::models::algorithms::sparse_logistic::{IndicatorRows, Loss, Problem};
use crate::models::calibration::{Platt, fold_of};
use crate::models::challenge::HeldOut;
use crate::models::timing::OF_THE_MOMENT;

/// Fewer logged decisions than this, or fewer conversions than a tenth of it, cannot carry the crosses: each
/// offer's own rate speaks, stated and seen, the same for all customers.
const LEAST_LOGGED: usize = 200;

/// What a marketer states of an offer before it has been tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferPrior {
    /// The offer; None for customers who are not contacted.
    pub offer: Option<String>,
    /// The share expected to convert, 0 to 1.
    pub base_rate: f64,
    /// How many decisions' worth of evidence that statement is.
    pub weight: f64,
}

/// How to learn.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `bins` | 10 | bins of a number | 2..=50 |
/// | `l2_main` | 1 | penalty of a bin's own effect, of channels and of offer x channel | > 0 |
/// | `l2_arm` | 0.1 | penalty of an offer's own effect | > 0 |
/// | `l2_cross` | 4 | penalty of offer x bin and channel x bin | > 0 |
/// | `weight_limit` | 5 | a decision counts at most so many times, at least one so many-th | >= 1 |
/// | `default_weight` | 10 | weight of the whole's rate for an offer of which nothing was stated | >= 0 |
/// | `boosting` | none | a challenger: boosted trees, and blends of both | |
/// | `folds` | 3 | folds of customers to choose, to calibrate and to learn lifts on; below 2 the first two are not done | 0..=20 |
/// | `barred` | none | names of protected features; never used | |
/// | `seed` | 1 | deals the folds, draws rows and columns of trees | |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResponseParams {
    /// Bins of a number.
    pub bins: usize,
    /// Penalty of a bin's own effect, of channels and of offer x channel.
    pub l2_main: f64,
    /// Penalty of an offer's own effect.
    pub l2_arm: f64,
    /// Penalty of crosses of offer or channel with bins.
    pub l2_cross: f64,
    /// A decision counts at most so many times, and at least one so many-th.
    pub weight_limit: f64,
    /// Weight of the whole's rate for an offer of which nothing was stated.
    pub default_weight: f64,
    /// The challenger.
    pub boosting: Option<BoostingParams>,
    /// Folds of customers to choose and to calibrate on; below 2 neither is done.
    pub folds: usize,
    /// Protected features.
    pub barred: BTreeSet<String>,
    /// Deals the folds, draws rows and columns of trees.
    pub seed: u64,
}

impl Default for ResponseParams {
    fn default() -> Self {
        ResponseParams {
            bins: 10,
            l2_main: 1.0,
            l2_arm: 0.1,
            l2_cross: 4.0,
            weight_limit: 5.0,
            default_weight: 10.0,
            boosting: None,
            folds: 3,
            barred: BTreeSet::new(),
            seed: 1,
        }
    }
}

impl ResponseModel {
    /// Each offer's rate, stated and seen, the same for all customers: what serves while nothing better is proven.
    ///
    /// # Errors
    /// As [`ResponseModel::train`].
    pub fn rates(logs: &[LoggedDecision], priors: &[OfferPrior], params: &ResponseParams) -> Result<ResponseModel> {
        check(logs, priors)?;
        let weights = stabilised_weights(logs, params.weight_limit);
        Ok(ResponseModel::of_rates(arms(logs, &weights, priors, params)))
    }

    /// Learns from logged decisions and stated rates: a logistic regression, challenged by trees where `boosting` says so,
    /// chosen and calibrated on folds of customers. With few or no decisions it still answers: by each offer's rate.
    ///
    /// # Errors
    /// Invalid, with each fault, when a propensity is outside (0, 1], an outcome or a rate outside 0..1, or a weight below 0.
    pub fn train(logs: &[LoggedDecision], priors: &[OfferPrior], params: &ResponseParams) -> Result<ResponseModel> {
        ResponseModel::of(logs, priors, params, None)
    }

    /// The same kind of model of other decisions: how much the trees count, and the calibration, are those of this one. What is
    /// learned out of fold costs one fit a fold by it.
    ///
    /// # Errors
    /// As [`ResponseModel::train`].
    pub fn refit(
        &self,
        logs: &[LoggedDecision],
        priors: &[OfferPrior],
        params: &ResponseParams,
    ) -> Result<ResponseModel> {
        ResponseModel::of(logs, priors, params, Some(self))
    }

    fn of(
        logs: &[LoggedDecision],
        priors: &[OfferPrior],
        params: &ResponseParams,
        like: Option<&ResponseModel>,
    ) -> Result<ResponseModel> {
        check(logs, priors)?;
        let weights = stabilised_weights(logs, params.weight_limit);
        let arms = arms(logs, &weights, priors, params);
        let events: f64 = logs.iter().map(|log| log.converted).sum();
        let enough = |n: f64| n * 10.0 >= LEAST_LOGGED as f64;
        let mut model = ResponseModel::of_rates(arms);
        if logs.len() < LEAST_LOGGED || !enough(events) || !enough(logs.len() as f64 - events) {
            return Ok(model);
        }
        let rows = Rows::new(logs, &weights, &model, params);
        let fitted = rows.logistic(None, rows.start(events));
        // Trees that an earlier choice left out need not be grown again.
        let challenger = params.boosting.filter(|_| like.is_none_or(|like| like.share > 0.0));
        let trees = challenger.map(|boosting| rows.for_trees().map(|tree_rows| (boosting, tree_rows))).transpose()?;
        match like {
            Some(like) => (model.share, model.calibration) = (like.share, like.calibration),
            None => {
                let held = rows.cross_fitted(&fitted, trees.as_ref(), params)?;
                let (share, choice) = held.choose(trees.is_some(), "folds of customers within training");
                (model.share, model.choice) = (share, Some(choice));
                model.calibration = if held.happened.is_empty() { Platt::default() } else { held.platt(share) };
            }
        }
        if let Some((boosting, tree_rows)) = trees.filter(|_| model.share > 0.0) {
            let grown = tree_rows.grow(boosting, params.seed, |_| true)?;
            model.trees = grown.map(|boosting| Trees { boosting, treatments: rows.treatments.clone() });
        }
        (model.encoder, model.layout, model.weights) = (rows.encoder, rows.layout, fitted);
        model.centre = mean_main_effect(&model, logs, &weights);
        Ok(model)
    }
}

/// Decisions as both estimators take them.
struct Rows<'a> {
    logs: &'a [LoggedDecision],
    weights: &'a [f64],
    outcomes: Vec<f64>,
    encoder: ContextEncoder,
    layout: Layout,
    treatments: Treatments,
    indicators: IndicatorRows,
    penalties: Vec<f64>,
}

impl<'a> Rows<'a> {
    fn new(logs: &'a [LoggedDecision], weights: &'a [f64], rates: &ResponseModel, params: &ResponseParams) -> Rows<'a> {
        let describing = Describing::of(logs);
        let mut barred: BTreeSet<String> = params.barred.union(&describing.names).cloned().collect();
        barred.extend(OF_THE_MOMENT.map(str::to_owned));
        let encoder = ContextEncoder::fit(logs.iter().map(|log| &log.context), params.bins, &barred);
        let layout = Layout::new(encoder.bins(), arm_names(logs), channel_names(logs));
        let mut indicators = IndicatorRows::default();
        for log in logs {
            let bins = encoder.encode(&log.context);
            indicators.push(layout.columns(
                &bins,
                layout.arm(log.offer.as_deref()),
                layout.channel(log.channel.as_deref()),
            ));
        }
        let treatments = Treatments::new(&layout, rates.arms(), &describing.without(&params.barred));
        let outcomes = logs.iter().map(|log| log.converted).collect();
        let penalties = layout.penalties(params);
        Rows { logs, weights, outcomes, encoder, layout, treatments, indicators, penalties }
    }

    /// All weights 0, and the intercept at the log-odds of the whole.
    fn start(&self, events: f64) -> Vec<f64> {
        let mut start = vec![0.0; self.layout.count()];
        start[0] = logit(events / self.logs.len() as f64);
        start
    }

    /// The logistic regression of all rows but those for which `left_out` says so.
    fn logistic(&self, left_out: Option<&dyn Fn(usize) -> bool>, start: Vec<f64>) -> Vec<f64> {
        let weight = |(row, &weight): (usize, &f64)| match left_out {
            Some(left_out) if left_out(row) => 0.0,
            _ => weight,
        };
        let weights: Vec<f64> = self.weights.iter().enumerate().map(weight).collect();
        let problem = Problem {
            rows: &self.indicators,
            outcomes: &self.outcomes,
            weights: &weights,
            penalties: &self.penalties,
            loss: Loss::Logistic,
        };
        problem.fit(start)
    }

    fn for_trees(&self) -> Result<TreeRows<'a>> {
        let place = |log: &LoggedDecision| {
            let arm = self.layout.arm(log.offer.as_deref()).expect("every offer that was logged has an arm");
            self.treatments.place(arm, self.layout.channel(log.channel.as_deref()))
        };
        let places: Vec<usize> = self.logs.iter().map(place).collect();
        let customers = self.logs.iter().map(|log| self.encoder.plain(&log.context));
        TreeRows::new(self.logs, self.weights, customers, &places, &self.treatments)
    }

    /// Each fold of customers by fits of the others. The fit on all rows is a start that saves half of the steps; the minimum of
    /// a convex loss does not depend on it.
    fn cross_fitted(
        &self,
        fitted: &[f64],
        trees: Option<&(BoostingParams, TreeRows<'_>)>,
        params: &ResponseParams,
    ) -> Result<HeldOut> {
        let mut held = HeldOut::default();
        if params.folds < 2 {
            return Ok(held);
        }
        let folds: Vec<usize> = self.logs.iter().map(|log| fold_of(log.customer, params.folds, params.seed)).collect();
        for fold in 0..params.folds {
            let part = self.logistic(Some(&|row| folds[row] == fold), fitted.to_vec());
            let grown = match trees {
                Some((boosting, rows)) => rows.grow(*boosting, params.seed, |row| folds[row] != fold)?,
                None => None,
            };
            for row in (0..folds.len()).filter(|&row| folds[row] == fold) {
                let logistic = self.indicators.log_odds(row, &part);
                let of_trees = grown.as_ref().zip(trees);
                let trees = of_trees.map_or(logistic, |(grown, (_, rows))| rows.log_odds(grown, row));
                held.happened.push(self.outcomes[row] >= 0.5);
                held.log_odds.push([logistic, trees]);
                held.weights.push(self.weights[row]);
            }
        }
        Ok(held)
    }
}

fn check(logs: &[LoggedDecision], priors: &[OfferPrior]) -> Result<()> {
    let mut faults = Vec::new();
    for (row, log) in logs.iter().enumerate() {
        if !(log.propensity > 0.0 && log.propensity <= 1.0) {
            let told = format!("{} is not in (0, 1]; log the probability of the choice made", log.propensity);
            faults.push(Fault::at(format!("decisions[{row}].propensity"), told));
        }
        if !(0.0..=1.0).contains(&log.converted) {
            let told = format!("{} is outside 0..1", log.converted);
            faults.push(Fault::at(format!("decisions[{row}].converted"), told));
        }
        if faults.len() >= 20 {
            break; // a whole wrong column is seen from its first lines
        }
    }
    for prior in priors {
        let name = prior.offer.as_deref().unwrap_or("none");
        if !(0.0..=1.0).contains(&prior.base_rate) {
            let told = format!("{} is outside 0..1; state a share, such as 0.02", prior.base_rate);
            faults.push(Fault::at(format!("{name}.base_rate"), told));
        }
        if !(prior.weight >= 0.0 && prior.weight.is_finite()) {
            faults.push(Fault::at(format!("{name}.weight"), format!("{} must be 0 or more", prior.weight)));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::faults("the response model cannot learn from this", faults)) }
}

fn arm_names(logs: &[LoggedDecision]) -> Vec<Option<String>> {
    logs.iter().map(|log| log.offer.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn channel_names(logs: &[LoggedDecision]) -> Vec<String> {
    logs.iter().filter_map(|log| log.channel.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// share of the offer / propensity, within limits: rows count as if the offer had been dealt at random (stabilised inverse
/// propensity weights; Robins, Hernan and Brumback 2000). Under uniform logging all are 1.
pub(crate) fn stabilised_weights<L: Borrow<LoggedDecision>>(logs: &[L], limit: f64) -> Vec<f64> {
    // The share of an offer and channel together, since the propensity is of both.
    type Pair<'a> = (Option<&'a str>, Option<&'a str>);
    let mut counts: BTreeMap<Pair<'_>, (f64, f64)> = BTreeMap::new();
    for log in logs.iter().map(Borrow::borrow) {
        let (count, inverse) = counts.entry((log.offer.as_deref(), log.channel.as_deref())).or_default();
        *count += 1.0;
        *inverse += 1.0 / log.propensity;
    }
    let limit = limit.max(1.0);
    logs.iter()
        .map(Borrow::borrow)
        .map(|log| {
            let (count, inverse) = counts[&(log.offer.as_deref(), log.channel.as_deref())];
            // Normalised within each treatment: its rows count as many as there are.
            (count / inverse / log.propensity).clamp(1.0 / limit, limit)
        })
        .collect()
}

/// For each offer logged or stated: its prior, and the effective number of decisions behind it (Kish: (sum w)^2 / sum w^2).
fn arms(logs: &[LoggedDecision], weights: &[f64], priors: &[OfferPrior], params: &ResponseParams) -> Vec<ResponseArm> {
    let mut sums: BTreeMap<Option<&str>, (f64, f64, f64)> = BTreeMap::new();
    let (mut converted, mut total) = (0.0, 0.0);
    for (log, weight) in logs.iter().zip(weights) {
        let (sum, squares, seen) = sums.entry(log.offer.as_deref()).or_default();
        *sum += weight;
        *squares += weight * weight;
        *seen += weight * log.converted;
        converted += weight * log.converted;
        total += weight;
    }
    priors.iter().for_each(|prior| {
        sums.entry(prior.offer.as_deref()).or_default();
    });
    // The baseline is always there. Of an arm of which nothing is known nothing is claimed: it gets the whole's rate, so that
    // no difference between contact and no contact is made up.
    sums.entry(None).or_default();
    let whole = if total > 0.0 { Some(converted / total) } else { None };
    sums.into_iter()
        .map(|(offer, (sum, squares, seen))| {
            let stated = priors.iter().find(|prior| prior.offer.as_deref() == offer);
            ResponseArm {
                offer: offer.map(str::to_owned),
                base_rate: stated.map(|prior| prior.base_rate).or(whole).unwrap_or(0.0),
                weight: stated.map_or(params.default_weight, |prior| prior.weight),
                evidence: if squares > 0.0 { sum * sum / squares } else { 0.0 },
                observed: if sum > 0.0 { seen / sum } else { 0.0 },
            }
        })
        .collect()
}

/// Where a customer's main effect stands on average; a stated rate is for the average customer.
fn mean_main_effect(model: &ResponseModel, logs: &[LoggedDecision], weights: &[f64]) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (log, weight) in logs.iter().zip(weights) {
        sum += weight * model.encode(&log.context).main();
        total += weight;
    }
    sum / total
}
