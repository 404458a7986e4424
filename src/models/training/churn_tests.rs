//! The churn model against the reference figures of Online Retail, and its refusals.

use ndarray::Array2;

use super::*;
use crate::clock::Timestamp;
use crate::ids::CustomerId;
use crate::models::spec::EMBEDDED;

fn spec() -> ChurnSpec {
    let text = EMBEDDED.iter().find(|(name, _)| *name == "churn").unwrap().1;
    match ModelSpec::parse(text, "churn.toml").unwrap() {
        ModelSpec::Churn(spec) => spec,
        other => panic!("{other:?}"),
    }
}

/// Reference features as of a day, or None (said) when the data are not on this machine.
fn online_retail(day: &str) -> Option<Labelled> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../shared/data/online_retail/features_cut_{day}.csv"));
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: ../shared/data/online_retail is absent");
        return None;
    };
    let mut lines = text.lines();
    let names: Vec<String> = lines.next()?.split(',').map(str::to_owned).collect();
    let features = names.len() - 2;
    let (mut customers, mut happened, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        customers.push(CustomerId(cells[0] as i64));
        happened.push(cells[features + 1] > 0.5);
        values.extend_from_slice(&cells[1..=features]);
    }
    let values = Array2::from_shape_vec((customers.len(), features), values).unwrap();
    let matrix = FeatureMatrix { customers, names: names[1..=features].to_vec(), values };
    Some(Labelled { as_of: Timestamp::parse(day).unwrap(), matrix, happened })
}

#[test]
fn online_retail_churn_reaches_the_reference() {
    let (Some(train), Some(test)) = (online_retail("2011-06-12"), online_retail("2011-09-10")) else { return };
    assert_eq!((train.happened.len(), test.happened.len()), (2811, 3370));
    let fit = train_churn(&spec(), std::slice::from_ref(&train), &test).unwrap();
    let metrics: Metrics = serde_json::from_value(fit.metrics.clone()).unwrap();
    eprintln!("{metrics:?}");
    // scikit-learn: AUC .7431, log-loss .5953, ECE .0689
    assert!(metrics.auc >= 0.74 && metrics.log_loss <= 0.60, "{metrics:?}");
    assert!(fit.verdict.passed && fit.card.verdict.starts_with("Passed"));

    // The stored parameters answer as the fit did, and a second training gives the same bytes.
    let model: ChurnModel = fit.parameters().unwrap();
    let again = Metrics::of(&test.happened, &model.predict(&test.matrix).unwrap()).unwrap();
    assert_eq!(again, metrics);
    assert_eq!(train_churn(&spec(), &[train], &test).unwrap(), fit);

    // Reasons add up to the answer.
    let (reasons, answers) = (model.reasons(&test.matrix).unwrap(), model.predict(&test.matrix).unwrap());
    for row in [0, 100, 3369] {
        let z = model.base() + reasons[row].iter().map(|(_, part)| part).sum::<f64>();
        assert!((crate::models::algorithms::sigmoid(z) - answers[row]).abs() < 1e-9);
    }
}

/// `rows` customers, of whom the first `events` leave; `recency` may give them away.
fn made_up(rows: usize, events: usize, day: &str, leaking: bool) -> Labelled {
    let names: Vec<String> = spec().features.iter().map(|feature| feature.name.clone()).collect();
    let mut stream = crate::random::Stream::new(1, day);
    let values = Array2::from_shape_fn((rows, names.len()), |(row, column)| {
        if leaking && column == 0 { f64::from(u8::from(row < events)) } else { stream.uniform() }
    });
    Labelled {
        as_of: Timestamp::parse(day).unwrap(),
        matrix: FeatureMatrix { customers: (0..rows as i64).map(CustomerId).collect(), names, values },
        happened: (0..rows).map(|row| row < events).collect(),
    }
}

#[test]
fn data_that_cannot_carry_a_model_are_refused_with_the_reason() {
    let test = made_up(200, 100, "2026-06-01", false);
    let why = |train: Labelled, test: &Labelled| train_churn(&spec(), &[train], test).unwrap_err().to_string();
    assert!(why(made_up(200, 7, "2026-03-01", false), &test).contains("7 of 200 customers left"));
    assert!(why(made_up(200, 200, "2026-03-01", false), &test).contains("at least 50"));
    assert!(why(made_up(200, 100, "2026-03-01", true), &test).contains("`recency` alone predicts"));
    assert!(why(made_up(200, 100, "2026-07-01", false), &test).contains("later"));
    assert!(why(made_up(200, 100, "2026-03-01", false), &made_up(9, 9, "2026-06-01", false)).contains("both kinds"));
}

#[test]
fn noise_does_not_pass_the_gate() {
    let (train, test) = (made_up(400, 200, "2026-03-01", false), made_up(400, 200, "2026-06-01", false));
    let fit = train_churn(&spec(), &[train], &test).unwrap();
    assert!(!fit.verdict.passed && fit.verdict.missed[0].starts_with("AUC"), "{:?}", fit.verdict);
    assert!(fit.card.to_markdown().contains("may not serve"));
}
