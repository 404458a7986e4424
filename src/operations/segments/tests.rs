//! Rule segments in a workspace: kept true, they are what they would be if they were built now.

mod oracle;
mod property;

use std::sync::Arc;

use super::*;
use crate::clock::{DAY, ManualClock, Timestamp};
use crate::customers::{Customer, store as customers};
use crate::error::Kind;
use crate::history::facts::ORDER_ITEM;
use crate::history::import::Stage;
use crate::history::{Fact, Value};
use crate::operations::{Options, Workspace};
use crate::segments;
use crate::segments::rule::SegmentSpec;
use crate::segments::rule::store as rules;

const START: &str = "2026-01-05T09:00:00Z";

fn workspace() -> (tempfile::TempDir, Arc<ManualClock>, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::parse(START).unwrap()));
    let ws = Workspace::open(folder.path(), None, clock.clone(), Options::default()).unwrap();
    (folder, clock, ws)
}

/// A customer by number, spread over all blocks.
fn customer(number: u64) -> CustomerId {
    CustomerId((crate::random::mix(number) >> 1) as i64)
}

fn add_customers(ws: &Workspace, count: u64) {
    let rows: Vec<Customer> = (0..count)
        .map(|i| Customer {
            country: Some(["BG", "DE"][i as usize % 2].into()),
            ..Customer::unknown(customer(i), &format!("C{i}"), ws.now())
        })
        .collect();
    ws.store().write(|conn| customers::upsert(conn, &rows)).unwrap();
}

fn line(number: u64, at: Timestamp, order: &str, key: &str, amount: i64) -> Fact {
    let values = ORDER_ITEM.columns.iter().map(|column| match column.name {
        "order_key" => Value::Text(order.into()),
        "sku" => Value::Text("sku".into()),
        "quantity" => Value::Int(1),
        "amount" => Value::Int(amount),
        "category" => Value::Text("o'clock".into()),
        _ => Value::Null,
    });
    Fact {
        customer: customer(number),
        occurred_at: at,
        source: "shop".into(),
        key: key.into(),
        values: values.collect(),
    }
}

fn define(ws: &Workspace, toml: &str) -> String {
    let spec = SegmentSpec::parse(toml).unwrap();
    let name = spec.name.clone();
    ws.store().write(|conn| put(ws, conn, spec, "test", ws.now())).unwrap();
    assert!(build(ws, &name).unwrap());
    name
}

/// The numbers of the members, of the first thousand customers.
fn members(ws: &Workspace, name: &str) -> Vec<u64> {
    let found = ws.store().read(|conn| {
        let kept = rules::by_name(conn, name)?;
        let found = rules::every_member(conn, kept.id)?;
        assert_eq!(kept.size, found.len() as i64, "{name}: the size");
        Ok(found)
    });
    let found: std::collections::HashSet<CustomerId> = found.unwrap().into_iter().collect();
    (0..1_000).filter(|i| found.contains(&customer(*i))).collect()
}

const REGULARS: &str = r#"
    name = "regulars"
    [measures.orders_10]
    of = "orders"
    within_days = 10
    where = { category = ["garden", "o'clock"] }
    [measures.quiet]
    of = "orders"
    take = "last"
    [rule]
    all = [
        { field = "country", op = "eq", value = "BG" },
        { any = [{ field = "orders_10", op = "ge", value = 2 }, { field = "quiet", op = "gt", value = 30 }] },
    ]
"#;

