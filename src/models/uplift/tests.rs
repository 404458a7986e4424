//! Which learner wins where, on simulated experiments with known lifts; and that nothing is claimed where there is nothing.

use super::*;
use crate::ids::CustomerId;
use crate::models::algorithms::logit;
use crate::models::response::{Context, LoggedDecision, ResponseModel, ResponseParams};
use crate::random::Stream;

/// Customers with so many features, uniform in 0..1, half of whom get an offer; `p` of the features and the offer.
fn experiment(
    rows: i64,
    features: usize,
    seed: u64,
    p: impl Fn(&[f64], Option<&str>) -> f64,
    offers: &[&str],
) -> Vec<LoggedDecision> {
    let mut stream = Stream::new(seed, "uplift");
    (0..rows)
        .map(|row| {
            let x: Vec<f64> = (0..features).map(|_| stream.uniform()).collect();
            let offer = (stream.uniform() < 0.5).then(|| offers[stream.below(offers.len())]);
            let numbers = x.iter().enumerate().map(|(i, value)| (format!("x{i}"), *value)).collect();
            LoggedDecision {
                customer: CustomerId(row),
                context: Context { numbers, ..Context::default() },
                offer: offer.map(str::to_owned),
                channel: None,
                propensity: if offer.is_some() { 0.5 / offers.len() as f64 } else { 0.5 },
                converted: f64::from(u8::from(stream.uniform() < p(&x, offer))),
            }
        })
        .collect()
}

fn learned(logs: &[LoggedDecision], params: &ResponseParams) -> (ResponseModel, Vec<OfferFigures>) {
    let mut model = ResponseModel::train(logs, &[], params).unwrap();
    let (uplift, figures) = fit(logs, &model, &[], params).unwrap();
    model.uplift = uplift;
    (model, figures)
}

/// The lift that serves a customer whose first two features are these.
fn lift(model: &ResponseModel, x0: f64, x1: f64, offer: &str) -> f64 {
    let (with, without) = model.with_and_without(&model.encode(&[("x0", x0), ("x1", x1)][..]), offer, "email");
    with - without
}

fn z(figures: &OfferFigures, learner: Learner) -> f64 {
    figures.learners.iter().find(|one| one.learner == learner).unwrap().z
}

/// The first feature moves who buys anyway, the second whom the offer wins or puts off.
fn crossing(x: &[f64], offer: Option<&str>) -> f64 {
    let lift = if x[1] > 0.4 { 0.12 } else { -0.1 };
    0.15 + 0.4 * x[0] + if offer.is_some() { lift } else { 0.0 }
}

/// S fails: with its crosses penalised away it can only rank by who buys anyway. T and DR find whom the offer wins, and that it
/// puts others off: these get a lift below zero, so that a contact is never worth its cost.
#[test]
fn apart_or_doubly_robust_wins_where_the_joint_model_cannot_tell_customers_apart() {
    let logs = experiment(8_000, 2, 1, crossing, &["tea"]);
    let stiff = ResponseParams { l2_cross: 1e6, folds: 2, ..ResponseParams::default() };
    let (model, figures) = learned(&logs, &stiff);
    let tea = &figures[0];
    assert!(matches!(tea.chosen, Learner::Apart | Learner::DoublyRobust), "{tea:?}");
    assert!(z(tea, Learner::Joint) < 2.5 && z(tea, Learner::Apart) > 6.0 && z(tea, Learner::DoublyRobust) > 6.0);
    let (won, put_off) = (lift(&model, 0.5, 0.8, "tea"), lift(&model, 0.5, 0.2, "tea"));
    // Between nothing and the truth, which is .12 and -.1: a posterior mean promises less than it saw.
    assert!((0.06..0.15).contains(&won) && (-0.13..-0.02).contains(&put_off), "{won} {put_off}");
}

/// S wins: both arms share what makes customers buy, and the offer doubles everybody's odds. Two models of half the decisions
/// each, with many features that mean nothing, drown that in noise.
#[test]
fn the_joint_model_wins_where_both_arms_share_nearly_everything() {
    let p = |x: &[f64], offer: Option<&str>| {
        let taste: f64 = x[..4].iter().map(|value| 3.0 * (value - 0.5)).sum();
        sigmoid(logit(0.05) + taste + if offer.is_some() { 0.7 } else { 0.0 })
    };
    let logs = experiment(6_000, 20, 2, p, &["tea"]);
    let params = ResponseParams { l2_cross: 40.0, folds: 2, ..ResponseParams::default() };
    let (_, figures) = learned(&logs, &params);
    let tea = &figures[0];
    assert_eq!(tea.chosen, Learner::Joint, "{tea:?}");
    assert!(z(tea, Learner::Joint) > z(tea, Learner::Apart) + 0.5, "{tea:?}");
    assert!(tea.slope > 0.5);
}

