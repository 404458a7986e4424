//! Who objects to profiling is for models as if they were not there: what is learned is bit for bit what would be learned without
//! them, and nothing is said of them, by whatever kind of model.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use vizavi::clock::{DAY, ManualClock, Timestamp};
use vizavi::customers::{Customer, CustomerState, store as customers};
use vizavi::ids::CustomerId;
use vizavi::models::{registry, scoring};
use vizavi::operations::{Options, Workspace, erase, score::score, train::train};
use vizavi::progress::Silent;
use vizavi::random::Stream;
use vizavi::segments;

use crate::import::Place;

const NOW: &str = "2012-01-01T00:00:00Z";
const CUSTOMERS: usize = 400;

/// One of each kind and method beside those that come with the program.
const SPECS: [(&str, &str); 4] = [
    (
        "leaving",
        "kind = \"churn\"\ntarget = { contract_ends = true }\nhorizon_days = 90\nl2 = 1.0\nfolds = 2\n\
        features = [{ name = \"contract_days\", transform = \"log1p\" }]\nattributes = [{ name = \"need\" }]\n\
        [split]\ntrain_cuts = 2\n[gate]\nmin_auc = 0.5\nmax_log_loss = 2.0\nmin_events = 10\n",
    ),
    ("mix", "kind = \"segments\"\nmethod = \"mixture\"\ncount = 3\nstarts = 2\n"),
    ("grid", "kind = \"segments\"\nmethod = \"rfm\"\nbins = 3\n"),
    (
        "needs",
        "kind = \"segments\"\ncount = 2\nfeatures = [{ name = \"attribute.need\" }]\n[service_levels]\n\
        \"attribute.need\" = \"express\"\n",
    ),
];

fn name(i: usize) -> String {
    format!("C{i}")
}

/// Customers who buy at their own pace, half of them with a contract, all with a need; the first of them does the first and the last
/// of everything, so that the time that history covers is nobody else's.
fn company() -> tempfile::TempDir {
    let place = Place::new();
    let now = Timestamp::parse(NOW).unwrap();
    let at = |days: f64| now.plus((-days * DAY as f64) as i64);
    let mut stream = Stream::new(5, "objection");
    let rows: Vec<Customer> = (0..CUSTOMERS)
        .map(|i| Customer {
            attributes: format!("{{\"need\":{}}}", 1 + (stream.uniform() * 5.0) as u8),
            ..Customer::unknown(place.workspace.id_key().customer(&name(i)), &name(i), now)
        })
        .collect();
    place.workspace.store().write(|conn| customers::upsert(conn, &rows)).unwrap();
    let mut orders = String::from("customer_id,occurred_at,order_id,sku,quantity,amount\n");
    let mut contracts = String::from("customer_id,subscription_id,status,occurred_at,price,period_days\n");
    for i in 0..CUSTOMERS {
        let pace = [10.0, 30.0, 60.0, 120.0][i % 4];
        let mut days = if i == 0 { 730.0 } else { 720.0 - 300.0 * stream.uniform() };
        for order in 0.. {
            let amount = 10.0 + 90.0 * stream.uniform();
            orders += &format!("C{i},{},O{i}-{order},s,1,{amount:.2}\n", at(days));
            days -= 1.0 - (1.0 - stream.uniform()).ln() * pace;
            let leaves = i > 0 && stream.uniform() < pace / 1_000.0;
            if leaves || days < 2.0 {
                break;
            }
        }
        if i % 2 == 0 {
            let began = if i == 0 { 725.0 } else { 715.0 - 500.0 * stream.uniform() };
            contracts += &format!("C{i},S{i},started,{},30.00,30\n", at(began));
            let left = began + (1.0 - stream.uniform()).ln() * 400.0;
            if i > 0 && left > 2.0 {
                contracts += &format!("C{i},S{i},ended,{},,\n", at(left));
            }
        }
    }
    orders += &format!("C0,{},last,s,1,10.00\n", at(0.5));
    contracts += &format!("C0,S0,renewed,{},30.00,30\n", at(1.0));
    for (kind, text) in [("orders", orders), ("subscriptions", contracts)] {
        let report = place.import(kind, &place.file(&format!("{kind}.csv"), &text), None).unwrap();
        assert_eq!(report.rejected, 0, "{report}");
    }
    std::fs::create_dir_all(place.folder.path().join("models")).unwrap();
    for (name, text) in SPECS {
        std::fs::write(place.folder.path().join(format!("models/{name}.toml")), format!("name = \"{name}\"\n{text}"))
            .unwrap();
    }
    place.folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The same company once more, with the same keys of customers.
fn again(company: &Path) -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    copy(company, folder.path());
    let clock = Arc::new(ManualClock::new(Timestamp::parse(NOW).unwrap()));
    let ws = Workspace::open(folder.path(), None, clock, Options::default()).unwrap();
    (folder, ws)
}

fn id(ws: &Workspace, customer: usize) -> CustomerId {
    ws.id_key().customer(&name(customer))
}

