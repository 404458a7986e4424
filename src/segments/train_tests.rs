//! Segments of made-up customers whose groups are known.

use super::*;
use crate::ids::CustomerId;
use crate::models::ModelSpec;
use crate::random::Stream;

/// A spec of three lines and what `more` says.
fn spec(more: &str) -> SegmentsSpec {
    match ModelSpec::parse(&format!("name = \"segments\"\nkind = \"segments\"\n{more}"), "segments.toml").unwrap() {
        ModelSpec::Segments(spec) => spec,
        other => panic!("{other:?}"),
    }
}

fn of_three() -> SegmentsSpec {
    spec("count = 3\nstarts = 4")
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

fn given(matrix: &FeatureMatrix) -> Given<'_> {
    Given { matrix, labels: None, members: None }
}

fn fitted(spec: &SegmentsSpec, matrix: &FeatureMatrix, previous: Option<&SegmentModel>) -> (Fit, SegmentModel) {
    let fit = train_segments(spec, &given(matrix), Timestamp(0), previous).unwrap();
    let model = fit.parameters().unwrap();
    (fit, model)
}

fn metrics(fit: &Fit) -> SegmentMetrics {
    serde_json::from_value(fit.metrics.clone()).unwrap()
}

#[test]
fn finds_the_kinds_and_names_them_by_either_method() {
    let matrix = customers(1);
    for method in ["k-means", "mixture"] {
        let (fit, model) = fitted(&spec(&format!("method = \"{method}\"\ncount = 3\nstarts = 4")), &matrix, None);
        let assigned = model.assign(&given(&matrix)).unwrap();
        assert!((0..300).all(|row| assigned.membership[row] == assigned.membership[row % 3]), "{method}");
        let name = |kind: usize| model.segments()[assigned.membership[kind].unwrap()].name.as_str();
        assert_eq!(name(0), "recent, frequent, larger purchases");
        assert!(name(1).starts_with("long ago"), "{}", name(1));
        assert!(fit.verdict.passed);
        assert!(metrics(&fit).silhouette.unwrap() > 0.6 && metrics(&fit).sizes == [100, 100, 100], "{:?}", fit.metrics);
        assert_eq!(assigned.likeness.is_some(), method == "mixture");
    }
}

