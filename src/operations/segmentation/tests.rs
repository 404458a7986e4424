//! Segmentations of a small company whose clients are of three kinds, from its history to its serving rows.

use std::sync::Arc;

use super::*;
use crate::clock::{DAY, ManualClock, Timestamp};
use crate::customers::{Consent, Customer, CustomerState, store as customers};
use crate::error::Kind;
use crate::history::facts::{EVENT, ORDER_ITEM};
use crate::history::import::Stage;
use crate::history::{Fact, FactType, Value};
use crate::ids::CustomerId;
use crate::money::Money;
use crate::operations::score::score;
use crate::operations::segments as rules;
use crate::operations::train::train;
use crate::operations::{Options, Workspace};
use crate::progress::Silent;
use crate::segments::rule::SegmentSpec;
use crate::segments::{self, KeptSegment};

const CLIENTS: u64 = 240;

/// Orders of each kind within two years: days between them, the last so many days ago, and the amount in cents.
const KINDS: [(i64, i64, i64); 3] = [(20, 3, 20_000), (200, 300, 2_000), (100, 20, 5_000)];

const NEEDS: &str = r#"
name = "needs"
kind = "segments"
count = 2
features = [{ name = "attribute.need_price" }, { name = "event.survey.need_speed" }]
[service_levels]
"attribute.need_price" = "self-service"
"event.survey.need_speed" = "express"
"#;

const PLACES: &str = r#"
name = "places"
kind = "segments"
method = "attributes"
by = ["country", { fact = "attribute.age", bands = [40] }]
min_size = 20
[plan.bg-age-below-40]
new_clients = 10
"#;

const GRID: &str = "name = \"rfm\"\nkind = \"segments\"\nmethod = \"rfm\"\nbins = 3\n";

fn customer(number: u64) -> CustomerId {
    CustomerId((crate::random::mix(number) >> 1) as i64)
}

fn fact(fact_type: &FactType, number: u64, at: Timestamp, key: &str, value: impl Fn(&str) -> Value) -> Fact {
    Fact {
        customer: customer(number),
        occurred_at: at,
        source: "shop".into(),
        key: key.into(),
        values: fact_type.columns.iter().map(|column| value(column.name)).collect(),
    }
}

fn company() -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("models")).unwrap();
    for (name, text) in [("needs", NEEDS), ("places", PLACES), ("rfm", GRID)] {
        std::fs::write(folder.path().join(format!("models/{name}.toml")), text).unwrap();
    }
    let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-01-05T09:00:00Z").unwrap()));
    let ws = Workspace::open(folder.path(), None, clock, Options::default()).unwrap();
    let rows: Vec<Customer> = (0..CLIENTS).map(|number| profile(&ws, number)).collect();
    let consents: Vec<Consent> =
        (0..CLIENTS).filter(|number| number % 3 == 0).map(|number| consent(&ws, number)).collect();
    ws.store()
        .write(|conn| {
            customers::upsert(conn, &rows)?;
            customers::record_consents(conn, &consents)
        })
        .unwrap();
    let mut stage = Stage::new(ws.history()).unwrap();
    for number in 0..CLIENTS {
        for (order, days) in days_of(number).into_iter().enumerate() {
            let key = format!("{number}-{order}");
            let amount = KINDS[number as usize % 3].2;
            let line = fact(&ORDER_ITEM, number, ws.now().plus(-days * DAY), &key, |column| match column {
                "order_key" => Value::Text(key.clone()),
                "sku" => Value::Text("sku".into()),
                "quantity" => Value::Int(1),
                "amount" => Value::Int(amount),
                _ => Value::Null,
            });
            stage.push(&ORDER_ITEM, &line).unwrap();
        }
        // The earlier answer is corrected by the later one.
        for (days, speed) in [(9, 3), (5, if number.is_multiple_of(2) { 5 } else { 1 })] {
            let at = ws.now().plus(-days * DAY);
            let answer = fact(&EVENT, number, at, &format!("{number}/{days}"), |column| match column {
                "name" => Value::Text("survey".into()),
                "properties" => Value::Text(format!("{{\"need_speed\":{speed}}}")),
                _ => Value::Null,
            });
            stage.push(&EVENT, &answer).unwrap();
        }
    }
    stage.seal(ws.now()).unwrap();
    (folder, ws)
}