/// Objections come by file, as they do in companies.
fn object(ws: &Workspace, who: &[usize]) {
    let lines: String = who.iter().map(|&i| format!("{},yes\n", name(i))).collect();
    let file = ws.data().join("objections.csv");
    std::fs::write(&file, format!("customer_id,profiling_objection\n{lines}")).unwrap();
    let history = vizavi::history::History::open(ws.store(), ws.data(), &Default::default()).unwrap();
    let what = vizavi::operations::import::Import {
        kind: "customers".into(),
        file,
        mapping: None,
        dry_run: false,
        again: false,
        sorted: None,
    };
    let report = vizavi::operations::import::import(ws, &history, &what, &Silent).unwrap();
    assert_eq!(report.accepted as usize, who.len(), "{report}");
}

/// What each model learned.
fn learned(ws: &Workspace) -> BTreeMap<String, serde_json::Value> {
    let trained = train(ws, &[], &Silent).unwrap().into_iter().filter_map(|one| Some((one.name, one.version?)));
    trained
        .map(|(name, version)| {
            let fit = ws.store().read(|conn| registry::get(conn, version)).unwrap().fit;
            (name, serde_json::json!([fit.parameters, fit.metrics, fit.window, fit.verdict]))
        })
        .collect()
}

/// All that models say of a customer: its serving row, its segments, its scores, and how many rows beside them.
type Said = (Option<CustomerState>, Vec<(String, String)>, Vec<scoring::Score>, usize);

fn said(ws: &Workspace, customer: usize) -> Said {
    let id = id(ws, customer);
    ws.store()
        .read(|conn| {
            let lifetime = vizavi::models::lifetime_score::of_customer(conn, id)?.is_some();
            let steps = segments::stage::store::steps_of(conn, id, 9)?.len();
            let rows = usize::from(lifetime) + steps;
            // Each training numbers its versions anew.
            let mut scores = scoring::of_customer(conn, id)?;
            scores.iter_mut().for_each(|score| score.model_version_id = vizavi::ids::ModelVersionId(0));
            Ok((customers::state_of(conn, id)?, segments::of_customer(conn, id)?, scores, rows))
        })
        .unwrap()
}

fn assert_nothing_is_said(ws: &Workspace, customer: usize) {
    let (state, segments, scores, rows) = said(ws, customer);
    assert!(segments.is_empty() && scores.is_empty() && rows == 0, "C{customer}: {segments:?} {scores:?} {rows}");
    if let Some(state) = state {
        assert_eq!((state.features.as_str(), state.scores.as_str()), ("{}", "{}"), "C{customer}");
        assert_eq!((state.segment, state.stage, state.service_level), (None, None, None), "C{customer}");
        assert!(state.revenue.0 > 0, "book-keeping stays");
    }
}

#[test]
fn who_objects_is_for_churn_lifetime_and_segments_as_if_they_were_not_there() {
    let company = company();
    let models = ["churn", "grid", "leaving", "lifetime", "mix", "needs", "segments"];
    let (_folder, everybody) = again(company.path());
    let of_everybody = learned(&everybody);
    assert!(models.iter().all(|name| of_everybody.contains_key(*name)), "{:?}", of_everybody.keys());
    score(&everybody, &Silent).unwrap();
    for seed in 0..2 {
        let mut stream = Stream::new(seed, "who objects");
        let share = 0.05 + 0.2 * stream.uniform();
        let who: Vec<usize> = (1..CUSTOMERS).filter(|_| stream.uniform() < share).collect();
        let (_folder, objected) = again(company.path());
        object(&objected, &who);
        let (_folder, gone) = again(company.path());
        who.iter().for_each(|&i| drop(erase::erase(&gone, &name(i), "test").unwrap()));
        let (of_objected, of_gone) = (learned(&objected), learned(&gone));
        for name in models {
            assert_eq!(of_objected[name], of_gone[name], "{name}, {} objected", who.len());
            assert_ne!(of_objected[name], of_everybody[name], "{name}: the objections took nobody out");
        }
        score(&objected, &Silent).unwrap();
        score(&gone, &Silent).unwrap();
        for i in 0..CUSTOMERS {
            if who.contains(&i) {
                assert_nothing_is_said(&objected, i);
            } else {
                assert_eq!(said(&objected, i), said(&gone, i), "C{i}");
            }
        }
    }
    // What was said before the objection is forgotten with it.
    let levels = |i: usize| said(&everybody, i).0.map(|state| (state.stage.is_some(), state.service_level.is_some()));
    let known = (1..CUSTOMERS).find(|&i| i % 2 == 0 && levels(i) == Some((true, true))).expect("a level of service");
    let (_, memberships, scores, rows) = said(&everybody, known);
    assert!(memberships.len() == 5 && scores.len() == 3 && rows == 2, "{memberships:?} {scores:?} {rows}");
    object(&everybody, &[known]);
    assert_nothing_is_said(&everybody, known);
    score(&everybody, &Silent).unwrap();
    assert_nothing_is_said(&everybody, known);
}