#[test]
fn facts_time_and_profiles_move_customers_in_and_out() {
    let (_folder, clock, ws) = workspace();
    add_customers(&ws, 6);
    let start = ws.now();
    let day = |days: i64| start.plus(days * DAY);
    let mut stage = Stage::new(ws.history()).unwrap();
    stage.push(&ORDER_ITEM, &line(0, day(-9), "A", "A/1", 100)).unwrap();
    stage.push(&ORDER_ITEM, &line(2, day(-9), "B", "B/1", 100)).unwrap();
    stage.push(&ORDER_ITEM, &line(2, day(-9), "B", "B/2", 100)).unwrap();
    stage.push(&ORDER_ITEM, &line(1, day(-40), "C", "C/1", 100)).unwrap();
    stage.push(&ORDER_ITEM, &line(4, day(-40), "D", "D/1", 100)).unwrap();
    stage.seal(ws.now()).unwrap();
    let name = define(&ws, REGULARS);
    assert_eq!(members(&ws, &name), [4], "two lines of one order are one order, and Germans do not count");

    let new = [line(0, day(-1), "E", "E/1", 100), line(2, day(-1), "B", "B/3", 100), line(4, day(-1), "F", "F/1", 1)];
    ws.history().append(&ORDER_ITEM, &new, ws.now()).unwrap();
    assert_eq!(refresh(&ws).unwrap().changed, 2);
    assert_eq!(members(&ws, &name), [0], "a second order within ten days; and who bought yesterday is not quiet");
    assert_eq!(refresh(&ws).unwrap(), Refreshed::default(), "nothing is left to do");

    // What is dated in the future counts from then on.
    ws.history().append(&ORDER_ITEM, &[line(2, day(3), "G", "G/1", 1)], ws.now()).unwrap();
    refresh(&ws).unwrap();
    assert_eq!(members(&ws, &name), [0]);
    clock.set(day(3));
    refresh(&ws).unwrap();
    assert_eq!(members(&ws, &name), [2], "customer 0's first order has left the window, customer 2's has come");

    // A sealed tail is no news.
    assert_eq!(ws.history().seal_tail(ws.now()).unwrap().added, 4);
    assert_eq!(refresh(&ws).unwrap(), Refreshed::default());

    let german = Customer { country: Some("DE".into()), ..Customer::unknown(customer(2), "C2", ws.now()) };
    let bulgarian = Customer { country: Some("BG".into()), ..Customer::unknown(customer(1), "C1", ws.now()) };
    ws.store().write(|conn| customers::upsert(conn, &[german, bulgarian])).unwrap();
    refresh(&ws).unwrap();
    assert_eq!(members(&ws, &name), [1]);

    let changes = ws.store().read(|conn| {
        let kept = rules::by_name(conn, &name)?;
        rules::changes(conn, kept.id, 0, 100)
    });
    let of_two: Vec<(bool, Timestamp)> = changes
        .unwrap()
        .into_iter()
        .filter(|change| change.customer == customer(2))
        .map(|change| (change.entered, change.at))
        .collect();
    assert_eq!(of_two, [(true, day(3)), (false, day(3))]);
}

#[test]
fn an_import_and_an_objection_are_seen_too() {
    let (_folder, _clock, ws) = workspace();
    add_customers(&ws, 4);
    let name = define(
        &ws,
        "name = 'buyers'\nmeasures.n = { of = 'order_lines' }\nrule = { field = 'n', op = 'ge', value = 1 }",
    );
    assert_eq!(members(&ws, &name), [0_u64; 0]);
    let mut stage = Stage::new(ws.history()).unwrap();
    (0..3).for_each(|i| stage.push(&ORDER_ITEM, &line(i, ws.now(), "A", &format!("A/{i}"), 1)).unwrap());
    stage.seal(ws.now()).unwrap();
    assert_eq!(refresh(&ws).unwrap().built, 1);
    assert_eq!(members(&ws, &name), [0, 1, 2]);

    let profile =
        |objects: bool| Customer { profiling_objection: objects, ..Customer::unknown(customer(1), "C1", ws.now()) };
    ws.store().write(|conn| customers::upsert(conn, &[profile(true)])).unwrap();
    refresh(&ws).unwrap();
    assert_eq!(members(&ws, &name), [0, 2], "who objects to profiling is in no segment");
    ws.store().write(|conn| customers::upsert(conn, &[profile(false)])).unwrap();
    refresh(&ws).unwrap();
    assert_eq!(members(&ws, &name), [0, 1, 2], "and is again, when the objection is taken back");

    ws.store().write(|conn| segments::forget(conn, customer(2)).map(drop)).unwrap();
    assert_eq!(members(&ws, &name), [0, 1]);
    assert_eq!(ws.store().read(|conn| rules::of_customer(conn, customer(0))).unwrap(), ["buyers"]);
}

