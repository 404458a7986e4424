//! Segments of made-up customers whose groups are known.

use super::*;
use crate::ids::CustomerId;
use crate::models::spec::EMBEDDED;
use crate::random::Stream;

fn spec(count: usize) -> SegmentsSpec {
    match ModelSpec::parse(EMBEDDED[0].1, "segments.toml").unwrap() {
        ModelSpec::Segments(spec) => SegmentsSpec { count, starts: 4, ..spec },
        other => panic!("{other:?}"),
    }
}

/// Three kinds of customers: (recency, freq, monetary).
const KINDS: [[f64; 3]; 3] = [[5.0, 30.0, 3000.0], [200.0, 2.0, 60.0], [20.0, 3.0, 100.0]];

fn customers(seed: u64) -> FeatureMatrix {
    let mut stream = Stream::new(seed, "segments");
    FeatureMatrix {
        customers: (0..300).map(CustomerId).collect(),
        names: ["recency", "freq", "monetary"].map(String::from).to_vec(),
        values: Array2::from_shape_fn((300, 3), |(row, column)| KINDS[row % 3][column] * (0.2 * stream.normal()).exp()),
    }
}

#[test]
fn finds_the_kinds_and_names_them() {
    let matrix = customers(1);
    let fit = train_segments(&spec(3), &matrix, Timestamp(0), None).unwrap();
    let model: ClusterModel = fit.parameters().unwrap();
    let assigned = model.assign(&matrix).unwrap();
    assert!((0..300).all(|row| assigned[row] == assigned[row % 3]));
    let name = |kind: usize| model.segments()[assigned[kind]].name.as_str();
    assert_eq!(name(0), "recent, frequent, high value");
    assert!(name(1).starts_with("long ago"), "{}", name(1));
    assert!(fit.verdict.passed);
    let metrics: SegmentMetrics = serde_json::from_value(fit.metrics).unwrap();
    assert!(metrics.silhouette > 0.6 && metrics.sizes == [100, 100, 100], "{metrics:?}");
}

#[test]
fn a_segment_keeps_its_code_when_fitted_again_with_another_seed() {
    let first = train_segments(&spec(3), &customers(1), Timestamp(0), None).unwrap();
    let first: ClusterModel = first.parameters().unwrap();
    let matrix = customers(2);
    let code = |model: &ClusterModel, kind: usize| model.segments()[model.assign(&matrix).unwrap()[kind]].code.clone();
    for seed in [7, 8, 9] {
        let again = train_segments(&SegmentsSpec { seed, ..spec(3) }, &matrix, Timestamp(1), Some(&first)).unwrap();
        let again: ClusterModel = again.parameters().unwrap();
        for kind in 0..3 {
            assert_eq!(code(&again, kind), code(&first, kind));
        }
    }
}

#[test]
fn customers_without_differences_are_not_called_segments() {
    let matrix = FeatureMatrix { values: Array2::ones((300, 3)), ..customers(1) };
    let fit = train_segments(&spec(3), &matrix, Timestamp(0), None).unwrap();
    assert!(!fit.verdict.passed, "{:?}", fit.verdict);
}
