//! Real time in two processes and a batch run in a third, all at once: what is used never exceeds what there is, and is used up. On
//! SQLite, where one process writes, the three are threads.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::prelude::*;
use serde_json::json;
use vizavi::decisions::reservation as held;
use vizavi::operations::access::Role;
use vizavi::operations::decide_now::{Answers, RealTime, Request};
use vizavi::operations::run;
use vizavi::settings::Settings;
use vizavi::storage::schema::{capacity, contact_ledger, decision, offer as offers, offer_code, reservation};

use super::shop::{CAMPAIGN, offer, settings, shop, to_the_end};
use crate::api::service::Service;
use crate::support::postgres;

const CUSTOMERS: usize = 240;
const STOCK: i64 = 30;
const CODES: i64 = 25;
/// In minor units. A contact costs 0.01, and what is redeemed 0.6, 0.5 or 0.4 of 1.00: it does for about a hundred.
const BUDGET: i64 = 5_000;

/// Another process that serves the same database at the same time; it ends with the test.
struct Other {
    child: Child,
    folder: tempfile::TempDir,
    url: String,
    at: String,
    address: String,
    key: String,
}

impl Other {
    fn start(service: &Service, url: &str) -> Other {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { listen: "127.0.0.1:0".into(), ..settings() };
        std::fs::write(folder.path().join("vizavi.toml"), toml::to_string(&settings).unwrap()).unwrap();
        let at = service.ws.now().to_string();
        let mut child = program(&folder, url, &at, &["serve", "--no-work"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_once('/'));
        let address = address.unwrap_or_else(|| panic!("it did not start: {line}")).0.to_owned();
        Other { child, folder, url: url.to_owned(), at, address, key: service.key_of(Role::Admin) }
    }

    fn ask(&self, customer: usize) {
        let body = serde_json::to_string(&request(customer)).unwrap();
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let post = agent.post(format!("http://{}/v1/decisions", self.address));
        let post = post.header("authorization", format!("Bearer {}", self.key)).content_type("application/json");
        let mut answer = post.send(body).unwrap();
        assert_eq!(answer.status(), 200, "{:?}", answer.body_mut().read_to_string());
    }

    /// A run, in a process of its own.
    fn run(&self, occasion: &str) {
        let arguments = ["campaign", "run", CAMPAIGN, "--occasion", occasion, "--no-send"];
        let done = program(&self.folder, &self.url, &self.at, &arguments).output().unwrap();
        assert!(done.status.success(), "a run, whatever is taken: {done:?}");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn program(folder: &tempfile::TempDir, url: &str, at: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vizavi"));
    command.args(arguments).args(["--at", at, "--data"]).arg(folder.path()).env("DATABASE_URL", url);
    command.env("VIZAVI_LOG", "error").stdin(Stdio::null());
    command
}

fn request(customer: usize) -> Request {
    Request {
        channel: Some("email".to_owned()),
        campaign: Some(CAMPAIGN.to_owned()),
        explain: false,
        ..Request::about(format!("C{customer}"))
    }
}

fn ask(real_time: &RealTime, customer: usize) -> bool {
    match real_time.decide(&request(customer)).expect("an answer, whatever is used up") {
        Answers::One(answer) => !answer.proposals.is_empty(),
        Answers::Several { .. } => unreachable!("one was asked for"),
    }
}

/// What is used, as the store counts it, against what was decided.
fn check(service: &Service) -> (i64, i64, i64) {
    let store = service.ws.store();
    let used = |name: &str| -> i64 {
        let row = offers::table.filter(offers::name.eq(name)).select(offers::used);
        store.read(|conn| Ok(row.first(conn)?)).unwrap()
    };
    let decided = |name: &str| -> i64 {
        let rows = decision::table.filter(decision::offer.eq(name)).count();
        store.read(|conn| Ok(rows.get_result(conn)?)).unwrap()
    };
    for name in ["best", "coded", "plain"] {
        assert_eq!(used(name), decided(name), "{name}: counted and decided");
    }
    assert!(used("best") <= STOCK && used("coded") <= CODES, "{} {}", used("best"), used("coded"));
    let counted: Vec<(i64, i64)> = store
        .read(|conn| {
            let rows = capacity::table.filter(capacity::resource.eq("budget"));
            Ok(rows.select((capacity::used, capacity::contacts)).load(conn)?)
        })
        .unwrap();
    assert_eq!(counted.len(), 1, "one period");
    let (ticks, contacts) = counted[0];
    assert!(ticks <= BUDGET * 100, "{ticks} of {}", BUDGET * 100);
    let held: i64 = store
        .read(|conn| {
            let takes: Vec<String> = reservation::table.select(reservation::takes).load(conn)?;
            let sum = takes.iter().flat_map(|takes| serde_json::from_str::<Vec<serde_json::Value>>(takes).unwrap());
            Ok(sum.filter(|take| take["resource"] == "budget").map(|take| take["used"].as_i64().unwrap()).sum())
        })
        .unwrap();
    assert_eq!(held, ticks, "what is counted is what contacts hold");
    assert_eq!(contacts, used("best") + used("coded") + used("plain"));
    let codes: i64 = store
        .read(|conn| Ok(offer_code::table.filter(offer_code::state.eq("given")).count().get_result(conn)?))
        .unwrap();
    assert_eq!(codes, used("coded"));
    // What a run decided is looked at again when it is sent; real time is the last to look at what it decides.
    let ledger: Vec<(i64, i64)> = store
        .read(|conn| {
            let rows = contact_ledger::table.filter(contact_ledger::campaign_run_id.is_null());
            Ok(rows.select((contact_ledger::customer_id, contact_ledger::at)).load(conn)?)
        })
        .unwrap();
    let day = |at: i64| at.div_euclid(vizavi::clock::DAY);
    let different: BTreeSet<(i64, i64)> = ledger.iter().map(|(customer, at)| (*customer, day(*at))).collect();
    assert_eq!(different.len(), ledger.len(), "nobody is contacted twice a day");
    (used("best"), used("coded"), ticks)
}

fn together(url: Option<&str>) {
    let offers =
        [offer("best", 0.6, json!({ "stock": STOCK })), offer("coded", 0.5, json!({})), offer("plain", 0.4, json!({}))];
    let service = shop(url, settings(), &offers, (json!({ "budget": BUDGET }), json!({})), CUSTOMERS);
    let codes: Vec<String> = (0..CODES).map(|i| format!("CODE-{i}")).collect();
    service
        .ws
        .store()
        .write(|conn| vizavi::operations::codes::add_codes(conn, "coded", &codes, service.ws.now()))
        .unwrap();
    to_the_end(&service);
    let other = url.map(|url| Other::start(&service, url));
    let next = AtomicUsize::new(0);
    let desks = [RealTime::new(&service.ws), RealTime::new(&service.ws)];
    let asks = |desk: usize, customer: usize| match &other {
        Some(other) if desk == 1 => other.ask(customer),
        _ => drop(ask(&desks[desk], customer)),
    };
    let half = CUSTOMERS / 2;
    std::thread::scope(|scope| {
        for desk in [0, 0, 0, 1, 1, 1] {
            let (asks, next) = (&asks, &next);
            scope.spawn(move || {
                // All ask for the same customers now and then: each is decided for once.
                while let Some(customer) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|next| *next < half) {
                    asks(desk, customer);
                    asks(desk, customer.saturating_sub(1));
                }
            });
        }
        scope.spawn(|| {
            while next.load(Ordering::SeqCst) < 20 {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            match &other {
                Some(other) => other.run("in between"),
                None => {
                    let started = run::start(&service.ws, CAMPAIGN, Some("in between"), "test");
                    assert!(started.expect("a run, whatever is taken").forecast.contacts <= CUSTOMERS);
                }
            }
        });
    });
    check(&service);
    // What was proposed is shown; and when the run's period ends, nothing is held back any more: whoever asks gets what is left.
    let shown: Vec<i64> = service
        .ws
        .store()
        .read(|conn| {
            let waiting = reservation::table.filter(reservation::expires_at.lt(i64::MAX));
            Ok(waiting.select(reservation::id).load(conn)?)
        })
        .unwrap();
    for id in shown {
        let now = service.ws.now();
        let made = |conn: &mut vizavi::storage::Connection| {
            let held = held::find(conn, id)?.expect("a reservation");
            held::made(conn, &held, now)
        };
        service.ws.store().write(made).unwrap();
    }
    to_the_end(&service);
    (0..CUSTOMERS).filter(|customer| ask(&desks[customer % 2], *customer)).count();
    let (best, coded, ticks) = check(&service);
    assert_eq!((best, coded), (STOCK, CODES), "used up");
    assert!(BUDGET * 100 - ticks < 6_200, "{ticks} of {} are used", BUDGET * 100);
}

#[test]
fn no_more_is_used_than_there_is_and_no_less() {
    together(None);
    if let Some(url) = postgres::database() {
        together(Some(&url));
    }
}
