//! Boosted trees on data that a line cannot tell apart.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use ndarray::{Array2, ArrayView1};

use super::*;
use crate::models::evaluation;
use crate::random::Stream;

/// Events where exactly one of two columns is above 0, or where the third is missing.
fn data(rows: usize) -> (Array2<f64>, Vec<bool>) {
    let mut stream = Stream::new(7, "boosting");
    let mut x = Array2::from_shape_fn((rows, 4), |_| stream.normal());
    let mut happened = Vec::with_capacity(rows);
    for row in 0..rows {
        let missing = stream.uniform() < 0.2;
        if missing {
            x[[row, 2]] = f64::NAN;
        }
        let exactly_one = (x[[row, 0]] > 0.0) != (x[[row, 1]] > 0.0);
        let p = if missing {
            0.9
        } else if exactly_one {
            0.7
        } else {
            0.1
        };
        happened.push(stream.uniform() < p);
    }
    (x, happened)
}

fn fitted(params: BoostingParams, x: &Array2<f64>, happened: &[bool]) -> Boosting {
    params.fit(&DatasetBase::new(x.view(), ArrayView1::from(happened))).unwrap()
}

#[test]
fn finds_what_acts_only_together_and_what_a_missing_value_tells() {
    let (x, happened) = data(6_000);
    let (train, test) = x.view().split_at(ndarray::Axis(0), 4_000);
    let model = fitted(BoostingParams::new().rounds(60, 0.1), &train.to_owned(), &happened[..4_000]);
    let p: Array1<f64> = model.predict(&test);
    let auc = evaluation::auc(&happened[4_000..], p.as_slice().unwrap()).unwrap();
    // The truth itself reaches about .86 here; a line about .68.
    assert!(auc > 0.83, "{auc}");
    let gains = model.gains(4);
    assert!(gains[3] < 0.25 * gains[0].min(gains[1]).min(gains[2]), "the last column is noise: {gains:?}");
    let seen = model.log_odds(&[1.0, 1.0, f64::NAN, 0.0]);
    assert!(seen > model.log_odds(&[1.0, 1.0, 0.0, 0.0]) + 2.0);
}

#[test]
fn contributions_add_up_to_the_answer() {
    let (x, happened) = data(2_000);
    let model = fitted(BoostingParams::new().rounds(40, 0.1), &x, &happened);
    for row in x.rows().into_iter().take(50) {
        let row = row.to_vec();
        let mut parts = vec![0.0; 4];
        model.contributions(&row, &mut parts);
        let told: f64 = model.expected() + parts.iter().sum::<f64>();
        assert!((told - model.log_odds(&row)).abs() < 1e-9);
    }
}

#[test]
fn rows_that_share_columns_are_answered_as_each_alone() {
    let (x, happened) = data(2_000);
    let model = fitted(BoostingParams::new().rounds(40, 0.1), &x, &happened);
    for row in x.rows().into_iter().take(20) {
        let shared = [row[0], row[1]];
        let own = [0.5, -1.0, f64::NAN, 0.3, -2.0, 2.0];
        let together = model.log_odds_sharing(&shared, &own, 2);
        for (own, answer) in own.chunks(2).zip(together) {
            let alone = model.log_odds(&[shared[0], shared[1], own[0], own[1]]);
            assert!((alone - answer).abs() < 1e-12);
        }
    }
}

#[test]
fn a_row_that_counts_twice_is_as_two() {
    let (x, happened) = data(1_000);
    let twice = ndarray::concatenate![ndarray::Axis(0), x, x];
    let doubled = fitted(BoostingParams::new().rounds(20, 0.1).shares(1.0, 1.0), &twice, &happened.repeat(2));
    let rows = DatasetBase::new(x.view(), ArrayView1::from(&happened));
    let weighted = rows.with_weights(ndarray::Array1::from_elem(1_000, 2.0));
    let weighted = BoostingParams::new().rounds(20, 0.1).shares(1.0, 1.0).fit(&weighted).unwrap();
    let furthest = x.rows().into_iter().map(|row| {
        let row = row.to_vec();
        (weighted.log_odds(&row) - doubled.log_odds(&row)).abs()
    });
    assert!(furthest.fold(0.0, f64::max) < 1e-9);
}

#[test]
fn threads_change_no_bit_and_the_seed_does() {
    let (x, happened) = data(20_000);
    let params = BoostingParams::new().rounds(8, 0.1);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fitted(params, &x, &happened))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(3));
    assert_ne!(one, fitted(params.seed(2), &x, &happened));
    let stored: Boosting = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
    assert_eq!(stored, one, "JSON keeps every bit");
}

#[test]
fn what_cannot_be_grown_is_refused() {
    let (x, happened) = data(100);
    let why = |params: BoostingParams, happened: &[bool]| {
        params.fit(&DatasetBase::new(x.view(), ArrayView1::from(happened))).unwrap_err().to_string()
    };
    assert!(why(BoostingParams::new().depth(0), &happened).contains("depth = 0 is outside 1..8"));
    assert!(why(BoostingParams::new(), &[true; 100]).contains("100 of 100"));
    assert!(why(BoostingParams::new(), &happened[..5]).contains("5 labels"));
}
