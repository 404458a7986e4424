//! History as a whole: what is appended, staged and sealed is there once, whatever happens on the way.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;

use super::facts::{ORDER_ITEM, RETURN_ITEM};
use super::import::stage::Stage;
use super::{Fact, History, Options, Value};
use crate::clock::{DAY, Timestamp};
use crate::ids::CustomerId;
use crate::storage::{Location, Store, migrate};

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// A new history in a folder of its own.
pub(crate) fn empty() -> (tempfile::TempDir, Store, History) {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::choose(data.path(), None).unwrap()).unwrap();
    migrate::migrate(&store, NOW).unwrap();
    let history = History::open(&store, data.path(), &Options { threads: 2, ..Options::default() }).unwrap();
    (data, store, history)
}

/// An order line of one piece.
pub(crate) fn line(customer: i64, day: i64, order: &str, key: &str, amount: i64) -> Fact {
    let mut values = vec![Value::Text(order.into()), Value::Text("sku".into()), Value::Null, Value::Null];
    values.extend([Value::Int(1), Value::Int(amount), Value::Null, Value::Null, Value::Null]);
    let (occurred_at, source) = (NOW.plus(day * DAY), "shop".to_owned());
    Fact { customer: CustomerId(customer), occurred_at, source, key: key.into(), values }
}

fn totals(history: &History) -> (i64, i64) {
    let rows = history.query("SELECT count(*), coalesce(sum(amount), 0) FROM order_item").unwrap();
    let number = |column: usize| rows[0].column(column).as_primitive::<Int64Type>().value(0);
    (number(0), number(1))
}

#[test]
fn an_appended_fact_counts_once_before_and_after_it_is_sealed() {
    let (_data, _store, history) = empty();
    let facts = [line(5, 0, "A", "A/1", 100), line(9, 1, "B", "B/1", 30), line(5, 0, "A", "A/1", 999)];
    assert_eq!(history.append(&ORDER_ITEM, &facts, NOW).unwrap().0, [true, true, false]);
    assert_eq!(totals(&history), (2, 130));
    assert_eq!(history.seal_tail(NOW).unwrap().added, 2);
    assert_eq!((totals(&history), history.waiting().unwrap()), ((2, 130), 0));
    // The key of a sealed fact is still known at the door.
    assert_eq!(history.append(&ORDER_ITEM, &facts[..1], NOW).unwrap().accepted(), 0);
    // Long after, when it is forgotten, the seal finds it.
    let later = NOW.plus(40 * DAY);
    history.seal_tail(later).unwrap();
    assert_eq!(history.append(&ORDER_ITEM, &facts[..1], later).unwrap().accepted(), 1);
    assert_eq!(history.seal_tail(later).unwrap().duplicates, 1);
    assert_eq!(totals(&history), (2, 130));
}

#[test]
fn segments_and_tail_are_one_table_in_the_order_of_customers() {
    let (_data, _store, history) = empty();
    let mut stage = Stage::new(&history).unwrap();
    // Ids all over the range, so that a large seal is cut into buckets.
    let spread = |i: i64| (crate::random::mix(i as u64) >> 1) as i64;
    for i in 0..120_000 {
        stage.push(&ORDER_ITEM, &line(spread(i), i % 300, &format!("o{i}"), &format!("k{i}"), 1)).unwrap();
    }
    stage.push(&RETURN_ITEM, &line(5, 0, "A", "A/1", 100)).unwrap();
    let sealed = stage.seal(NOW).unwrap();
    assert_eq!(sealed.iter().map(|(_, sealed)| sealed.added).sum::<i64>(), 120_001);
    assert!(history.segments(&ORDER_ITEM).unwrap().len() > 1);
    let plan = history.query("EXPLAIN SELECT customer_id, count(*) FROM order_item GROUP BY customer_id").unwrap();
    let plan = format!("{:?}", plan[0].column(1));
    assert!(plan.contains("ordering_mode=Sorted") && !plan.contains("SortExec"), "not aggregated in a stream: {plan}");
    history.append(&ORDER_ITEM, &[line(3, 400, "T", "T/1", 7)], NOW).unwrap();
    assert_eq!(totals(&history), (120_001, 120_007));
    let snapshot = history.snapshot_before(NOW.plus(DAY)).unwrap();
    assert_eq!(snapshot.count("SELECT count(*) FROM order_item").unwrap(), 400);
    let mut last = i64::MIN;
    let mut rows = 0;
    let sql = "SELECT customer_id, count(*) FROM order_item GROUP BY customer_id ORDER BY customer_id";
    history
        .snapshot()
        .unwrap()
        .stream(sql, |batch| {
            for &customer in batch.column(0).as_primitive::<Int64Type>().values() {
                assert!(customer > last);
                last = customer;
            }
            rows += batch.column(0).len();
            Ok(())
        })
        .unwrap();
    assert!(rows > 100_000);
}

