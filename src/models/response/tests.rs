//! Recovery of a known truth, cold start, and the policy value on logged offers.

use std::io::Read;

use super::*;
use crate::ids::CustomerId;
use crate::models::algorithms::boosting::BoostingParams;
use crate::models::algorithms::sigmoid;
use crate::random::Stream;

/// Young customers like `tea`, old ones `coffee`; letters work better than e-mail; nobody buys unasked beyond 10 %.
fn truth(age: f64, offer: Option<&str>, channel: Option<&str>) -> f64 {
    let liking = match offer {
        None => return 0.1,
        Some("tea") => (50.0 - age) / 20.0,
        Some(_) => (age - 50.0) / 20.0,
    };
    sigmoid(-1.0 + liking + if channel == Some("letter") { 0.5 } else { 0.0 })
}

fn simulated(rows: usize) -> Vec<LoggedDecision> {
    let mut stream = Stream::new(11, "response");
    (0..rows as i64)
        .map(|row| {
            let age = 20.0 + 60.0 * stream.uniform();
            let treatments = [
                (None, None),
                (Some("tea"), Some("email")),
                (Some("tea"), Some("letter")),
                (Some("coffee"), Some("email")),
                (Some("coffee"), Some("letter")),
            ];
            let (offer, channel) = treatments[stream.below(5)];
            let converted = f64::from(u8::from(stream.uniform() < truth(age, offer, channel)));
            LoggedDecision {
                customer: CustomerId(row),
                context: Context { numbers: [("age".to_owned(), age)].into(), ..Context::default() },
                offer: offer.map(str::to_owned),
                channel: channel.map(str::to_owned),
                propensity: 0.2,
                converted,
            }
        })
        .collect()
}

#[test]
fn recovers_who_likes_what_by_which_channel_and_what_happens_unasked() {
    let model = ResponseModel::train(&simulated(30_000), &[], &ResponseParams::default()).unwrap();
    let (mut squares, mut count) = (0.0, 0.0);
    for age in [25.0, 35.0, 45.0, 55.0, 65.0, 75.0] {
        for (offer, channel) in [(None, None), (Some("tea"), Some("email")), (Some("coffee"), Some("letter"))] {
            let customer = [("age", age)];
            let estimate = model.predict(&customer[..], offer, channel);
            squares += (estimate.mean - truth(age, offer, channel)).powi(2);
            count += 1.0;
            assert!(estimate.evidence > 5000.0);
        }
    }
    let error: f64 = (squares / count).sqrt();
    assert!(error < 0.04, "root mean squared error {error}");
}

#[test]
fn at_cold_start_the_stated_rate_speaks_and_evidence_takes_over() {
    let stated = [
        OfferPrior { offer: Some("cocoa".into()), base_rate: 0.04, weight: 100.0 },
        OfferPrior { offer: None, base_rate: 0.01, weight: 100.0 },
    ];
    let cold = ResponseModel::train(&[], &stated, &ResponseParams::default()).unwrap();
    let someone = [("age", 30.0)];
    assert!(!cold.has_learned());
    assert!((cold.predict(&someone[..], Some("cocoa"), Some("email")).mean - 0.04).abs() < 1e-9);
    assert!((cold.predict(&someone[..], None, None).mean - 0.01).abs() < 1e-9);
    let unheard = cold.predict(&someone[..], Some("unheard of"), None);
    assert!((unheard.mean - 0.01).abs() < 1e-9 && unheard.evidence == 0.0, "an unknown offer is claimed to do nothing");

    // A strong statement is given up only as decisions speak against it.
    let strong = [OfferPrior { offer: Some("tea".into()), base_rate: 0.9, weight: 1000.0 }];
    let mean = |rows: usize| {
        let model = ResponseModel::train(&simulated(rows), &strong, &ResponseParams::default()).unwrap();
        model.predict(&[("age", 50.0)][..], Some("tea"), Some("email")).mean
    };
    let (few, many) = (mean(500), mean(20_000));
    assert!(few > 0.6 && many < 0.4 && many > 0.2, "{few} {many}");
}

/// Beta(2, 38) after 40 decisions of which 20 converted: (2 + 20) / 80.
#[test]
fn few_decisions_move_the_stated_rate_by_their_number() {
    let logs: Vec<LoggedDecision> = (0..40)
        .map(|i| LoggedDecision {
            customer: CustomerId(i64::from(i)),
            context: Context::default(),
            offer: Some("tea".into()),
            channel: None,
            propensity: 0.5,
            converted: f64::from(i % 2),
        })
        .collect();
    let stated = [OfferPrior { offer: Some("tea".into()), base_rate: 0.05, weight: 40.0 }];
    let model = ResponseModel::train(&logs, &stated, &ResponseParams::default()).unwrap();
    let estimate = model.predict(&Context::default(), Some("tea"), None);
    assert!((estimate.mean - 22.0 / 80.0).abs() < 1e-12 && (estimate.evidence - 40.0).abs() < 1e-9, "{estimate:?}");
    assert_eq!(model, ResponseModel::rates(&logs, &stated, &ResponseParams::default()).unwrap());
}

