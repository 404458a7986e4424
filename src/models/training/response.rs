//! Trains the response model and judges it on the latest decisions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{DataWindow, Fit, Verdict, to_json};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::models::card::Card;
use crate::models::challenge::Choice;
use crate::models::evaluation;
use crate::models::response::{LoggedDecision, OfferPrior, ResponseArm, ResponseModel};
use crate::models::spec::{ModelSpec, ResponseSpec};
use crate::models::timing::{Contact, Fatigue, HOUR_SHARE, OF_THE_MOMENT, PRESSURE, Tempo};
use crate::models::uplift::{self, Leaving, OfferFigures};

/// Decisions left to chance that are enough to say which features they know.
const LEAST_RANDOM: usize = 200;
/// Decisions left to chance that are enough to learn effects from them alone.
const ENOUGH_RANDOM: usize = 1_000;

/// How well later decisions were foretold. None where nothing was kept out, or only one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseMetrics {
    /// Decisions learned from.
    pub trained: usize,
    /// Later decisions it was judged on.
    pub judged: usize,
    /// Conversions among these.
    pub conversions: f64,
    /// Log-loss of the model, in nats a decision.
    pub log_loss: Option<f64>,
    /// Log-loss of each offer's own rate (smoothed by one decision).
    pub log_loss_of_rates: Option<f64>,
    /// Ranking of conversions over all offers.
    pub auc: Option<f64>,
    /// Calibration error in ten bins.
    pub ece10: Option<f64>,
    /// Champion and challengers within training.
    #[serde(default)]
    pub choice: Option<Choice>,
    /// What contacts change, by offer: learners with their Qini and its null, and which was taken. Empty with too few decisions
    /// that were left to chance.
    #[serde(default)]
    pub uplift: Vec<OfferFigures>,
}

/// What effects are learned from: the decisions that were left to chance, where there are enough of them, else all.
///
/// A choice that the engine made itself is certain given what it knew: where it contacts, nobody is left alone to compare with, and
/// where it does not, nobody was contacted. A model that is not quite right in form bridges that gap with the difference between
/// the two kinds of customers, and then believes it (positivity; Hernan and Robins 2020, chapter 3).
pub fn of_chance<T>(mut logs: Vec<T>, decision: impl Fn(&T) -> &LoggedDecision) -> Vec<T> {
    let random = |log: &T| decision(log).propensity < uplift::RANDOM_BELOW;
    if logs.iter().filter(|log| random(log)).count() >= ENOUGH_RANDOM {
        logs.retain(random);
    }
    logs
}

/// The last `share` of decisions by time, and those before. Equal times stay together on the earlier side, unless nothing
/// later would be left.
pub fn split_by_time<T>(mut logs: Vec<(Timestamp, T)>, share: f64) -> (Vec<T>, Vec<T>) {
    logs.sort_by_key(|(at, _)| *at);
    let mut cut = ((logs.len() as f64) * (1.0 - share)).round() as usize;
    while cut > 0 && cut < logs.len() && logs[cut].0 == logs[cut - 1].0 {
        cut += 1;
    }
    // A large run has one instant: when it is the last, all of it is later, or nothing would be left to judge by.
    if cut == logs.len() && share > 0.0 {
        let last = logs.last().map(|(at, _)| *at);
        cut = logs.iter().position(|(at, _)| Some(*at) == last).filter(|first| *first > 0).unwrap_or(cut);
    }
    let later = logs.split_off(cut.min(logs.len()));
    (logs.into_iter().map(|(_, log)| log).collect(), later.into_iter().map(|(_, log)| log).collect())
}

