//! Point in time, by random facts: what happens at or after the instant changes no feature, and what happened before it, or
//! after the horizon, changes no label.

use proptest::prelude::*;
use vizavi::clock::{DAY, Timestamp};
use vizavi::features::{Catalogue, FeatureMatrix, matrix, purchase_within};
use vizavi::history::facts::{self, FactType};
use vizavi::history::{Fact, Kind, Value};
use vizavi::ids::CustomerId;
use vizavi::settings::Settings;

use crate::import::Place;

const START: i64 = 1_300_000_000_000_000;
const DAYS: i64 = 500;
const HORIZON: u32 = 60;

/// A fact that is still to be given a place in time.
#[derive(Debug, Clone)]
struct Draft {
    fact_type: usize,
    customer: i64,
    /// Microseconds after the start; some stand exactly on the instant asked about, or beside it.
    at: i64,
    words: usize,
    number: i64,
}

fn draft(as_of: i64) -> impl Strategy<Value = Draft> {
    let at = prop_oneof![8 => 0..DAYS * DAY, 1 => Just(as_of - 1), 1 => Just(as_of), 1 => Just(as_of + 1)];
    (0..facts::ALL.len() - 1, 1..5_i64, at, 0..1_000_usize, 1..5_000_i64)
        .prop_map(|(fact_type, customer, at, words, number)| Draft { fact_type, customer, at, words, number })
}

fn fact((index, draft): (usize, &Draft)) -> (&'static FactType, Fact) {
    let fact_type = facts::ALL[draft.fact_type];
    let pick = |words: &[&str]| Value::Text(words[draft.words % words.len()].to_owned());
    let values = fact_type.columns.iter().map(|column| match (column.name, column.kind) {
        ("direction", _) => pick(&["in", "out"]),
        ("channel", _) => pick(&["email", "call", "sms", "web", "letter"]),
        ("reason", _) => pick(&["complaint", "campaign", "order"]),
        ("outcome", _) => pick(&["opened", "clicked", "sent", "solved", "unsubscribed"]),
        ("status", _) if fact_type.name == "claim" => pick(&["opened", "paid", "rejected", "closed"]),
        ("status", _) => pick(&["started", "renewed", "ended"]),
        ("name", _) => pick(&["basket_left", "search", "page_view"]),
        ("category", _) => pick(&["tea", "cups"]),
        ("order_key" | "sku" | "claim_key" | "subscription_key", _) => pick(&["a", "b", "c", "d", "e", "f", "g"]),
        (_, Kind::Json) => Value::Text("{}".into()),
        (_, Kind::Text) => Value::Null,
        (_, Kind::Time) => Value::Int(START + draft.at + draft.number * 1_000_000),
        ("delivery_id", _) => Value::Int(draft.number % 3),
        (_, Kind::Float) => Value::Float(draft.number as f64),
        (_, Kind::Int | Kind::Money) => Value::Int(draft.number),
    });
    let (customer, occurred_at) = (CustomerId(draft.customer), Timestamp(START + draft.at));
    (fact_type, Fact { customer, occurred_at, source: "t".into(), key: index.to_string(), values: values.collect() })
}

/// A history of the drafts that `keep` lets pass; a part of them sealed.
fn history(drafts: &[Draft], keep: impl Fn(i64) -> bool, sealed: usize) -> Place {
    let place = Place::new();
    let now = Timestamp(START + DAYS * DAY);
    let facts: Vec<_> = drafts.iter().enumerate().filter(|(_, draft)| keep(draft.at)).map(fact).collect();
    for (index, (fact_type, fact)) in facts.into_iter().enumerate() {
        place.history.append(fact_type, &[fact], now).unwrap();
        if index == sealed {
            place.history.seal_tail(now).unwrap();
        }
    }
    place
}

fn features(place: &Place, as_of: i64) -> FeatureMatrix {
    matrix(&place.history, Timestamp(START + as_of), &Catalogue::embedded(), &[], &Settings::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn the_future_changes_no_feature_and_the_past_no_label(
        (as_of, drafts) in (0..DAYS * DAY)
            .prop_flat_map(|as_of| (Just(as_of), proptest::collection::vec(draft(as_of), 5..60))),
        sealed in 0..60_usize,
    ) {
        let horizon = i64::from(HORIZON) * DAY;
        let all = history(&drafts, |_| true, sealed);
        let earlier = history(&drafts, |at| at < as_of, sealed / 2);
        let made = features(&all, as_of);
        prop_assert!(made.values.iter().all(|value| value.is_finite()));
        prop_assert_eq!(&made, &features(&earlier, as_of));
        let within = history(&drafts, |at| (as_of..as_of + horizon).contains(&at), sealed);
        let label = |place: &Place| purchase_within(&place.history, Timestamp(START + as_of), HORIZON).unwrap();
        prop_assert_eq!(label(&all), label(&within));
        prop_assert!(label(&earlier).is_empty());
    }
}
