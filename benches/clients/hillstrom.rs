//! Hillstrom's e-mail test, out of fold (row mod 5): how well those are found whom an e-mail brings to visit, and whether choosing
//! among the three arms by customer beats the men's e-mail for everybody.

use std::collections::HashMap;
use std::path::Path;

use vizavi::ids::CustomerId;
use vizavi::learning::comparison::{Contender, compare};
use vizavi::learning::off_policy::{Expected, Logged, Options};
use vizavi::models::response::Context;
use vizavi::models::uplift::qini::{Qini, Ranked};
use vizavi::models::{LoggedDecision, ResponseModel, uplift};

use super::{FOLDS, learning, line};

const ARMS: [&str; 3] = ["No E-Mail", "Mens E-Mail", "Womens E-Mail"];

/// The arm that was dealt, and the decision.
type Dealt = (usize, LoggedDecision);

pub fn run() {
    let path = Path::new(".").join("../shared/data/hillstrom/hillstrom.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return;
    };
    for outcome in ["visit", "conversion"] {
        let dealt = dealt(&text, outcome);
        let expected = out_of_fold(&dealt);
        for arm in [1, 2] {
            if let Some(qini) = ranking(&dealt, &expected, arm) {
                let case = format!("hillstrom {}, {outcome}", ARMS[arm]);
                line(&case, "qini_x1e4", 1e4 * qini.coefficient, "1");
                line(&case, "qini_null_deviation_x1e4", 1e4 * qini.null_deviation, "1");
            }
        }
        policies(&dealt, &expected, outcome);
    }
}

fn dealt(text: &str, outcome: &str) -> Vec<Dealt> {
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize::<HashMap<String, String>>();
    let read = |(row, cells): (usize, csv::Result<HashMap<String, String>>)| {
        let cells = cells.expect("the file is CSV");
        let arm = ARMS.iter().position(|arm| *arm == cells["segment"]).expect("one of the three arms");
        let number = |name: &str| (name.to_owned(), cells[name].parse().expect("a number"));
        let log = LoggedDecision {
            customer: CustomerId(row as i64),
            context: Context {
                numbers: ["recency", "history", "mens", "womens", "newbie"].map(number).into(),
                texts: ["zip_code", "channel"].map(|name| (name.to_owned(), cells[name].clone())).into(),
            },
            offer: (arm > 0).then(|| ARMS[arm].to_owned()),
            channel: None,
            propensity: 1.0 / 3.0,
            converted: number(outcome).1,
        };
        (arm, log)
    };
    rows.enumerate().map(read).collect()
}

/// By row: the chance of the outcome under each arm, by a model that has not seen the customer.
fn out_of_fold(dealt: &[Dealt]) -> Vec<[f64; 3]> {
    let params = learning();
    let mut expected = vec![[0.0; 3]; dealt.len()];
    for fold in 0..FOLDS {
        let others = dealt.iter().enumerate().filter(|(row, _)| row % FOLDS != fold);
        let others: Vec<LoggedDecision> = others.map(|(_, (_, log))| log.clone()).collect();
        let mut model = ResponseModel::train(&others, &[], &params).expect("the rows are good logs");
        let (lifts, figures) = uplift::fit(&others, &model, &[], &params).expect("the rows are good logs");
        model.uplift = lifts;
        figures.iter().for_each(|one| eprintln!("fold {fold}: {}", one.words()));
        for row in (fold..dealt.len()).step_by(FOLDS) {
            let seen = model.encode(&dealt[row].1.context);
            let (mens, none) = model.with_and_without(&seen, ARMS[1], "");
            expected[row] = [none, mens, model.with_and_without(&seen, ARMS[2], "").0];
        }
    }
    expected
}

fn ranking(dealt: &[Dealt], expected: &[[f64; 3]], arm: usize) -> Option<Qini> {
    let rows = dealt.iter().zip(expected).filter(|((given, _), _)| *given == 0 || *given == arm);
    let ranked = rows.map(|((given, log), p)| Ranked {
        score: p[arm] - p[0],
        treated: *given == arm,
        outcome: log.converted,
        weight: 1.0,
    });
    Qini::of(&ranked.collect::<Vec<_>>())
}

fn policies(dealt: &[Dealt], expected: &[[f64; 3]], outcome: &str) {
    let policy = |name: &str, takes: &dyn Fn(&[f64; 3]) -> usize| Contender {
        name: name.to_owned(),
        log: (dealt.iter().zip(expected).enumerate())
            .map(|(row, ((given, log), p))| Logged {
                cluster: row as i64,
                reward: log.converted,
                propensity: 1.0 / 3.0,
                target: f64::from(u8::from(takes(p) == *given)),
                unsupported: 0.0,
                expected: Some(Expected { taken: p[*given], candidate: p[takes(p)] }),
            })
            .collect(),
    };
    let best = |p: &[f64; 3]| (0..3).fold(0, |best, arm| if p[arm] > p[best] { arm } else { best });
    let mut contenders = vec![policy("the policy", &best)];
    contenders.extend((0..3).map(|arm| policy(ARMS[arm], &|_| arm)));
    let made = compare(&contenders, &Options::default());
    eprintln!("{outcome}: {}", made.words);
    let case = format!("hillstrom three arms, {outcome}");
    line(&case, "winners_claimed", f64::from(u8::from(made.winner.is_some())), "1");
    for other in &made.against {
        let metric = format!("{}_over_{}", made.best.as_deref().unwrap_or_default(), other.name).replace(' ', "_");
        line(&case, &metric, other.gain.estimate, "1");
    }
}