/// Trains on `train`, judges on `test`, which must be later; what serves is then trained on both, since the latest decisions are
/// those from which most is to be learned. With too few decisions each offer's rate serves: it claims
/// nothing of who differs from whom. [`ResponseModel::rates`] gives the same to serve when a fit missed its gate.
///
/// # Errors
/// Invalid, with each fault, when a logged decision or a stated rate cannot be.
pub fn train_response(
    spec: &ResponseSpec,
    train: &[LoggedDecision],
    test: &[LoggedDecision],
    priors: &[OfferPrior],
    window: DataWindow,
) -> Result<Fit> {
    // Of all, since what serves learns from all: our own decisions, which know more, may all be among the latest.
    let all = [train, test].concat();
    let thin = thin(&all);
    let digest = ModelSpec::Response(spec.clone()).digest();
    let mut spec = spec.clone();
    spec.learning.barred.extend(thin.iter().cloned());
    let spec = &spec;
    let judged = ResponseModel::train(train, priors, &spec.learning)?;
    let mut metrics = judge(&judged, train, test);
    let mut model = if test.is_empty() {
        judged
    } else if judged.has_learned() {
        // Chosen and calibrated on the earlier decisions: to do that again would cost as much and hardly change it.
        let mut again = judged.refit(&all, priors, &spec.learning)?;
        again.choice = judged.choice;
        again
    } else {
        ResponseModel::train(&all, priors, &spec.learning)?
    };
    if spec.label.is_some() {
        model.leaving = Leaving::fit(&all, &model, priors, &spec.learning)?;
    } else {
        (model.uplift, metrics.uplift) = uplift::fit(&all, &model, priors, &spec.learning)?;
        of_the_moment(&mut model, &all);
    }
    let verdict = Verdict::of(missed(spec, &model, &metrics));
    if metrics.log_loss.is_some_and(|loss| !loss.is_finite()) {
        return Err(Error::internal("the response model gave something that is not a probability"));
    }
    Ok(Fit {
        name: spec.name.clone(),
        kind: "response".into(),
        spec_digest: digest,
        window,
        seed: spec.learning.seed,
        horizon_days: None,
        parameters: to_json(&model)?,
        metrics: to_json(&metrics)?,
        card: card(spec, window, &model, &metrics, (&thin, &verdict)),
        verdict,
    })
}

/// Features that fewer than half of the decisions left to chance (of all, where hardly any was) know: they would tell apart who wrote
/// the log, and the effects learned from them would be those of choices, not of chance.
fn thin(logs: &[LoggedDecision]) -> BTreeSet<String> {
    let random: Vec<&LoggedDecision> = logs.iter().filter(|log| log.propensity < uplift::RANDOM_BELOW).collect();
    let rows = if random.len() >= LEAST_RANDOM { random } else { logs.iter().collect() };
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for log in logs {
        let names = log.context.numbers.keys().chain(log.context.texts.keys());
        names.filter(|name| !OF_THE_MOMENT.contains(&name.as_str())).for_each(|name| {
            known.entry(name).or_default();
        });
    }
    for log in &rows {
        let numbers = log.context.numbers.iter().filter(|(_, value)| value.is_finite()).map(|(name, _)| name);
        let told = numbers.chain(log.context.texts.keys()).filter(|name| !OF_THE_MOMENT.contains(&name.as_str()));
        told.for_each(|name| *known.entry(name).or_default() += 1);
    }
    known.into_iter().filter(|(_, count)| 2 * count < rows.len()).map(|(name, _)| name.to_owned()).collect()
}

/// What hour and pressure do to a contact, from those that were left to chance, their slot with them.
fn of_the_moment(model: &mut ResponseModel, logs: &[LoggedDecision]) {
    if !model.has_learned() {
        return;
    }
    let tried = || logs.iter().filter(|log| log.propensity < uplift::RANDOM_BELOW && log.offer.is_some());
    let contacts = |name: &str| -> Vec<Contact> {
        let known = tried().filter_map(|log| Some((log, *log.context.numbers.get(name)?)));
        known
            .filter_map(|(log, moment)| {
                let (offer, channel) = (log.offer.as_deref()?, log.channel.as_deref()?);
                let (with, without) = model.with_and_without(&model.encode(&log.context), offer, channel);
                Some(Contact { moment, with, without, converted: log.converted, weight: 1.0 })
            })
            .collect()
    };
    let (tempo, fatigue) =
        (Tempo::learn(&contacts(HOUR_SHARE), tried().count()), Fatigue::learn(&contacts(PRESSURE), tried().count()));
    (model.tempo, model.fatigue) = (tempo, fatigue);
}

fn judge(model: &ResponseModel, train: &[LoggedDecision], test: &[LoggedDecision]) -> ResponseMetrics {
    let happened: Vec<bool> = test.iter().map(|log| log.converted >= 0.5).collect();
    let answers: Vec<f64> =
        test.iter().map(|log| model.predict(&log.context, log.offer.as_deref(), log.channel.as_deref()).mean).collect();
    let rates = Rates::of(train);
    let by_rates: Vec<f64> = test.iter().map(|log| rates.rate(log.offer.as_deref())).collect();
    let auc = evaluation::auc(&happened, &answers);
    let known = auc.is_some() && !train.is_empty();
    ResponseMetrics {
        trained: train.len(),
        judged: test.len(),
        conversions: test.iter().map(|log| log.converted).sum(),
        log_loss: known.then(|| evaluation::log_loss(&happened, &answers)),
        log_loss_of_rates: known.then(|| evaluation::log_loss(&happened, &by_rates)),
        auc,
        ece10: known.then(|| evaluation::ece10(&happened, &answers)),
        choice: model.choice.clone(),
        uplift: Vec::new(),
    }
}

