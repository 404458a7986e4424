//! What the current policy would have been worth on decisions that were drawn at random: off policy, out of fold.
//!
//! The policy under test makes to each customer the offer (or none) of the greatest expected value
//! `P(convert) x value of a conversion + (1 - P) x value without one`, with the response model trained on the other
//! customers' decisions only, so that no decision is judged by a model that has seen its outcome.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};
use serde::Serialize;

use crate::customers::store as customers;
use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::learning::comparison::{Comparison, Contender, compare};
use crate::learning::off_policy::{Evaluation, Expected, Logged, Options, Refusal, Value, evaluate};
use crate::learning::promotion::{Evidence, Promotion, gate};
use crate::models::response::{Describing, EncodedCustomer};
use crate::models::spec::ResponseSpec;
use crate::models::{LoggedDecision, ModelSpec, OfferPrior, ResponseModel, ResponseParams, uplift};
use crate::operations::{Workspace, train};
use crate::progress::Progress;

/// Parts that the customers are divided into; each is judged by a model trained on the others.
const FOLDS: i64 = 5;

/// The value of the current policy. Amounts in minor units per decision, as logged: gross of what would have come anyway,
/// unless the logged values are net of it.
#[derive(Debug, Serialize)]
pub struct PolicyValue {
    /// Randomised decisions with a known outcome.
    pub decisions: usize,
    /// Features of the context that were left out because they describe the offer, not the customer.
    pub left_out: Vec<String>,
    /// Every offer, and none, with the share that the policy makes of it, and what it is worth when everybody gets it.
    pub offers: Vec<OfferValue>,
    /// The policy's value by each estimator.
    pub evaluation: Option<Evaluation>,
    /// Why there is no estimate.
    pub refusal: Option<Refusal>,
    /// Whether a policy with this evidence may serve.
    pub gate: Promotion,
    /// The policy beside each offer for everybody: which is best, or that the data do not tell.
    pub comparison: Comparison,
}

/// What the policy is called beside offers for everybody.
const POLICY: &str = "the policy";

/// One offer under the policy.
#[derive(Debug, Clone, Serialize)]
pub struct OfferValue {
    /// The offer, or `none`.
    pub offer: String,
    /// Share of the decisions in which the policy chooses it.
    pub share: f64,
    /// What it is worth when everybody gets it (inverse propensity), where the log carries that.
    pub for_everybody: Option<Value>,
}

/// Decisions of a campaign from which the frequency of its offers can be told.
const ENOUGH: usize = 100;
/// By how much more alternatives than offers there must be before they are taken for finer ones.
const FINER: f64 = 1.1;

/// One logged decision as it is judged.
pub(super) struct Row {
    campaign: String,
    pub(super) customer: i64,
    pub(super) value: f64,
    pub(super) log: LoggedDecision,
}

/// Evaluates the current policy.
///
/// # Errors
/// Invalid, when no randomised decision with an outcome is logged, or a logged one cannot be.
pub fn policy(ws: &Workspace, progress: &dyn Progress) -> Result<PolicyValue> {
    let rows = rows(ws)?;
    if rows.is_empty() {
        return Err(Error::invalid(
            "there are no decisions that were drawn at random and whose outcome is known; let campaigns explore, or import \
             decisions with arm = explore (vizavi import decisions FILE)",
        ));
    }
    let logs: Vec<&LoggedDecision> = rows.iter().map(|row| &row.log).collect();
    let left_out = Describing::of(&logs).names.into_iter().collect();
    let offers: BTreeSet<Option<String>> = rows.iter().map(|row| row.log.offer.clone()).collect();
    let offers: Vec<Option<String>> = offers.into_iter().collect();
    let spec = train::without_protected(ws, &spec(ws)?);
    let expected = expect(ws, &rows, &offers, &spec, progress)?;
    let log_of = |choice: &dyn Fn(usize) -> usize| judged_as(&rows, &offers, &expected, choice);
    let chosen: Vec<usize> = (0..rows.len()).map(|i| expected.best(i)).collect();
    let mut contenders = vec![Contender { name: POLICY.to_owned(), log: log_of(&|i| chosen[i]) }];
    let named = |offer: &Option<String>| offer.clone().unwrap_or_else(|| "none".into());
    contenders.extend(
        (0..offers.len()).map(|index| Contender {
            name: format!("{} for everybody", named(&offers[index])),
            log: log_of(&|_| index),
        }),
    );
    let options = Options::default();
    let of_policy = evaluate(&contenders[0].log, &options);
    let values = offers.iter().zip(&contenders[1..]).enumerate().map(|(index, (offer, everybody))| OfferValue {
        offer: named(offer),
        share: chosen.iter().filter(|&&choice| choice == index).count() as f64 / rows.len() as f64,
        for_everybody: evaluate(&everybody.log, &options).ok().map(|evaluation| evaluation.ips),
    });
    Ok(PolicyValue {
        decisions: rows.len(),
        left_out,
        offers: values.collect(),
        gate: gate(&[Evidence::OffPolicy(of_policy.clone())]),
        refusal: of_policy.as_ref().err().cloned(),
        evaluation: of_policy.ok(),
        comparison: compare(&contenders, &options),
    })
}