fn profile(ws: &Workspace, number: u64) -> Customer {
    let (age, price) = (20 + number % 50, if number.is_multiple_of(2) { 1 } else { 5 });
    Customer {
        email: Some(format!("c{number}@example.com")),
        country: Some(["BG", "RO"][number as usize % 2].into()),
        acquisition_cost: Some(Money(1_000 + 100 * (number % 2) as i64)),
        attributes: format!("{{\"age\":\"{age}\",\"need_price\":{price}}}"),
        profiling_objection: number == 7,
        ..Customer::unknown(customer(number), &format!("C{number}"), ws.now())
    }
}

fn consent(ws: &Workspace, number: u64) -> Consent {
    Consent {
        customer_id: customer(number),
        channel: "email".into(),
        purpose: crate::customers::consent::MARKETING.into(),
        granted: true,
        legal_basis: "consent".into(),
        source: "form".into(),
        recorded_at: ws.now(),
    }
}

/// How many days ago each order was; the customers of a kind differ a little.
fn days_of(number: u64) -> Vec<i64> {
    let (gap, last, _) = KINDS[number as usize % 3];
    (0..).map(|order| last + (number % 7) as i64 + order * gap).take_while(|days| *days < 720).collect()
}

fn state(ws: &Workspace, number: u64) -> CustomerState {
    ws.store().read(|conn| customers::state_of(conn, customer(number))).unwrap().unwrap()
}

fn show(ws: &Workspace, name: &str) -> KeptSegment {
    ws.store().read(|conn| segments::show(conn, name)).unwrap()
}

fn trained_and_scored() -> (tempfile::TempDir, Workspace) {
    let (folder, ws) = company();
    let names = ["needs", "places", "rfm", "segments"].map(String::from);
    for trained in train(&ws, &names, &Silent).unwrap() {
        assert!(trained.serves, "{}: {:?}", trained.name, trained.reasons);
    }
    score(&ws, &Silent).unwrap();
    (folder, ws)
}

#[test]
fn every_method_serves_and_says_what_its_segments_are_like() {
    let (_folder, ws) = trained_and_scored();
    let frequent = state(&ws, 0).segment.unwrap();
    assert!(frequent.contains("frequent") && frequent.contains("larger purchases"), "{frequent}");
    assert_eq!(state(&ws, 3).segment, Some(frequent.clone()), "customers of a kind are together");
    assert_ne!(state(&ws, 1).segment, Some(frequent.clone()));
    let kept = show(&ws, &frequent);
    assert_eq!(kept.size, 80);
    let words: Vec<&str> = kept.portrait.description.iter().map(|found| found.words.as_str()).collect();
    let said = |part: &str| words.iter().any(|words| words.contains(part));
    assert!(said("(distinct orders)") && said("above the") && said(" of all"), "{words:?}");
    let criteria: Vec<(&str, bool)> = kept.portrait.criteria.iter().map(|c| (c.name.as_str(), c.passed)).collect();
    assert_eq!(criteria, [("homogeneous", true), ("distinct", true), ("profitable", true), ("reachable", true)]);
    // Each third customer consented: all of this kind and none of the others.
    assert_eq!(kept.portrait.criteria[3].value, Some(1.0));
    assert_eq!(show(&ws, &state(&ws, 1).segment.unwrap()).portrait.criteria[3].value, Some(0.0));
    // Who objects is in no segment of any kind.
    assert_eq!((state(&ws, 7).segment, state(&ws, 7).service_level), (None, None));
    let of = |number: u64| ws.store().read(|conn| segments::of_customer(conn, customer(number))).unwrap();
    assert!(of(7).is_empty());
    let names: Vec<String> = of(0).into_iter().map(|(segmentation, _)| segmentation).collect();
    assert_eq!(names, ["needs", "places", "rfm", "segments"]);
}