#[test]
fn a_segment_follows_another_one() {
    let (_folder, clock, ws) = workspace();
    add_customers(&ws, 3);
    define(
        &ws,
        "name = 'buyers'\nmeasures.n = { of = 'orders', within_days = 5 }\nrule = { field = 'n', op = 'ge', value = 1 }",
    );
    define(&ws, "name = 'idle'\nrule = { not = { field = 'segments', op = 'contains', value = 'buyers' } }");
    assert_eq!(members(&ws, "idle"), [0, 1, 2]);
    ws.history().append(&ORDER_ITEM, &[line(1, ws.now(), "A", "A/1", 1)], ws.now()).unwrap();
    refresh(&ws).unwrap();
    assert_eq!((members(&ws, "buyers"), members(&ws, "idle")), (vec![1], vec![0, 2]));
    clock.set(ws.now().plus(5 * DAY));
    refresh(&ws).unwrap();
    assert_eq!((members(&ws, "buyers"), members(&ws, "idle")), (vec![], vec![0, 1, 2]));

    let circle = "name = 'buyers'\nrule = { field = 'segments', op = 'contains', value = 'idle' }";
    let spec = SegmentSpec::parse(circle).unwrap();
    let error = ws.store().write(|conn| put(&ws, conn, spec, "test", ws.now())).unwrap_err();
    assert!(error.to_string().contains("`buyers` -> `idle` -> `buyers`"), "{error}");
    let error = ws.store().write(|conn| remove(conn, "buyers", "test", ws.now())).unwrap_err();
    assert_eq!((error.kind(), error.message().contains("segment `idle`")), (Kind::Conflict, true));
    ws.store().write(|conn| remove(conn, "idle", "test", ws.now())).unwrap();
}

#[test]
fn facts_that_commit_late_are_not_passed_over() {
    let (_folder, _clock, ws) = workspace();
    add_customers(&ws, 3);
    let name =
        define(&ws, "name = 'buyers'\nmeasures.n = { of = 'orders' }\nrule = { field = 'n', op = 'ge', value = 1 }");
    // Ids are made before a transaction commits: the one with the lower id comes last.
    let late = line(0, ws.now(), "A", "A/1", 1);
    ws.history().append(&ORDER_ITEM, &[line(1, ws.now(), "B", "B/1", 1)], ws.now()).unwrap();
    refresh(&ws).unwrap();
    ws.history().append(&ORDER_ITEM, &[late], ws.now().plus(-DAY)).unwrap();
    // Sealing leaves alone what nobody has taken in.
    assert_eq!(ws.history().seal_tail(ws.now()).unwrap().added, 1);
    refresh(&ws).unwrap();
    assert_eq!(members(&ws, &name), [0, 1]);
    assert_eq!(ws.history().seal_tail(ws.now()).unwrap().added, 1);
}

#[test]
fn a_preview_says_what_would_be_and_keeps_nothing() {
    let (_folder, _clock, ws) = workspace();
    add_customers(&ws, 4);
    let spec = |toml: &str| SegmentSpec::parse(toml).unwrap();
    let seen = preview(&ws, spec("name = 'here'\nrule = { field = 'country', op = 'eq', value = 'BG' }")).unwrap();
    assert_eq!((seen.customers, seen.share, seen.reachable, seen.sample.len()), (2, 0.5, Some(0.0), 2));
    assert!(ws.store().read(rules::all).unwrap().is_empty());
    let wrong = "name = 'a b'\nmeasures.x = { of = 'sales', take = 'most' }\nmeasures.y = { of = 'events', within_days = 0, \
                 where = { price = '1' } }\nrule = { field = 'contry', op = 'eq', value = 'BG' }";
    let error = preview(&ws, spec(wrong)).unwrap_err();
    let keys: Vec<&str> = error.fault_list().iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["name", "measures.x.of", "measures.y.within_days", "measures.y.where.price", "rule.field"]);
}