fn spec(ws: &Workspace) -> Result<ResponseSpec> {
    let specs = ModelSpec::load_all(ws.data())?;
    let found = specs.into_iter().find_map(|spec| match spec {
        ModelSpec::Response(spec) => Some(spec),
        _ => None,
    });
    found.ok_or_else(|| Error::not_found("there is no spec of a response model"))
}

/// Randomised decisions with a known outcome, those of one customer together.
pub(super) fn rows(ws: &Workspace) -> Result<Vec<Row>> {
    let objecting: HashSet<i64> = ws.store().read(customers::objecting)?.into_iter().map(|id| id.0).collect();
    let sql = "SELECT customer_id, offer, channel, propensity, converted, value, context, campaign FROM decision \
        WHERE converted IS NOT NULL AND arm = 'explore' ORDER BY customer_id, occurred_at, fact_key";
    let mut rows = Vec::new();
    ws.history().snapshot()?.stream(sql, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        let [offers, channels, contexts, campaigns] = [1, 2, 6, 7].map(|column| train::texts(batch.column(column)));
        let [propensities, converted] = [3, 4].map(|column| batch.column(column).as_primitive::<Float64Type>());
        let values = batch.column(5).as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|&row| !objecting.contains(&customers.value(row))) {
            let offer = offers[row].clone().filter(|offer| offer != "none");
            rows.push(Row {
                campaign: campaigns[row].clone().unwrap_or_default(),
                customer: customers.value(row),
                value: if values.is_valid(row) { values.value(row) as f64 } else { 0.0 },
                log: LoggedDecision {
                    customer: CustomerId(customers.value(row)),
                    context: train::context(contexts[row].as_deref().unwrap_or("{}"))?,
                    channel: channels[row].clone().filter(|_| offer.is_some()),
                    offer,
                    propensity: propensities.value(row),
                    converted: converted.value(row),
                },
            });
        }
        Ok(())
    })?;
    chances_of_offers(&mut rows);
    Ok(rows)
}

/// Makes the chances of treatments those of offers, which is what is judged here.
///
/// Where channels or hours were drawn too, the chance of what was made is that of one of several ways to make the offer, and those that
/// were not drawn are not in the log. The mean of 1 / chance is the number of alternatives among which was drawn (each stands in it with
/// chance x 1 / chance): where there were more than offers, an offer's chance is its frequency in the campaign. Campaigns too small to
/// tell a frequency are left out.
fn chances_of_offers(rows: &mut Vec<Row>) {
    let mut of_campaign: BTreeMap<&str, (f64, BTreeMap<Option<&str>, usize>)> = BTreeMap::new();
    for row in rows.iter() {
        let (alternatives, offers) = of_campaign.entry(&row.campaign).or_default();
        *alternatives += 1.0 / row.log.propensity;
        *offers.entry(row.log.offer.as_deref()).or_default() += 1;
    }
    let chances: Vec<Option<f64>> = (rows.iter())
        .map(|row| {
            let (alternatives, offers) = &of_campaign[row.campaign.as_str()];
            let all: usize = offers.values().sum();
            let finer = alternatives / all as f64 > FINER * offers.len() as f64;
            match (finer, offers.get(&row.log.offer.as_deref())) {
                (true, Some(count)) => (all >= ENOUGH).then(|| *count as f64 / all as f64),
                _ => Some(row.log.propensity),
            }
        })
        .collect();
    let mut chances = chances.into_iter();
    rows.retain_mut(|row| match chances.next().flatten() {
        Some(chance) => {
            row.log.propensity = chance;
            true
        }
        None => false,
    });
}

/// What a model that did not know the customer expects of every offer, row after row.
pub(super) struct Expectations {
    offers: usize,
    values: Vec<f64>,
    /// The place of the offer that was made.
    taken: Vec<usize>,
}

impl Expectations {
    /// Of an offer, by its place.
    pub(super) fn of(&self, row: usize, offer: usize) -> f64 {
        self.values[row * self.offers + offer]
    }