/// The rate of each offer, which knows nothing of the customer: what a model must beat.
struct Rates<'a> {
    by_offer: BTreeMap<Option<&'a str>, (f64, f64)>,
    whole: f64,
}

impl<'a> Rates<'a> {
    fn of(logs: &'a [LoggedDecision]) -> Rates<'a> {
        let mut by_offer: BTreeMap<Option<&str>, (f64, f64)> = BTreeMap::new();
        for log in logs {
            let (count, converted) = by_offer.entry(log.offer.as_deref()).or_default();
            *count += 1.0;
            *converted += log.converted;
        }
        let converted: f64 = logs.iter().map(|log| log.converted).sum();
        Rates { by_offer, whole: (converted + 0.5) / (logs.len() as f64 + 1.0) }
    }

    fn rate(&self, offer: Option<&str>) -> f64 {
        let (count, converted) = self.by_offer.get(&offer).copied().unwrap_or_default();
        (converted + self.whole) / (count + 1.0)
    }
}

fn missed(spec: &ResponseSpec, model: &ResponseModel, metrics: &ResponseMetrics) -> Vec<String> {
    if !model.has_learned() {
        return Vec::new();
    }
    match (metrics.log_loss, metrics.log_loss_of_rates) {
        (Some(loss), Some(of_rates)) if of_rates - loss < spec.min_gain => vec![format!(
            "log-loss {loss:.4} gains {:.4} over {of_rates:.4} of the offers' own rates; {} is asked for",
            of_rates - loss,
            spec.min_gain
        )],
        (Some(_), Some(_)) => Vec::new(),
        _ => vec!["no later decisions of both outcomes to judge it by".to_owned()],
    }
}

fn card(
    spec: &ResponseSpec,
    window: DataWindow,
    model: &ResponseModel,
    metrics: &ResponseMetrics,
    (thin, verdict): (&BTreeSet<String>, &Verdict),
) -> Card {
    let told = |arm: &ResponseArm| {
        let offer = arm.offer.as_deref().unwrap_or("no contact");
        let (rate, weight) = (arm.base_rate, arm.weight);
        format!("{offer}: {:.0} decisions; stated rate {rate:.4} with the weight of {weight:.0}", arm.evidence)
    };
    let learned = if model.has_learned() {
        let features: Vec<&str> = model.features().collect();
        let with = if model.trees_count() { ", with boosted trees on the same" } else { "" };
        format!(
            "logistic regression on quantile bins of {}, offer, channel and their crosses{with}",
            features.join(", ")
        )
    } else {
        "too few decisions or conversions to learn from: each offer's rate answers, stated and seen, the same for all"
            .to_owned()
    };
    let span = format!("logged decisions of {} to {}", window.from, window.until);
    Card {
        name: spec.name.clone(),
        purpose: match spec.label {
            None => "P(convert) of a customer under each offer and channel, and without contact.".into(),
            Some(label) => format!(
                "P(buys from day {} to {} after a decision), and whom a contact loses.",
                label.from_days, label.until_days
            ),
        },
        data: [span].into_iter().chain(model.arms().iter().map(told)).collect(),
        method: method(learned, model, metrics, thin, spec.label.is_some()),
        figures: figures(metrics),
        drivers: Vec::new(),
        limits: vec![
            "An effect is believed only as far as decisions were left to chance; keep exploring.".into(),
            "Protected features are barred by the spec; keep their names in it complete.".into(),
        ],
        verdict: verdict.words(),
    }
}

fn method(
    learned: String,
    model: &ResponseModel,
    metrics: &ResponseMetrics,
    thin: &BTreeSet<String>,
    labelled: bool,
) -> Vec<String> {
    let mut method = vec![learned];
    if !thin.is_empty() {
        let names: Vec<&str> = thin.iter().map(String::as_str).collect();
        method.push(format!(
            "left out, since most decisions that were left to chance do not say them: {}",
            names.join(", ")
        ));
    }
    method.extend(model.choice.as_ref().map(Choice::words));
    method.push("decisions weighed by their logged propensity; calibrated out of fold".into());
    if labelled {
        let too_few =
            || "too few decisions were left to chance to tell whom a contact loses: nobody is charged for it".into();
        method.push(model.leaving.as_ref().map_or_else(too_few, Leaving::words));
        return method;
    }
    method.push("mixed with the stated rate of each offer by evidence".into());
    if metrics.uplift.is_empty() {
        method.push("too few decisions were left to chance to judge lifts: they are believed as they are".into());
    }
    method.extend(metrics.uplift.iter().map(OfferFigures::words));
    method.push(model.uplift.realised.words());
    method.push(model.tempo.words());
    method.push(model.fatigue.words());
    method
}

/// The figures that are known.
fn figures(metrics: &ResponseMetrics) -> Vec<(String, f64)> {
    let all = [
        ("decisions learned from before judging", Some(metrics.trained as f64)),
        ("later decisions judged", Some(metrics.judged as f64)),
        ("conversions among these", Some(metrics.conversions)),
        ("log-loss", metrics.log_loss),
        ("log-loss of the offers' own rates", metrics.log_loss_of_rates),
        ("AUC", metrics.auc),
        ("ECE, 10 bins", metrics.ece10),
    ];
    let known = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let compared = metrics.choice.iter().flat_map(Choice::figures);
    known.chain(compared).chain(metrics.uplift.iter().flat_map(lift_figures)).collect()
}

/// Qini and null of each learner of an offer.
fn lift_figures(of: &OfferFigures) -> impl Iterator<Item = (String, f64)> + '_ {
    of.learners.iter().flat_map(|one| {
        let named = |what: &str| format!("{what}, {}, {}", of.named(), one.learner.words());
        [(named("Qini x 1e4"), 1e4 * one.qini), (named("deviation of its null x 1e4"), 1e4 * one.null_deviation)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;
    use crate::models::algorithms::boosting::BoostingParams;
    use crate::models::response::Context;
    use crate::models::spec::EMBEDDED;
    use crate::models::uplift::Learner;
    use crate::random::Stream;

    fn spec() -> ResponseSpec {
        let (_, text) = EMBEDDED.iter().find(|(name, _)| *name == "response").unwrap();
        match ModelSpec::parse(text, "response.toml").unwrap() {
            ModelSpec::Response(spec) => spec,
            other => panic!("{other:?}"),
        }
    }

    const WINDOW: DataWindow = DataWindow { from: Timestamp(0), until: Timestamp(1) };

    fn logs(rows: usize, strength: f64) -> Vec<LoggedDecision> {
        let mut stream = Stream::new(8, "training");
        (0..rows as i64)
            .map(|row| {
                let x = stream.uniform();
                let offer = ["a", "b"][stream.below(2)];
                let p = if offer == "a" { 0.3 + strength * (x - 0.5) } else { 0.3 - strength * (x - 0.5) };
                LoggedDecision {
                    customer: CustomerId(row),
                    context: Context { numbers: [("x".to_owned(), x)].into(), ..Context::default() },
                    offer: Some(offer.to_owned()),
                    channel: None,
                    propensity: 0.5,
                    converted: f64::from(u8::from(stream.uniform() < p)),
                }
            })
            .collect()
    }

    #[test]
    fn what_is_there_is_learned_and_passes() {
        let all = logs(6000, 0.5);
        let fit = train_response(&spec(), &all[..5000], &all[5000..], &[], WINDOW).unwrap();
        assert!(fit.verdict.passed, "{:?} {}", fit.verdict, fit.metrics);
        let model: ResponseModel = fit.parameters().unwrap();
        let at = |x: f64, offer| model.predict(&[("x", x)][..], Some(offer), None).mean;
        assert!(at(0.9, "a") > at(0.9, "b") + 0.2 && at(0.1, "b") > at(0.1, "a") + 0.2);
    }

    #[test]
    fn a_model_that_is_worse_than_the_rates_may_not_serve() {
        // 260 decisions without any pattern, and hardly a penalty: what it learned is noise.
        let mut spec = spec();
        spec.learning.l2_main = 1e-3;
        spec.learning.l2_cross = 1e-3;
        spec.learning.folds = 0;
        let all = logs(2000, 0.0);
        let fit = train_response(&spec, &all[..260], &all[260..], &[], WINDOW).unwrap();
        assert!(!fit.verdict.passed && fit.verdict.missed[0].contains("own rates"), "{:?}", fit.verdict);
    }

    #[test]
    fn what_most_decisions_left_to_chance_do_not_say_is_left_out() {
        let mut all = logs(3_000, 0.5);
        // Our own decisions, certain ones, know more; and whom they contacted bought more often.
        for (row, log) in all.iter_mut().enumerate().filter(|(row, _)| row % 3 == 0) {
            log.propensity = 1.0;
            log.context.numbers.insert("own".to_owned(), (row % 7) as f64);
            log.context.texts.insert("segment".to_owned(), ["a", "b"][row % 2].to_owned());
        }
        let fit = train_response(&spec(), &all[..2_400], &all[2_400..], &[], WINDOW).unwrap();
        let model: ResponseModel = fit.parameters().unwrap();
        assert_eq!(model.features().collect::<Vec<_>>(), ["x"]);
        assert!(fit.card.to_markdown().contains("do not say them: own, segment"), "{}", fit.card.to_markdown());
        assert_eq!(fit.spec_digest, ModelSpec::Response(spec()).digest(), "the spec stays what it was");
        // Also when those who know more are all among the latest, on which the model is judged.
        let (own, others): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|log| log.propensity == 1.0);
        let own: Vec<_> = own.into_iter().map(|log| LoggedDecision { propensity: 0.5, ..log }).collect();
        let fit = train_response(&spec(), &others, &own[..500], &[], WINDOW).unwrap();
        let model: ResponseModel = fit.parameters().unwrap();
        assert_eq!(model.features().collect::<Vec<_>>(), ["x"]);
        // Where hardly any decision was left to chance, all of them say what is known.
        all.iter_mut().for_each(|log| log.propensity = 1.0);
        assert_eq!(thin(&all), ["own", "segment"].map(str::to_owned).into());
        all.retain(|log| log.context.numbers.contains_key("own"));
        assert_eq!(thin(&all), BTreeSet::new());
    }

    /// An offer that wins those with a high `x`, and a coin that says who gets it.
    #[test]
    fn lifts_and_how_they_were_learned_stand_in_metrics_and_card() {
        let mut stream = Stream::new(9, "experiment");
        let all: Vec<LoggedDecision> = (0..6_000)
            .map(|row| {
                let (x, treated) = (stream.uniform(), stream.uniform() < 0.5);
                let p = 0.2 + if treated && x > 0.5 { 0.3 } else { 0.0 };
                LoggedDecision {
                    customer: CustomerId(row),
                    context: Context { numbers: [("x".to_owned(), x)].into(), ..Context::default() },
                    offer: treated.then(|| "tea".to_owned()),
                    channel: treated.then(|| "email".to_owned()),
                    propensity: 0.5,
                    converted: f64::from(u8::from(stream.uniform() < p)),
                }
            })
            .collect();
        let mut spec = spec();
        spec.learning.boosting = Some(BoostingParams::new().rounds(20, 0.2));
        let fit = train_response(&spec, &all[..4_800], &all[4_800..], &[], WINDOW).unwrap();
        let metrics: ResponseMetrics = serde_json::from_value(fit.metrics.clone()).unwrap();
        assert_eq!(metrics.choice.unwrap().candidates.len(), 5);
        let tea = &metrics.uplift[0];
        assert_eq!((tea.offer.as_deref(), tea.learners.len()), (Some("tea"), 3));
        assert!(tea.chosen != Learner::Average && tea.learners.iter().any(|one| one.z > 6.0), "{tea:?}");
        let card = fit.card.to_markdown();
        for part in
            ["- lift of tea: ", "deviations of its null", "| Qini x 1e4, tea, jointly (S) |", "- chosen on folds of"]
        {
            assert!(card.contains(part), "{part} is missing: {card}");
        }
        let model: ResponseModel = fit.parameters().unwrap();
        let lift = |x: f64| {
            let (with, without) = model.with_and_without(&model.encode(&[("x", x)][..]), "tea", "email");
            with - without
        };
        assert!(lift(0.9) > 0.15 && lift(0.1) < 0.08, "{} {}", lift(0.9), lift(0.1));
    }

    #[test]
    fn with_next_to_nothing_logged_the_stated_rates_serve() {
        let stated = [OfferPrior { offer: Some("a".into()), base_rate: 0.05, weight: 20.0 }];
        let fit = train_response(&spec(), &[], &[], &stated, WINDOW).unwrap();
        assert!(fit.verdict.passed && fit.card.to_markdown().contains("each offer's rate answers"));
    }

    #[test]
    fn later_decisions_are_kept_out() {
        let logs: Vec<(Timestamp, i64)> = [5, 1, 4, 2, 3].into_iter().map(|t| (Timestamp(t), t)).collect();
        assert_eq!(split_by_time(logs, 0.4), (vec![1, 2, 3], vec![4, 5]));
        assert_eq!(split_by_time(vec![(Timestamp(1), 1), (Timestamp(1), 2)], 0.5), (vec![1, 2], vec![]));
    }
}