/// The null: the offer adds as much to everybody, whoever buys anyway. Every Qini is within its null, and the average serves.
#[test]
fn without_differences_the_average_effect_serves() {
    let p = |x: &[f64], offer: Option<&str>| 0.1 + 0.4 * x[0] + if offer.is_some() { 0.06 } else { 0.0 };
    let logs = experiment(10_000, 3, 3, p, &["tea"]);
    let (model, figures) = learned(&logs, &ResponseParams { folds: 2, ..ResponseParams::default() });
    let tea = &figures[0];
    assert_eq!(tea.chosen, Learner::Average, "{tea:?}");
    assert!(tea.learners.iter().all(|one| one.z.abs() < 2.13), "{tea:?}");
    assert!((tea.effect - 0.06).abs() < 4.0 * tea.stderr);
    let lifts = [(0.1, 0.1), (0.5, 0.9), (0.9, 0.5)].map(|(x0, x1)| lift(&model, x0, x1, "tea"));
    assert!(lifts.iter().all(|lift| (lift - lifts[0]).abs() < 1e-9), "{lifts:?}");
    assert!((lifts[0] - 0.06).abs() < 0.03, "{lifts:?}");
    assert!(tea.words().contains("no ranking is beyond chance"), "{}", tea.words());
}

/// Two dozen offers of a hundred decisions each: none is judged alone, and their levels are drawn together.
#[test]
fn offers_that_were_tried_seldom_are_judged_together() {
    let names: Vec<String> = (0..24).map(|i| format!("offer{i:02}")).collect();
    let offers: Vec<&str> = names.iter().map(String::as_str).collect();
    let p = |x: &[f64], offer: Option<&str>| 0.1 + 0.1 * x[0] + if offer.is_some() { 0.08 } else { 0.0 };
    let logs = experiment(5_000, 2, 4, p, &offers);
    let (model, figures) = learned(&logs, &ResponseParams { folds: 2, ..ResponseParams::default() });
    assert_eq!((figures.len(), &figures[0].offer, figures[0].chosen), (1, &None, Learner::Joint));
    assert!((figures[0].effect - 0.08).abs() < 4.0 * figures[0].stderr);
    // The raw effect of a hundred decisions errs by .04 in the root mean square.
    let error = offers.iter().map(|offer| (lift(&model, 0.5, 0.5, offer) - 0.08).powi(2)).sum::<f64>() / 24.0;
    assert!(error.sqrt() < 0.025, "{}", error.sqrt());
}

/// Offers that win the loyal only, and a model whose crosses are penalised away: levels of segments tell, unless they are barred.
#[test]
fn a_segment_has_a_level_of_its_own() {
    let mut stream = Stream::new(6, "segments");
    let logs: Vec<LoggedDecision> = (0..24_000)
        .map(|row| {
            let (loyal, treated) = (stream.uniform() < 0.5, stream.uniform() < 0.5);
            let p = 0.2 + if treated && loyal { 0.16 } else { 0.0 };
            LoggedDecision {
                customer: CustomerId(row),
                context: Context {
                    numbers: [("x0".to_owned(), stream.uniform())].into(),
                    texts: [("segment".to_owned(), if loyal { "loyal" } else { "new" }.to_owned())].into(),
                },
                offer: treated.then(|| format!("offer{:02}", stream.below(16))),
                channel: None,
                propensity: if treated { 0.5 / 16.0 } else { 0.5 },
                converted: f64::from(u8::from(stream.uniform() < p)),
            }
        })
        .collect();
    let lift_of = |barred: &[&str]| {
        let barred = barred.iter().map(|name| (*name).to_owned()).collect();
        let (model, _) =
            learned(&logs, &ResponseParams { folds: 2, barred, l2_cross: 1e6, ..ResponseParams::default() });
        move |segment: &str| {
            let texts = [("segment".to_owned(), segment.to_owned())].into();
            let someone = Context { numbers: [("x0".to_owned(), 0.5)].into(), texts };
            let seen = model.encode(&someone);
            let lift = |offer: usize| {
                let (with, without) = model.with_and_without(&seen, &format!("offer{offer:02}"), "email");
                with - without
            };
            (0..16).map(lift).sum::<f64>() / 16.0
        }
    };
    let told = lift_of(&[]);
    assert!((told("loyal") - 0.16).abs() < 0.04 && told("new").abs() < 0.04, "{} {}", told("loyal"), told("new"));
    let barred = lift_of(&["segment"]);
    assert!((barred("loyal") - barred("new")).abs() < 1e-9 && (barred("new") - 0.08).abs() < 0.02);
}

#[test]
fn too_little_chance_claims_nothing_and_what_is_learned_survives_serde() {
    let mut logs = experiment(8_000, 2, 1, crossing, &["tea"]);
    let params = ResponseParams { folds: 2, ..ResponseParams::default() };
    let (model, figures) = learned(&logs, &params);
    assert_eq!(figures.len(), 1);
    let read: ResponseModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert_eq!(model, read);
    assert_eq!(model, learned(&logs, &params).0, "the same again");
    // Certain choices teach their own rate, not what would have happened otherwise.
    logs.iter_mut().for_each(|log| log.propensity = 1.0);
    let (certain, figures) = learned(&logs, &params);
    assert!(figures.is_empty() && certain.uplift == Uplift::default());
}