    /// Of the offer that was made.
    pub(super) fn taken(&self, row: usize) -> f64 {
        self.of(row, self.taken[row])
    }

    /// The place of the offer that the policy makes.
    pub(super) fn best(&self, row: usize) -> usize {
        (0..self.offers).fold(0, |best, i| if self.of(row, i) > self.of(row, best) { i } else { best })
    }
}

/// What is expected of each offer for each decision, by a model of the other customers' decisions and the lifts that it learned.
pub(super) fn expect(
    ws: &Workspace,
    rows: &[Row],
    offers: &[Option<String>],
    spec: &ResponseSpec,
    progress: &dyn Progress,
) -> Result<Expectations> {
    let priors = ws.store().read(train::priors_of)?;
    let place = |row: &Row| offers.iter().position(|offer| *offer == row.log.offer).unwrap_or_default();
    let mut made = Expectations {
        offers: offers.len(),
        values: vec![0.0; rows.len() * offers.len()],
        taken: rows.iter().map(place).collect(),
    };
    progress.stage("out of fold", Some(FOLDS as u64));
    for fold in 0..FOLDS {
        // Ids are keyed hashes, so that their remainder divides the customers evenly.
        let (kept, others): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|&i| rows[i].customer.rem_euclid(FOLDS) == fold);
        let logs: Vec<LoggedDecision> = others.iter().map(|&i| rows[i].log.clone()).collect();
        let mut model = ResponseModel::train(&logs, &priors, &spec.learning)?;
        model.uplift = uplift::fit(&logs, &model, &priors, &spec.learning)?.0;
        let worth: Vec<(f64, f64)> = offers.iter().map(|offer| worth(rows, &others, offer)).collect();
        for i in kept {
            let log = &rows[i].log;
            let seen = model.encode(&log.context);
            for (index, offer) in offers.iter().enumerate() {
                let p = chance(&model, &seen, offer, log);
                made.values[i * offers.len() + index] = p * worth[index].0 + (1.0 - p) * worth[index].1;
            }
        }
        progress.advance(1);
    }
    progress.finish();
    Ok(made)
}

/// The log as an estimator takes it, of the policy that chooses so for each row.
pub(super) fn judged_as(
    rows: &[Row],
    offers: &[Option<String>],
    expected: &Expectations,
    choice: &dyn Fn(usize) -> usize,
) -> Vec<Logged> {
    (rows.iter().enumerate())
        .map(|(i, row)| Logged {
            cluster: row.customer,
            reward: row.value,
            propensity: row.log.propensity,
            target: f64::from(u8::from(offers[choice(i)] == row.log.offer)),
            unsupported: 0.0,
            expected: Some(Expected { taken: expected.taken(i), candidate: expected.of(i, choice(i)) }),
        })
        .collect()
}

/// P(convert) under an offer by the channel of the decision, or under none. The channel was not the policy's choice; where nobody
/// was contacted there is none.
fn chance(model: &ResponseModel, seen: &EncodedCustomer, offer: &Option<String>, log: &LoggedDecision) -> f64 {
    match offer {
        Some(offer) => model.with_and_without(seen, offer, log.channel.as_deref().unwrap_or_default()).0,
        None => model.predict_encoded(seen, None, None).mean,
    }
}