#[test]
fn the_number_is_chosen_by_data_and_the_card_says_why() {
    let (fit, model) = fitted(&spec("count = \"auto\"\nstarts = 2"), &customers(1), None);
    assert_eq!(model.segments().len(), 3);
    let metrics = metrics(&fit);
    assert_eq!(metrics.tried.iter().map(|tried| tried.count).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
    assert!(metrics.stability.unwrap() > 0.99);
    let card = fit.card.to_markdown();
    assert!(card.contains("3 of 2 to 8 segments: the best silhouette among the numbers on which two halves"), "{card}");
}

#[test]
fn a_segment_keeps_its_code_when_fitted_again_with_another_seed_or_number() {
    let (_, first) = fitted(&of_three(), &customers(1), None);
    let matrix = customers(2);
    let code = |model: &SegmentModel, kind: usize| {
        let place = model.assign(&given(&matrix)).unwrap().membership[kind].unwrap();
        model.segments()[place].code.clone()
    };
    for seed in [7, 8] {
        let (_, again) = fitted(&SegmentsSpec { seed, ..of_three() }, &matrix, Some(&first));
        (0..3).for_each(|kind| assert_eq!(code(&again, kind), code(&first, kind)));
    }
    // Two groups: both bear codes of before; three again: the code that was dropped does not come back for others.
    let (_, two) = fitted(&spec("count = 2\nstarts = 4"), &matrix, Some(&first));
    let (_, three) = fitted(&of_three(), &matrix, Some(&two));
    let codes = |model: &SegmentModel| model.segments().iter().map(|s| s.code.clone()).collect::<Vec<_>>();
    assert!(codes(&two).iter().all(|code| codes(&first).contains(code)), "{:?}", codes(&two));
    let new: Vec<String> = codes(&three).into_iter().filter(|code| !codes(&two).contains(code)).collect();
    assert_eq!(new, ["s4"]);
}

#[test]
fn customers_without_differences_are_not_called_segments() {
    let matrix = FeatureMatrix { values: Array2::ones((300, 3)), ..customers(1) };
    assert!(!fitted(&of_three(), &matrix, None).0.verdict.passed);
}

#[test]
fn a_sample_teaches_and_all_are_assigned() {
    let mut small = of_three();
    small.sample = 90;
    let matrix = customers(3);
    let (fit, model) = fitted(&small, &matrix, None);
    assert_eq!(metrics(&fit).rows, 90);
    assert_eq!(model.assign(&given(&matrix)).unwrap().membership.len(), 300);
    assert_eq!(fitted(&small, &matrix, None).0, fit, "the same again");
}

#[test]
fn the_grid_has_codes_of_three_scores_and_serves() {
    let matrix = customers(1);
    let (fit, model) = fitted(&spec("method = \"rfm\""), &matrix, None);
    assert!(fit.verdict.passed);
    let found = model.assign(&given(&matrix)).unwrap().membership;
    let code = |row: usize| model.segments()[found[row].unwrap()].code.as_str();
    assert!(code(0).starts_with(['4', '5']) && code(1).starts_with(['1', '2']), "{} {}", code(0), code(1));
    assert_eq!(model.segments().len(), 125);
}

#[test]
fn labels_make_segments_and_nobody_is_left_out() {
    let matrix = customers(1);
    let labels: Vec<String> =
        (0..300).map(|row| ["BG", "RO", "rare"][if row == 7 { 2 } else { row % 2 }].into()).collect();
    let given = Given { matrix: &matrix, labels: Some(&labels), members: None };
    let by = spec("method = \"attributes\"\nby = [\"country\"]\nmin_size = 20");
    let fit = train_segments(&by, &given, Timestamp(0), None).unwrap();
    let model: SegmentModel = fit.parameters().unwrap();
    let found = model.assign(&given).unwrap().membership;
    assert_eq!(model.segments().iter().map(|s| s.code.as_str()).collect::<Vec<_>>(), ["bg", "ro", "others"]);
    assert_eq!((found[0], found[1], found[7]), (Some(0), Some(1), Some(2)));
}

#[test]
fn lookalikes_are_of_the_members_kind_and_judged_on_members_left_out() {
    let matrix = customers(1);
    // Half of the first kind are known members; the other half should be found.
    let members: Vec<bool> = (0..300).map(|row| row % 6 == 0).collect();
    let given = Given { matrix: &matrix, labels: None, members: Some(&members) };
    let like = spec("method = \"lookalike\"\nof = \"best\"\nsize = 50");
    let fit = train_segments(&like, &given, Timestamp(0), None).unwrap();
    assert!(fit.verdict.passed && metrics(&fit).auc.unwrap() > 0.85, "{:?}", fit.metrics);
    let model: SegmentModel = fit.parameters().unwrap();
    assert_eq!(model.segments()[0].name, "like best");
    let found = model.assign(&given).unwrap();
    let taken: Vec<usize> = (0..300).filter(|&row| found.membership[row].is_some()).collect();
    assert_eq!(taken, (0..300).filter(|row| row % 6 == 3).collect::<Vec<_>>());
    // Members drawn at random are like nobody in particular.
    let mut stream = Stream::new(1, "members");
    let anybody: Vec<bool> = (0..300).map(|_| stream.uniform() < 0.3).collect();
    let given = Given { members: Some(&anybody), ..given };
    let fit = train_segments(&like, &given, Timestamp(0), None).unwrap();
    assert!(!fit.verdict.passed && fit.verdict.missed[0].contains("is below 0.6"), "{:?}", fit.verdict);
}

#[test]
fn needs_select_the_level_of_service() {
    let mut stream = Stream::new(4, "needs");
    let asked = [[5.0, 1.0], [1.0, 5.0]];
    let matrix = FeatureMatrix {
        customers: (0..200).map(CustomerId).collect(),
        names: ["attribute.need_speed", "attribute.need_price"].map(String::from).to_vec(),
        values: Array2::from_shape_fn((200, 2), |(row, column)| match row {
            // Somebody answered half of the questions, somebody none.
            198 if column == 1 => f64::NAN,
            199 => f64::NAN,
            _ => asked[row % 2][column] + 0.3 * stream.normal(),
        }),
    };
    let needs = spec(
        "count = 2\nfeatures = [{ name = \"attribute.need_speed\" }, { name = \"attribute.need_price\" }]\n\
         [service_levels]\n\"attribute.need_speed\" = \"express\"\n\"attribute.need_price\" = \"self-service\"",
    );
    let (fit, model) = fitted(&needs, &matrix, None);
    assert!(fit.verdict.passed);
    let found = model.assign(&given(&matrix)).unwrap().membership;
    let level = |row: usize| found[row].and_then(|place| model.service_level(place));
    assert_eq!(
        (level(0), level(1), level(198), level(199)),
        (Some("express"), Some("self-service"), Some("express"), None)
    );
}

#[test]
fn every_fault_of_a_spec_is_named() {
    let text = "name = \"x\"\nkind = \"segments\"\nmethod = \"rfm\"\nbins = 1\ncount = 3\nmin_auc = 0.7\n\
        [service_levels]\n\"attribute.y\" = \"z\"\n[plan.s1]\nretention = 2.0\n";
    let error = ModelSpec::parse(text, "x.toml").unwrap_err();
    let keys: Vec<&str> = error.fault_list().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["count", "min_auc", "bins", "service_levels", "plan.s1"], "{error}");
    let refused = |more: &str| {
        ModelSpec::parse(&format!("name = \"x\"\nkind = \"segments\"\n{more}"), "x").unwrap_err().to_string()
    };
    assert!(refused("method = \"magic\"").contains("none of k-means, mixture, rfm, attributes, lookalike"));
    assert!(refused("count = \"many\"").contains("neither a number nor"));
    assert!(refused("method = \"lookalike\"\nof = \"a\"\nids = [\"b\"]\nsize = 3").contains("either a segment"));
    assert!(refused("method = \"attributes\"\nby = [{ fact = \"age\", bands = [3.0, 3.0] }]").contains("must rise"));
}