#[test]
fn economics_are_measured_and_planned() {
    let (_folder, ws) = trained_and_scored();
    let young = show(&ws, "places/bg-age-below-40");
    let members: Vec<u64> = (0..CLIENTS).filter(|number| number % 2 == 0 && number % 50 < 20).collect();
    assert_eq!(young.size, members.len() as i64);
    let worth = young.portrait.worth.clone().unwrap();
    assert_eq!((worth.measured.clients, worth.measured.acquisition_cost), (members.len() as f64, Some(10.0)));
    assert_eq!(worth.measured.retention_cost, Some(0.0), "the company made no contacts");
    // History is a little shorter than two years, and the window half of it; those who bought in both of those who bought in the first.
    let first = (0..CLIENTS).flat_map(days_of).max().unwrap();
    let window = (first as f64 / 2.0).min(365.25);
    let bought = |number: u64, from: f64, until: f64| {
        days_of(number).iter().any(|days| (*days as f64) > from && (*days as f64) <= until)
    };
    let before: Vec<u64> = members.iter().copied().filter(|number| bought(*number, window, 2.0 * window)).collect();
    let stayed = before.iter().filter(|number| bought(**number, 0.0, window)).count();
    let expected = (stayed as f64 / before.len() as f64).powf(365.25 / window);
    assert!((worth.measured.retention.unwrap() - expected).abs() < 1e-9, "{:?} {expected}", worth.measured);
    // Margin is 30 % of revenue; a year's is its share of the tenure.
    let (mut profit, mut years) = (0.0, 0.0);
    for number in &members {
        let days = days_of(*number);
        profit += days.len() as f64 * KINDS[*number as usize % 3].2 as f64 / 100.0 * ws.settings().margin;
        years += *days.iter().max().unwrap() as f64 / 365.25;
    }
    assert!((worth.measured.margin.unwrap() - profit / years).abs() < 1e-6, "{:?}", worth.measured);
    assert!(worth.value_of_planned.unwrap() > 0.0 && worth.net_present_value.is_some());
    assert_eq!(worth.planned.new_clients, 10.0);
    assert_eq!(show(&ws, "places/ro-age-below-40").portrait.worth.unwrap().value_of_planned, Some(0.0));
}

#[test]
fn needs_select_a_level_of_service_that_rules_see() {
    let (_folder, ws) = trained_and_scored();
    assert_eq!(state(&ws, 0).service_level.as_deref(), Some("express"));
    assert_eq!(state(&ws, 1).service_level.as_deref(), Some("self-service"));
    let define = |toml: &str| {
        let spec = SegmentSpec::parse(toml).unwrap();
        let name = spec.name.clone();
        ws.store().write(|conn| rules::put(&ws, conn, spec, "test", ws.now()))?;
        rules::build(&ws, &name)?;
        ws.store().read(|conn| segments::rule::store::by_name(conn, &name)).map(|kept| kept.size)
    };
    let express = "name = \"fast\"\nrule = { field = \"service_level\", op = \"eq\", value = \"express\" }";
    assert_eq!(define(express).unwrap(), 120);
    let of_first = ws.store().read(|conn| segments::of_customer(conn, customer(0))).unwrap();
    let needs = &of_first.iter().find(|(segmentation, _)| segmentation == "needs").unwrap().1;
    let same =
        format!("name = \"same\"\nrule = {{ field = \"segments\", op = \"contains\", value = \"needs/{needs}\" }}");
    assert_eq!(define(&same).unwrap(), 120);
    let none = "name = \"none\"\nrule = { field = \"segments\", op = \"contains\", value = \"needs/s9\" }";
    assert!(define(none).unwrap_err().to_string().contains("train and score `needs` first"));
}