/// The offer that a policy with this model makes in each row.
pub(super) fn choices(rows: &[Row], offers: &[Option<String>], model: &ResponseModel) -> Vec<usize> {
    let all: Vec<usize> = (0..rows.len()).collect();
    let worth: Vec<(f64, f64)> = offers.iter().map(|offer| worth(rows, &all, offer)).collect();
    let of = |row: &Row| {
        let seen = model.encode(&row.log.context);
        let values: Vec<f64> = (offers.iter().zip(&worth))
            .map(|(offer, (with, without))| {
                let p = chance(model, &seen, offer, &row.log);
                p * with + (1.0 - p) * without
            })
            .collect();
        (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
    };
    rows.iter().map(of).collect()
}

/// What decides before anything was learned: the stated rates, beside the rate of those who were left alone. Without the latter it would
/// contact everybody, which stated rates do only where they promise more than comes anyway.
///
/// # Errors
/// As [`ResponseModel::train`].
pub(super) fn stated(rows: &[Row], mut priors: Vec<OfferPrior>) -> Result<ResponseModel> {
    let alone: Vec<f64> = rows.iter().filter(|row| row.log.offer.is_none()).map(|row| row.log.converted).collect();
    if !alone.is_empty() {
        let weight = alone.len() as f64;
        priors.push(OfferPrior { offer: None, base_rate: alone.iter().sum::<f64>() / weight, weight });
    }
    ResponseModel::train(&[], &priors, &ResponseParams::default())
}

/// Mean logged value of an offer's decisions that converted, and of those that did not; 0 where there are none.
fn worth(rows: &[Row], of: &[usize], offer: &Option<String>) -> (f64, f64) {
    let mut sums = [(0.0, 0.0f64); 2];
    for row in of.iter().map(|&i| &rows[i]).filter(|row| row.log.offer == *offer) {
        let (sum, count) = &mut sums[usize::from(row.log.converted >= 0.5)];
        *sum += row.value;
        *count += 1.0;
    }
    let [without, with] = sums.map(|(sum, count)| sum / count.max(1.0));
    (with, without)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::response::Context;
    use crate::random::Stream;

    #[test]
    fn the_worth_of_an_offer_is_split_by_its_outcome() {
        let mut rows = ["a", "a", "b", "a"].map(|offer| row("c", Some(offer), 0.5));
        (rows[0].value, rows[0].log.converted) = (300.0, 1.0);
        rows[1].value = -10.0;
        (rows[2].value, rows[2].log.converted) = (900.0, 1.0);
        rows[3].value = -20.0;
        assert_eq!(worth(&rows, &[0, 1, 2, 3], &Some("a".into())), (300.0, -15.0));
        assert_eq!(worth(&rows, &[1], &Some("b".into())), (0.0, 0.0));
    }

    #[test]
    fn stated_rates_contact_only_where_they_promise_more_than_comes_anyway() {
        // Who converts brings 10, with an offer and without one; a quarter converts when left alone.
        let mut rows: Vec<Row> = (0..40).map(|i| row("c", [None, Some("a")][i % 2], 0.5)).collect();
        for (i, row) in rows.iter_mut().enumerate().filter(|(i, _)| i % 8 < 2) {
            (row.value, row.log.converted) = (10.0, 1.0);
            assert_eq!(row.log.offer.is_none(), i % 2 == 0);
        }
        let offers = [None, Some("a".to_owned())];
        let chosen = |base_rate: f64| {
            let prior = OfferPrior { offer: Some("a".into()), base_rate, weight: 100.0 };
            let model = stated(&rows, vec![prior]).unwrap();
            choices(&rows, &offers, &model)
        };
        assert!(chosen(0.1).iter().all(|&choice| choice == 0));
        assert!(chosen(0.4).iter().all(|&choice| choice == 1));
    }

    fn row(campaign: &str, offer: Option<&str>, propensity: f64) -> Row {
        Row {
            campaign: campaign.into(),
            customer: 1,
            value: 0.0,
            log: LoggedDecision {
                customer: CustomerId(1),
                context: Context::default(),
                channel: offer.map(|_| "email".into()),
                offer: offer.map(str::to_owned),
                propensity,
                converted: 0.0,
            },
        }
    }

    /// None with 0.3, else one of five offers by one of the channels that the client can be reached by.
    fn drawn(campaign: &str, rows: usize, most_channels: usize) -> Vec<Row> {
        let mut draws = Stream::new(3, campaign);
        (0..rows)
            .map(|_| {
                let channels = 1 + draws.below(most_channels);
                let offer = ["a", "b", "c", "d", "e"][draws.below(5)];
                match draws.uniform() < 0.3 {
                    true => row(campaign, None, 0.3),
                    false => row(campaign, Some(offer), 0.7 / (5 * channels) as f64),
                }
            })
            .collect()
    }

    #[test]
    fn chances_of_treatments_become_those_of_offers() {
        let mut rows = drawn("by several channels", 5_000, 4);
        rows.extend(drawn("by one", 5_000, 1));
        rows.extend(drawn("too small", 40, 4));
        chances_of_offers(&mut rows);
        assert_eq!(rows.len(), 10_000, "of a small one nothing can be told");
        for row in &rows {
            let truth = if row.log.offer.is_some() { 0.14 } else { 0.3 };
            let within = if row.campaign == "by one" { 1e-12 } else { 0.02 };
            assert!((row.log.propensity - truth).abs() < within, "{} {:?}", row.campaign, row.log.offer);
        }
        // Of a policy that makes everybody the same offer, the weights average one.
        let weights =
            rows.iter().filter(|row| row.log.offer.as_deref() == Some("c")).map(|row| 1.0 / row.log.propensity);
        let mean = weights.sum::<f64>() / rows.len() as f64;
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
    }
}
