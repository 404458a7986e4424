//! Starbucks, out of fold over all receipts: fold = last four hexadecimal digits of the customer mod 5. The value of a policy is the
//! inverse-propensity mean of completed x (difficulty - reward), propensity 1/10; it is gross: it counts those who would have bought
//! anyway. Inputs are those of the reference (`reference/models.md` f5): profile, strictly past history, the offer's own terms, and
//! when it was received.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use vizavi::ids::CustomerId;
use vizavi::models::evaluation::Metrics;
use vizavi::models::response::Context;
use vizavi::models::{LoggedDecision, ResponseModel};

use super::{FOLDS, learning, line};

pub fn run() {
    let path = Path::new(".").join("../shared/data/starbucks/offers_long.csv.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("the file is gzip of text");
    let receipts = receipts(&text);
    let models = train(&receipts);
    policy(&receipts, &models);
    speed(&receipts, &models[0]);
}

struct Receipt {
    log: LoggedDecision,
    fold: usize,
}

impl Receipt {
    /// Informational offers cannot be completed.
    fn completable(&self) -> bool {
        self.log.offer.as_deref().is_some_and(|offer| !offer.starts_with("informational"))
    }
}

const NUMBERS: [&str; 16] = [
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
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let at = |name: &str| names.iter().position(|known| *known == name).expect("the column is in the file's header");
    let numbers = NUMBERS.map(|name| (name, at(name)));
    let (offer, done, gender) = (at("offer_type_v2"), at("offer_completed"), at("gender"));
    let receipt = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let numbers = numbers.iter().filter_map(|(name, i)| Some(((*name).to_owned(), cells[*i].parse().ok()?)));
        let texts = [("gender".to_owned(), cells[gender].to_owned())].into();
        let id = cells[0];
        Receipt {
            log: LoggedDecision {
                // The first 15 hexadecimal digits are a customer's own.
                customer: CustomerId(i64::from_str_radix(&id[..15], 16).expect("customers have hexadecimal names")),
                context: Context { numbers: numbers.collect(), texts },
                offer: Some(cells[offer].to_owned()),
                channel: None,
                propensity: 0.1,
                converted: cells[done].parse().unwrap_or(0.0),
            },
            fold: usize::from_str_radix(&id[id.len() - 4..], 16).expect("customers have hexadecimal names") % FOLDS,
        }
    };
    lines.map(receipt).collect()
}

/// For each fold the model of the others.
fn train(receipts: &[Receipt]) -> Vec<ResponseModel> {
    let params = learning();
    let mut seconds = 0.0;
    let models = (0..FOLDS)
        .map(|fold| {
            let kept = receipts.iter().filter(|r| r.fold != fold && r.completable());
            let logs: Vec<LoggedDecision> = kept.map(|r| r.log.clone()).collect();
            let start = Instant::now();
            let model = ResponseModel::train(&logs, &[], &params).expect("the receipts are good logs");
            seconds += start.elapsed().as_secs_f64();
            if let Some(choice) = &model.choice {
                eprintln!("fold {fold}: {}", choice.words());
            }
            model
        })
        .collect();
    line("starbucks response, 5 folds", "fit_seconds_a_fold", seconds / FOLDS as f64, "s");
    models
}

/// (difficulty - reward) of an offer named `kind-reward-difficulty-duration`.
fn worth(offer: &str) -> f64 {
    let parts: Vec<f64> = offer.split('-').skip(1).filter_map(|part| part.parse().ok()).collect();
    parts[1] - parts[0]
}

fn policy(receipts: &[Receipt], models: &[ResponseModel]) {
    let offers: BTreeSet<&str> =
        receipts.iter().filter(|r| r.completable()).filter_map(|r| r.log.offer.as_deref()).collect();
    let (mut value, mut happened, mut predicted) = (0.0, Vec::new(), Vec::new());
    for receipt in receipts {
        let model = &models[receipt.fold];
        let customer = model.encode(&receipt.log.context);
        let worths = offers.iter().map(|o| (model.predict_encoded(&customer, Some(o), None).mean * worth(o), *o));
        let best = worths.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, offer)| offer);
        let given = receipt.log.offer.as_deref();
        if best == given {
            value += receipt.log.converted * best.map_or(0.0, worth) / receipt.log.propensity;
        }
        if receipt.completable() {
            happened.push(receipt.log.converted > 0.5);
            predicted.push(model.predict_encoded(&customer, given, None).mean);
        }
    }
    let case = "starbucks out of fold";
    line(case, "gross_completed_value", value / receipts.len() as f64, "1");
    match Metrics::of(&happened, &predicted) {
        Ok(metrics) => {
            line(case, "auc", metrics.auc, "1");
            line(case, "log_loss", metrics.log_loss, "nat");
            line(case, "ece10", metrics.ece10, "1");
        }
        Err(error) => eprintln!("no figures: {error}"),
    }
}

/// Time of one answer for a customer already seen, and of seeing one.
fn speed(receipts: &[Receipt], model: &ResponseModel) {
    let some = &receipts[..receipts.len().min(10_000)];
    let start = Instant::now();
    let seen: Vec<_> = some.iter().map(|r| model.encode(&r.log.context)).collect();
    line("response", "encode", start.elapsed().as_secs_f64() * 1e6 / some.len() as f64, "us");
    let offers: Vec<&str> = model.arms().iter().filter_map(|arm| arm.offer.as_deref()).collect();
    let start = Instant::now();
    for customer in &seen {
        for offer in &offers {
            black_box(model.predict_encoded(black_box(customer), Some(offer), None));
        }
    }
    let answers = (seen.len() * offers.len()).max(1) as f64;
    line("response", "predict", start.elapsed().as_secs_f64() * 1e6 / answers, "us");
}