#[test]
fn a_new_offer_borrows_what_is_known_of_the_customer() {
    // `busy` customers buy more under every offer.
    let mut stream = Stream::new(4, "busy");
    let logs: Vec<LoggedDecision> = (0..8000)
        .map(|i| {
            let busy = f64::from(i % 2);
            let converted = f64::from(u8::from(stream.uniform() < [0.1, 0.4][i as usize % 2]));
            LoggedDecision {
                customer: CustomerId(i64::from(i)),
                context: Context { numbers: [("busy".to_owned(), busy)].into(), ..Context::default() },
                offer: Some(["a", "b"][stream.below(2)].to_owned()),
                channel: None,
                propensity: 0.5,
                converted,
            }
        })
        .collect();
    let stated = [OfferPrior { offer: Some("new".into()), base_rate: 0.2, weight: 50.0 }];
    let model = ResponseModel::train(&logs, &stated, &ResponseParams::default()).unwrap();
    let busy = model.predict(&[("busy", 1.0)][..], Some("new"), None).mean;
    let idle = model.predict(&[("busy", 0.0)][..], Some("new"), None).mean;
    assert!(busy > 0.28 && idle < 0.13, "{busy} {idle}");
}

#[test]
fn survives_serde_and_trains_the_same_again() {
    let logs = simulated(3000);
    let model = ResponseModel::train(&logs, &[], &ResponseParams::default()).unwrap();
    let read: ResponseModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert_eq!(model, read);
    assert_eq!(model, ResponseModel::train(&logs, &[], &ResponseParams::default()).unwrap());
}

#[test]
fn wrong_logs_are_refused_with_the_row() {
    let mut logs = simulated(3);
    logs[1].propensity = 0.0;
    logs[2].converted = 3.0;
    let error = ResponseModel::train(&logs, &[], &ResponseParams::default()).unwrap_err();
    let keys: Vec<&str> = error.fault_list().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["decisions[1].propensity", "decisions[2].converted"]);
}

/// Customers convert where exactly one of two features is high: no line tells that, and no bin.
#[test]
fn trees_are_taken_where_features_act_together() {
    let mut stream = Stream::new(21, "together");
    let truth = |a: f64, b: f64, offer: &str| {
        let base = if (a > 0.5) != (b > 0.5) { 0.6 } else { 0.2 };
        if offer == "tea" { base } else { 0.5 * base }
    };
    let logs: Vec<LoggedDecision> = (0..8_000)
        .map(|row| {
            let (a, b) = (stream.uniform(), stream.uniform());
            let offer = ["cocoa", "tea"][stream.below(2)];
            let numbers = [("a".to_owned(), a), ("b".to_owned(), b)].into();
            LoggedDecision {
                customer: CustomerId(row / 2),
                context: Context { numbers, texts: [("kind".to_owned(), "person".to_owned())].into() },
                offer: Some(offer.to_owned()),
                channel: Some(["email", "letter"][stream.below(2)].to_owned()),
                propensity: 0.25,
                converted: f64::from(u8::from(stream.uniform() < truth(a, b, offer))),
            }
        })
        .collect();
    let boosting = Some(BoostingParams::new().rounds(60, 0.1));
    let params = ResponseParams { boosting, ..ResponseParams::default() };
    let model = ResponseModel::train(&logs, &[], &params).unwrap();
    let choice = model.choice.as_ref().unwrap();
    assert!(
        model.trees_count() && choice.candidates.len() == 5 && choice.chosen != "logistic regression",
        "{choice:?}"
    );
    let mut squares = 0.0;
    for (a, b, offer) in [(0.2, 0.2, "tea"), (0.2, 0.8, "tea"), (0.8, 0.2, "cocoa"), (0.8, 0.8, "cocoa")] {
        let mean = model.predict(&[("a", a), ("b", b)][..], Some(offer), Some("letter")).mean;
        squares += (mean - truth(a, b, offer)).powi(2);
    }
    assert!((squares / 4.0).sqrt() < 0.05, "{squares}");
    let read: ResponseModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    assert_eq!(model, read);
    // The same kind of other decisions: nothing is chosen again.
    let again = model.refit(&logs, &[], &params).unwrap();
    assert!(again.choice.is_none() && again.trees_count());
    let someone = [("a", 0.3), ("b", 0.9)];
    assert_eq!(
        again.predict(&someone[..], Some("tea"), Some("email")),
        model.predict(&someone[..], Some("tea"), Some("email"))
    );
    let plain = ResponseModel::train(&logs, &[], &ResponseParams::default()).unwrap();
    assert!(!plain.trees_count() && plain.choice.unwrap().because.contains("no challenger"));
}

