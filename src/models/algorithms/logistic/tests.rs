//! The logistic regression against scikit-learn, and on data that made weights are to be found in.

use super::*;
use crate::random::{Stream, mix};

/// The data of the reference figures: counter-based SplitMix64 and Box-Muller, the same numbers in every language.
fn reference(rows: usize, columns: usize) -> (Array2<f64>, Vec<bool>) {
    let uniform = |seed: u64, i: usize| {
        let bits = mix(seed.wrapping_add((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        ((bits >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    };
    let normal = |seed: u64, i: usize| {
        (-2.0 * uniform(seed, i).ln()).sqrt() * (std::f64::consts::TAU * uniform(seed + 1, i)).cos()
    };
    let x = Array2::from_shape_fn((rows, columns), |(row, column)| normal(21, row * columns + column));
    let happened = (0..rows).map(|i| {
        let row = x.row(i);
        let linear: f64 = (0..columns).map(|j| row[j] * normal(31, j) * 0.4).sum();
        uniform(41, i) < sigmoid(linear + 0.5 * row[0] * row[1] - 0.3 * row[2] * row[2] + 0.3)
    });
    let happened = happened.collect();
    (x, happened)
}

fn close(model: &Logistic, intercept: f64, weights: [f64; 4]) {
    let away = model.weights.iter().zip(weights).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(away < 1e-6 && (model.intercept - intercept).abs() < 1e-6, "{model:?}");
}

/// scikit-learn 1.9.1, `LogisticRegression(C=0.1, tol=1e-12, solver="newton-cholesky")`, without and with weights 1, 2, 3, 1, ...
#[test]
fn works_like_sklearn() {
    let (x, happened) = reference(20_000, 4);
    let labels = ArrayView1::from(&happened);
    let dataset = DatasetBase::new(x.view(), labels);
    close(
        &LogisticParams::new().l2(10.0).fit(&dataset).unwrap(),
        0.036_827_49,
        [0.172_076_863, -0.231_292_607, -0.077_818_359, -0.089_861_198],
    );
    let weights = (0..20_000_u16).map(|row| f32::from(1 + row % 3)).collect();
    let weighted = LogisticParams::new().l2(10.0).fit(&dataset.with_weights(weights)).unwrap();
    close(&weighted, 0.032_234_62, [0.177_888_501, -0.225_855_536, -0.078_898_645, -0.094_284_302]);
}

/// The estimator that stood here before. It knows the larger of the two classes; we know the event.
#[test]
fn works_like_linfa_logistic() {
    let (x, happened) = reference(2_000, 3);
    let dataset = DatasetBase::new(x.view(), ndarray::Array1::from(happened.clone()));
    let theirs =
        linfa_logistic::LogisticRegression::default().alpha(2.0).gradient_tolerance(1e-6).fit(&dataset).unwrap();
    let sign = if theirs.labels().pos.class { 1.0 } else { -1.0 };
    let ours = Logistic::fit(&x, &happened, 2.0).unwrap();
    assert!((ours.intercept - sign * theirs.intercept()).abs() < 1e-4, "{ours:?}");
    let away = ours.weights.iter().zip(theirs.params()).map(|(a, b)| (a - sign * b).abs()).fold(0.0, f64::max);
    assert!(away < 1e-4, "{ours:?}");
}

/// No component of the gradient is left, whether second derivatives came from all rows or from a sample; and the number of
/// threads changes no bit.
#[test]
fn ends_where_the_gradient_is_zero_on_any_number_of_threads() {
    for rows in [2_000, 60_000] {
        let (x, happened) = reference(rows, 3);
        let fit = || Logistic::fit(&x, &happened, 2.0).unwrap();
        let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(fit);
        let model = on(1);
        assert_eq!(model, on(2));
        assert_eq!(model, on(3));
        let mut gradient: Vec<f64> = model.weights.iter().map(|w| 2.0 * w).chain([0.0]).collect();
        for (row, &y) in x.rows().into_iter().zip(&happened) {
            let away = model.probability(row.as_slice().unwrap()) - f64::from(u8::from(y));
            row.iter().chain([&1.0]).zip(&mut gradient).for_each(|(x, g)| *g += away * x);
        }
        assert!(gradient.iter().all(|g| g.abs() <= 2e-7 * rows as f64), "{gradient:?}");
    }
}

#[test]
fn recovers_the_weights_that_made_the_data_whichever_class_is_larger() {
    for intercept in [-1.0, 1.0] {
        let mut stream = Stream::new(3, "logistic");
        let x = Array2::from_shape_fn((4000, 2), |_| stream.normal());
        let happened: Vec<bool> = x
            .rows()
            .into_iter()
            .map(|row| stream.uniform() < sigmoid(intercept + 1.5 * row[0] - 0.8 * row[1]))
            .collect();
        let model = Logistic::fit(&x, &happened, 1.0).unwrap();
        assert!((model.intercept - intercept).abs() < 0.15, "{model:?}");
        assert!((model.weights[0] - 1.5).abs() < 0.15 && (model.weights[1] + 0.8).abs() < 0.15, "{model:?}");
        let predicted: Array1<f64> = linfa::traits::Predict::predict(&model, &x);
        assert_eq!(predicted[7], model.probability(x.row(7).as_slice().unwrap()));
    }
}

/// Bins that are all 0, one column twice, rows that a line separates: none stops a fit that has a penalty.
#[test]
fn columns_without_information_are_no_obstacle() {
    let mut stream = Stream::new(4, "logistic");
    let mut x = Array2::from_shape_fn((500, 4), |(_, column)| if column == 1 { 0.0 } else { stream.normal() });
    for row in 0..500 {
        x[[row, 3]] = x[[row, 2]];
    }
    let happened: Vec<bool> = x.rows().into_iter().map(|row| row[0] > 0.0).collect();
    let model = Logistic::fit(&x, &happened, 1.0).unwrap();
    assert!(model.weights[1] == 0.0 && (model.weights[2] - model.weights[3]).abs() < 1e-9, "{model:?}");
    assert!(model.weights[0] > 3.0 && model.weights[0].is_finite(), "{model:?}");
    let free = LogisticParams::new().penalties(vec![0.5, 0.0, 0.0, 0.0]);
    let fitted = free.fit(&DatasetBase::new(x.view(), ArrayView1::from(&happened))).unwrap();
    assert!(fitted.weights.iter().all(|w| w.is_finite()), "{fitted:?}");
}

#[test]
fn what_cannot_be_fitted_is_refused_with_the_reason() {
    let why = |x: &Array2<f64>, happened: &[bool], params: LogisticParams| {
        params.fit(&DatasetBase::new(x.view(), ArrayView1::from(happened))).unwrap_err().to_string()
    };
    let x = Array2::from_shape_fn((4, 1), |(row, _)| row as f64);
    let labels = [true, false, true, false];
    assert!(why(&x, &[true; 4], LogisticParams::new()).contains("4 of 4 rows are events"));
    assert!(why(&x, &labels, LogisticParams::new().l2(-1.0)).contains("penalty -1"));
    assert!(why(&x, &labels, LogisticParams::new().tolerance(0.0)).contains("tolerance"));
    assert!(why(&x, &labels[..2], LogisticParams::new()).contains("2 labels"));
    assert!(why(&x, &labels, LogisticParams::new().penalties(vec![])).contains("0 penalties"));
    let mut holed = x.clone();
    holed[[2, 0]] = f64::NAN;
    assert!(why(&holed, &labels, LogisticParams::new()).contains("row 2"));
    assert!(Logistic::fit(&Array2::zeros((3, 1)), &[true; 3], 1.0).is_err());
}