#[test]
fn staged_facts_that_come_twice_are_kept_once() {
    let (_data, _store, history) = empty();
    for (added, duplicates) in [(2, 1), (0, 3)] {
        let mut stage = Stage::new(&history).unwrap();
        for fact in [line(5, 0, "A", "A/1", 100), line(5, 3, "A", "A/1", 40), line(9, 1, "B", "B/1", 30)] {
            stage.push(&ORDER_ITEM, &fact).unwrap();
        }
        let sealed = stage.seal(NOW).unwrap()[0].1;
        assert_eq!((sealed.added, sealed.duplicates), (added, duplicates));
        assert_eq!(totals(&history), (2, 130));
    }
}

#[test]
fn what_a_crash_left_behind_is_removed_and_nothing_else() {
    let (data, store, history) = empty();
    history.append(&ORDER_ITEM, &[line(5, 0, "A", "A/1", 100)], NOW).unwrap();
    history.seal_tail(NOW).unwrap();
    let orphan = data.path().join("history/order_item/99.parquet");
    std::fs::write(&orphan, b"half a file").unwrap();
    // While somebody has it open, a file without a row may be one that is being written.
    let second = History::open(&store, data.path(), &Options::default()).unwrap();
    assert!(orphan.exists());
    drop((second, history));
    let again = History::open(&store, data.path(), &Options::default()).unwrap();
    assert!(!orphan.exists());
    assert_eq!(totals(&again), (1, 100));
}

/// What is done with facts in these tests, once more where segments are elsewhere.
fn works_at(url: &str) {
    use super::Depth;
    use crate::progress::Silent;
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::choose(data.path(), None).unwrap()).unwrap();
    migrate::migrate(&store, NOW).unwrap();
    let options = Options { threads: 2, url: Some(url.to_owned()), ..Options::default() };
    let history = History::open(&store, data.path(), &options).unwrap();
    for (day, order) in ["A", "B", "C"].into_iter().enumerate() {
        let fact = line(5 + day as i64, day as i64, order, order, 10);
        history.append(&ORDER_ITEM, &[fact], NOW).unwrap();
        history.seal_tail(NOW).unwrap();
    }
    store.write(|conn| History::erase_in(conn, &[CustomerId(6)], NOW)).unwrap();
    assert_eq!(totals(&history), (2, 20));
    let done = history.compact(Depth::Full, NOW).unwrap();
    // Others may be reading, so the files of the inputs stay for a while.
    assert_eq!((done.inputs, done.outputs, done.hidden, done.files_removed), (3, 1, 1, 0));
    assert_eq!(totals(&history), (2, 20));
    assert_eq!(history.compact(Depth::Full, NOW.plus(DAY)).unwrap().files_removed, 3);
    drop(history);
    let again = History::open(&store, data.path(), &options).unwrap();
    assert_eq!(totals(&again), (2, 20));
    let checked = again.check(None, NOW, &Silent).unwrap();
    assert!(checked.findings.is_empty() && checked.segments == 1, "{checked:?}");
    let file = again.segments(&ORDER_ITEM).unwrap().remove(0).file;
    again.0.files.remove("order_item", &file).unwrap();
    let checked = again.check(None, NOW, &Silent).unwrap();
    assert_eq!(checked.findings.len(), 1, "{checked:?}");
    assert!(!data.path().join("history/order_item").join(&file).exists());
}

#[test]
fn segments_may_be_in_an_object_store() {
    works_at("memory://test/some/prefix");
}

#[test]
fn segments_may_be_in_a_folder_that_machines_share() {
    let shared = tempfile::tempdir().unwrap();
    works_at(&format!("file://{}", shared.path().display()));
}

#[test]
fn a_url_that_cannot_be_used_is_named() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::choose(data.path(), None).unwrap()).unwrap();
    migrate::migrate(&store, NOW).unwrap();
    let options = Options { url: Some("ftp://example.com/x".into()), ..Options::default() };
    let error = History::open(&store, data.path(), &options).err().unwrap();
    assert!(error.message().contains("[history] url"), "{error}");
}