/// One receipt of the Starbucks data: the logged decision, what it is worth when completed, and the customer's fold.
struct Receipt {
    log: LoggedDecision,
    fold: usize,
}

/// The file's text, or None (said) when the data are not on this machine.
fn starbucks() -> Option<String> {
    let path = std::path::Path::new(".").join("../shared/data/starbucks/offers_long.csv.gz");
    let Ok(file) = std::fs::File::open(path) else {
        eprintln!("skipped: ../shared/data/starbucks is absent");
        return None;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text)
}

/// Profile, strictly past history, the offer's own terms, and when it was received: the inputs of the reference.
const STARBUCKS_NUMBERS: [&str; 16] = [
    "age",
    "income",
    "member_days",
    "missing",
    "h_n_recv",
    "h_n_recv_noninfo",
    "h_n_done",
    "h_reward",
    "h_rate",
    "reward",
    "difficulty",
    "duration",
    "ch_web",
    "ch_mobile",
    "ch_social",
    "offer_received_time",
];

fn receipts(text: &str) -> Vec<Receipt> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let numbers = STARBUCKS_NUMBERS.map(|name| (name, at(name)));
    let (offer, done, gender) = (at("offer_type_v2"), at("offer_completed"), at("gender"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let numbers = numbers.iter().filter_map(|(name, i)| Some(((*name).to_owned(), cells[*i].parse().ok()?)));
            let context =
                Context { numbers: numbers.collect(), texts: [("gender".to_owned(), cells[gender].to_owned())].into() };
            let id = cells[0];
            let log = LoggedDecision {
                customer: CustomerId(i64::from_str_radix(&id[..15], 16).unwrap()),
                context,
                offer: Some(cells[offer].to_owned()),
                channel: None,
                propensity: 0.1,
                converted: cells[done].parse().unwrap(),
            };
            Receipt { log, fold: usize::from_str_radix(&id[id.len() - 4..], 16).unwrap() % 5 }
        })
        .collect()
}

/// (difficulty - reward) of an offer named `kind-reward-difficulty-duration`.
fn worth(offer: &str) -> f64 {
    let parts: Vec<f64> = offer.split('-').skip(1).map(|part| part.parse().unwrap()).collect();
    parts[1] - parts[0]
}

/// The best of the offers by P x (difficulty - reward), and the inverse-propensity value of choosing so: on all receipts, each by
/// a model that has not seen its customer. To be quick without optimisation each model learns from every second receipt of the
/// other folds, with fewer trees than come with the program; `cargo bench --bench clients -- starbucks` gives the figure of the
/// whole.
#[test]
fn starbucks_policy_out_of_fold_is_worth_at_least_seven() {
    let Some(text) = starbucks() else { return };
    let receipts = receipts(&text);
    assert_eq!(receipts.len(), 76_277);
    let offers: std::collections::BTreeSet<&str> =
        receipts.iter().filter_map(|r| r.log.offer.as_deref()).filter(|o| !o.starts_with("info")).collect();
    let boosting = Some(BoostingParams::new().depth(5).rounds(50, 0.2));
    let params = ResponseParams { folds: 2, boosting, ..ResponseParams::default() };
    let (mut value, mut happened, mut predicted) = (0.0, Vec::new(), Vec::new());
    for fold in 0..5 {
        let completable = |r: &&Receipt| offers.contains(r.log.offer.as_deref().unwrap_or_default());
        let train: Vec<LoggedDecision> =
            receipts.iter().filter(|r| r.fold != fold).filter(completable).step_by(2).map(|r| r.log.clone()).collect();
        let model = ResponseModel::train(&train, &[], &params).unwrap();
        assert!(model.trees_count(), "trees know more than lines: {:?}", model.choice);
        assert!(model.features().all(|name| name != "reward"), "the offer's terms are no features of the customer");
        for receipt in receipts.iter().filter(|r| r.fold == fold) {
            let customer = model.encode(&receipt.log.context);
            let expected = |offer: &str| model.predict_encoded(&customer, Some(offer), None).mean * worth(offer);
            let worths = offers.iter().map(|offer| (expected(offer), *offer));
            let best = worths.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, offer)| offer);
            let given = receipt.log.offer.as_deref();
            if best == given {
                value += receipt.log.converted * worth(best.unwrap()) / receipt.log.propensity;
            }
            if completable(&receipt) {
                happened.push(receipt.log.converted > 0.5);
                predicted.push(model.predict_encoded(&customer, given, None).mean);
            }
        }
    }
    let value = value / receipts.len() as f64;
    let metrics = crate::models::evaluation::Metrics::of(&happened, &predicted).unwrap();
    eprintln!("out-of-fold policy value {value:.4}; {metrics:?}");
    assert!(value >= 7.0, "{value}");
    assert!(metrics.auc >= 0.835 && metrics.ece10 <= 0.0125, "{metrics:?}");
}