#[test]
fn lookalikes_of_a_segment_are_found_kept_and_refreshed_at_scoring() {
    let (folder, ws) = trained_and_scored();
    // Customers of the first kind, known by their keys.
    let ids: Vec<String> = (0..CLIENTS).filter(|number| number % 6 == 0).map(|number| format!("C{number}")).collect();
    let asked = Asked { name: "alike".into(), ids, size: Some(30), min_members: Some(20), ..Asked::default() };
    let kept = lookalike(&ws, &asked, "test").unwrap();
    assert_eq!((kept.size, kept.segmentation.as_str()), (30, "alike"));
    let members = || ws.store().read(|conn| segments::likest(conn, "alike", "like", 100)).unwrap();
    let first: std::collections::HashSet<CustomerId> =
        (0..CLIENTS).filter(|number| number % 6 == 3).map(customer).collect();
    assert!(members().iter().all(|member| first.contains(&member.customer)), "the others of the same kind");
    assert!(members().windows(2).all(|pair| pair[0].likeness >= pair[1].likeness));
    score(&ws, &Silent).unwrap();
    assert_eq!(members().len(), 30, "as many after a scoring");
    // A segment that a model found, by its full name; its members are not among them.
    let of = |of: &str, name: &str| {
        lookalike(&ws, &Asked { name: name.into(), of: Some(of.into()), ..asked_of(10) }, "test")
    };
    let code = show(&ws, &state(&ws, 0).segment.unwrap()).code;
    assert_eq!(of(&format!("segments/{code}"), "near").unwrap().size, 10);
    let error = of("segments/s99", "nobody").unwrap_err();
    assert!(error.kind() == Kind::Invalid && error.to_string().contains("no segment `segments/s99`"), "{error}");
    assert_eq!(of("rfm/3-3-3", "churn").unwrap_err().kind(), Kind::Conflict, "the name is another model's");
    let few =
        lookalike(&ws, &Asked { name: "few".into(), ids: vec!["C1".into()], ..asked_of(10) }, "test").unwrap_err();
    assert!(few.to_string().contains("1 members") && !folder.path().join("models/few.toml").exists(), "{few}");
    // Without its spec it is no more after the next scoring.
    std::fs::remove_file(folder.path().join("models/alike.toml")).unwrap();
    score(&ws, &Silent).unwrap();
    assert!(members().is_empty());
}

fn asked_of(size: usize) -> Asked {
    Asked { size: Some(size), ..Asked::default() }
}

#[test]
fn a_protected_attribute_makes_no_segments_any_more() {
    let (folder, ws) = trained_and_scored();
    assert_eq!(state(&ws, 0).service_level.as_deref(), Some("express"));
    drop(ws);
    std::fs::write(folder.path().join("vizavi.toml"), "protected_attributes = [\"need_price\"]\n").unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-01-05T09:00:00Z").unwrap()));
    let ws = Workspace::open(folder.path(), None, clock, Options::default()).unwrap();
    // What was learned from it before serves no more, and its segments are gone.
    let warnings = score(&ws, &Silent).unwrap().warnings;
    assert!(warnings.len() == 1 && warnings[0].contains("`needs` does not serve"), "{warnings:?}");
    assert!(
        warnings[0].contains("`attribute.need_price`") && warnings[0].contains("vizavi train needs"),
        "{warnings:?}"
    );
    assert_eq!(state(&ws, 0).service_level, None);
    let of_first = ws.store().read(|conn| segments::of_customer(conn, customer(0))).unwrap();
    assert_eq!(of_first.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["places", "rfm", "segments"]);
    // Nor is it learned from again.
    let trained = train(&ws, &["needs".into()], &Silent).unwrap();
    let why = trained[0].reasons.join("; ");
    assert!(
        trained[0].version.is_none() && why.contains("features: `attribute.need_price` is declared protected"),
        "{why}"
    );
    assert!(why.contains("take it out of the spec"), "{why}");
    let asked = Asked {
        name: "alike".into(),
        ids: (0..30).map(|number| format!("C{number}")).collect(),
        min_members: Some(20),
        features: vec!["freq".into(), "event.survey.need_price".into()],
        ..asked_of(10)
    };
    let error = lookalike(&ws, &asked, "test").unwrap_err();
    assert_eq!((error.kind(), error.fault_list()[0].key.as_str()), (Kind::Invalid, "features"), "{error}");
    assert!(!folder.path().join("models/alike.toml").exists());
}
