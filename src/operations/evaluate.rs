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
use crate::learning::off_policy::{Evaluation, Expected, Logged, Options, Refusal, Value, evaluate};
use crate::learning::promotion::{Evidence, Promotion, gate};
use crate::models::response::Context;
use crate::models::spec::ResponseSpec;
use crate::models::{LoggedDecision, ModelSpec, ResponseModel};
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
}

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

/// One logged decision as it is judged.
struct Row {
    customer: i64,
    value: f64,
    log: LoggedDecision,
}

/// Evaluates the current policy.
///
/// # Errors
/// Invalid, when no randomised decision with an outcome is logged, or a logged one cannot be.
pub fn policy(ws: &Workspace, progress: &dyn Progress) -> Result<PolicyValue> {
    let mut rows = rows(ws)?;
    if rows.is_empty() {
        return Err(Error::invalid(
            "there are no decisions that were drawn at random and whose outcome is known; let campaigns explore, or import \
             decisions with arm = explore (vizavi import decisions FILE)",
        ));
    }
    let left_out = drop_features_of_offers(&mut rows);
    let offers: BTreeSet<Option<String>> = rows.iter().map(|row| row.log.offer.clone()).collect();
    let offers: Vec<Option<String>> = offers.into_iter().collect();
    let spec = train::without_protected(ws, &spec(ws)?);
    let (chosen, expected) = choose(ws, &rows, &offers, &spec, progress)?;
    let judged = |choice: &dyn Fn(usize) -> bool, expected: Option<&[Expected]>| {
        let logged: Vec<Logged> = (rows.iter().enumerate())
            .map(|(i, row)| Logged {
                cluster: row.customer,
                reward: row.value,
                propensity: row.log.propensity,
                target: f64::from(u8::from(choice(i))),
                unsupported: 0.0,
                expected: expected.map(|expected| expected[i]),
            })
            .collect();
        evaluate(&logged, &Options::default())
    };
    let of_policy = judged(&|i| offers[chosen[i]] == rows[i].log.offer, Some(&expected));
    let values = offers.iter().enumerate().map(|(index, offer)| OfferValue {
        offer: offer.clone().unwrap_or_else(|| "none".into()),
        share: chosen.iter().filter(|&&choice| choice == index).count() as f64 / rows.len() as f64,
        for_everybody: judged(&|i| rows[i].log.offer == *offer, None).ok().map(|evaluation| evaluation.ips),
    });
    Ok(PolicyValue {
        decisions: rows.len(),
        left_out,
        offers: values.collect(),
        gate: gate(&[Evidence::OffPolicy(of_policy.clone())]),
        refusal: of_policy.as_ref().err().cloned(),
        evaluation: of_policy.ok(),
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
fn rows(ws: &Workspace) -> Result<Vec<Row>> {
    let objecting: HashSet<i64> = ws.store().read(customers::objecting)?.into_iter().map(|id| id.0).collect();
    let sql = "SELECT customer_id, offer, channel, propensity, converted, value, context FROM decision \
        WHERE converted IS NOT NULL AND arm = 'explore' ORDER BY customer_id, occurred_at, fact_key";
    let mut rows = Vec::new();
    ws.history().snapshot()?.stream(sql, |batch| {
        let customers = batch.column(0).as_primitive::<Int64Type>();
        let [offers, channels, contexts] = [1, 2, 6].map(|column| train::texts(batch.column(column)));
        let [propensities, converted] = [3, 4].map(|column| batch.column(column).as_primitive::<Float64Type>());
        let values = batch.column(5).as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|&row| !objecting.contains(&customers.value(row))) {
            let offer = offers[row].clone().filter(|offer| offer != "none");
            rows.push(Row {
                customer: customers.value(row),
                value: if values.is_valid(row) { values.value(row) as f64 } else { 0.0 },
                log: LoggedDecision {
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
    Ok(rows)
}

/// Removes the features that are the same in all decisions of an offer and differ between offers: they describe what was
/// offered, and would tell the model of another offer than the one it is asked about.
fn drop_features_of_offers(rows: &mut [Row]) -> Vec<String> {
    let mut varying: BTreeSet<String> = BTreeSet::new();
    let mut seen: BTreeMap<(Option<String>, String), String> = BTreeMap::new();
    for row in rows.iter() {
        for (name, value) in shown(&row.log.context) {
            if varying.contains(&name) {
                continue;
            }
            let first = seen.entry((row.log.offer.clone(), name.clone())).or_insert_with(|| value.clone());
            if *first != value {
                varying.insert(name);
            }
        }
    }
    let mut by_name: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((_, name), value) in seen {
        by_name.entry(name).or_default().insert(value);
    }
    let dropped: Vec<String> = by_name
        .into_iter()
        .filter(|(name, values)| !varying.contains(name) && values.len() > 1)
        .map(|(name, _)| name)
        .collect();
    for row in rows {
        row.log.context.numbers.retain(|name, _| !dropped.contains(name));
        row.log.context.texts.retain(|name, _| !dropped.contains(name));
    }
    dropped
}

fn shown(context: &Context) -> impl Iterator<Item = (String, String)> + '_ {
    let numbers = context.numbers.iter().map(|(name, value)| (name.clone(), value.to_string()));
    numbers.chain(context.texts.iter().map(|(name, value)| (name.clone(), value.clone())))
}

/// For each decision the index of the offer that the policy makes, and what the model expects.
fn choose(
    ws: &Workspace,
    rows: &[Row],
    offers: &[Option<String>],
    spec: &ResponseSpec,
    progress: &dyn Progress,
) -> Result<(Vec<usize>, Vec<Expected>)> {
    let priors = ws.store().read(train::priors_of)?;
    let mut chosen = vec![0; rows.len()];
    let mut expected = vec![Expected { taken: 0.0, candidate: 0.0 }; rows.len()];
    progress.stage("out of fold", Some(FOLDS as u64));
    for fold in 0..FOLDS {
        // Ids are keyed hashes, so that their remainder divides the customers evenly.
        let (kept, others): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|&i| rows[i].customer.rem_euclid(FOLDS) == fold);
        let logs: Vec<LoggedDecision> = others.iter().map(|&i| rows[i].log.clone()).collect();
        let model = ResponseModel::train(&logs, &priors, &spec.learning)?;
        let worth: Vec<(f64, f64)> = offers.iter().map(|offer| worth(rows, &others, offer)).collect();
        for i in kept {
            let log = &rows[i].log;
            let seen = model.encode(&log.context);
            let value = |index: usize| {
                let offer = offers[index].as_deref();
                // The channel was not the policy's choice; where nobody was contacted there is none.
                let channel = offer.and(log.channel.as_deref());
                let p = model.predict_encoded(&seen, offer, channel).mean;
                p * worth[index].0 + (1.0 - p) * worth[index].1
            };
            let values: Vec<f64> = (0..offers.len()).map(value).collect();
            let best = (0..offers.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best });
            let taken = offers.iter().position(|offer| *offer == log.offer).unwrap_or(best);
            chosen[i] = best;
            expected[i] = Expected { taken: values[taken], candidate: values[best] };
        }
        progress.advance(1);
    }
    progress.finish();
    Ok((chosen, expected))
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

    fn row(offer: &str, numbers: &[(&str, f64)]) -> Row {
        let numbers = numbers.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let context = Context { numbers, ..Context::default() };
        let offer = Some(offer.to_owned());
        let log = LoggedDecision { context, offer, channel: None, propensity: 0.5, converted: 0.0 };
        Row { customer: 1, value: 0.0, log }
    }

    #[test]
    fn what_describes_the_offer_is_left_out() {
        let mut rows = vec![
            row("a", &[("age", 30.0), ("reward", 5.0), ("constant", 1.0)]),
            row("a", &[("age", 40.0), ("reward", 5.0), ("constant", 1.0)]),
            row("b", &[("age", 30.0), ("reward", 2.0), ("constant", 1.0)]),
        ];
        assert_eq!(drop_features_of_offers(&mut rows), ["reward"]);
        assert_eq!(rows[0].log.context.numbers.keys().collect::<Vec<_>>(), ["age", "constant"]);
    }

    #[test]
    fn the_worth_of_an_offer_is_split_by_its_outcome() {
        let mut rows = vec![row("a", &[]), row("a", &[]), row("b", &[]), row("a", &[])];
        (rows[0].value, rows[0].log.converted) = (300.0, 1.0);
        rows[1].value = -10.0;
        (rows[2].value, rows[2].log.converted) = (900.0, 1.0);
        rows[3].value = -20.0;
        assert_eq!(worth(&rows, &[0, 1, 2, 3], &Some("a".into())), (300.0, -15.0));
        assert_eq!(worth(&rows, &[1], &Some("b".into())), (0.0, 0.0));
    }
}