/// More rows than one block holds, by every method that fits; and the number chosen by data.
#[test]
fn segments_are_the_same_on_any_number_of_threads() {
    let mut stream = Stream::new(9, "threads");
    let many = FeatureMatrix {
        customers: (0..8_500).map(CustomerId).collect(),
        names: ["recency", "freq", "monetary"].map(String::from).to_vec(),
        values: Array2::from_shape_fn((8_500, 3), |(row, column)| {
            KINDS[row % 3][column] * (0.4 * stream.normal()).exp()
        }),
    };
    let few = customers(1);
    for (matrix, more) in [
        (&many, "method = \"k-means\"\ncount = 3\nstarts = 2"),
        (&many, "method = \"mixture\"\ncount = 3\nstarts = 1"),
        (&many, "method = \"lookalike\"\nof = \"best\"\nsize = 50"),
        (&few, "method = \"k-means\"\ncount = \"auto\"\nstarts = 2"),
        (&few, "method = \"mixture\"\ncount = \"auto\"\nstarts = 1"),
    ] {
        let members: Vec<bool> = (0..matrix.customers.len()).map(|row| row % 6 == 0).collect();
        let given = Given { matrix, labels: None, members: Some(&members) };
        let fit = || {
            let fit = train_segments(&spec(more), &given, Timestamp(0), None).unwrap();
            let model: SegmentModel = fit.parameters().unwrap();
            let assigned = model.assign(&given).unwrap();
            (fit.parameters.to_string(), fit.metrics.to_string(), format!("{assigned:?}"))
        };
        let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(fit);
        let alone = on(1);
        [2, 3, 5].into_iter().for_each(|threads| assert!(alone == on(threads), "{more}: {threads} threads"));
    }
}
