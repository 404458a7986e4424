//! A rule segment over the whole company: built from history, then kept true by a thousand new facts, and by time alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use vizavi::clock::{DAY, HOUR, ManualClock, SECOND, Timestamp};
use vizavi::customers::{Customer, store as customers};
use vizavi::history::facts::{INTERACTION, ORDER_ITEM};
use vizavi::history::{Fact, FactType, Value};
use vizavi::operations::{Options, Workspace, segments};
use vizavi::segments::rule::{SegmentSpec, store};

use crate::{company, figure, postgres, process};

/// Seconds for a full build of a million customers, kept.
const BUILD: f64 = 2.0;
/// Seconds to take in a thousand facts.
const UPDATE: f64 = 0.2;
/// New facts at once.
const FACTS: u64 = 1_000;
/// How often the update is measured; the slowest must be within the limit.
const ROUNDS: u64 = 7;

const SEGMENT: &str = r#"
    name = "bench"
    [measures.orders_90]
    of = "orders"
    within_days = 90
    [measures.spent_365]
    of = "orders"
    take = "sum"
    within_days = 365
    [measures.quiet]
    of = "orders"
    take = "last"
    [measures.complaints_180]
    of = "interactions"
    within_days = 180
    where = { reason = "complaint" }
    [rule]
    all = [
        { field = "country", op = "in", value = ["BG", "DE"] },
        { any = [
            { field = "orders_90", op = "ge", value = 2 },
            { all = [{ field = "spent_365", op = "ge", value = 300 }, { field = "quiet", op = "lt", value = 120 }] },
        ] },
        { not = { field = "complaints_180", op = "ge", value = 1 } },
    ]
"#;

/// Writes a file of so many lines about so many customers.
type Writer = fn(&std::path::Path, u64, u64) -> std::io::Result<()>;

/// Both stores.
pub fn run(options: &crate::Options) {
    one("sqlite", None, options);
    match postgres::database() {
        Some(url) => one("postgres", Some(url), options),
        None => {
            println!("{}", json!({"bench": "history", "case": "segments", "skipped": "PostgreSQL is not installed"}))
        }
    }
}

/// `VIZAVI_BENCH_KEEP` names a folder in which the company of SQLite stays for the next time: making it takes minutes.
fn one(name: &str, url: Option<String>, options: &crate::Options) {
    let temporary = tempfile::tempdir().expect("a folder");
    let kept = std::env::var_os("VIZAVI_BENCH_KEEP").filter(|_| url.is_none()).map(PathBuf::from);
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    let people = (options.lines / 10).max(1);
    let clock = Arc::new(ManualClock::new(Timestamp(company::AS_OF * SECOND)));
    let open = || {
        let data = folder.join("data");
        Workspace::open(&data, url.as_deref(), clock.clone(), Options::default()).expect("a workspace")
    };
    if open().history().segments(&INTERACTION).expect("the segments").is_empty() {
        make(&open(), &process::Workspace { folder: folder.clone(), url: url.clone() }, options.lines, people);
    }
    let ws = open();
    figure::forget_peak();
    let size = build(&ws, name);
    update(&ws, name, people);
    time_alone(&ws, &clock, name);
    let began = Instant::now();
    let spec = SegmentSpec::parse(&SEGMENT.replace("\"bench\"", "\"look\"")).expect("the segment parses");
    let seen = segments::preview(&ws, spec).expect("the preview");
    let more = json!({"members": seen.customers, "built_members": size, "peak_mib": figure::peak_mib()});
    figure::print(&format!("segments_preview_{name}"), "seconds", began.elapsed().as_secs_f64(), "s", more);
    ws.store().write(|conn| segments::remove(conn, "bench", "bench", ws.now())).expect("the segment goes");
}

/// The company's files, through the door that everybody takes; profiles with a country.
fn make(ws: &Workspace, door: &process::Workspace, lines: u64, people: u64) {
    const COUNTRIES: [&str; 4] = ["BG", "DE", "FR", "IT"];
    for from in (0..people).step_by(10_000) {
        let row = |i: u64| {
            let key = format!("C{i:07}");
            let customer = Customer::unknown(ws.id_key().customer(&key), &key, ws.now());
            Customer { country: Some(COUNTRIES[(i % 4) as usize].into()), ..customer }
        };
        let rows: Vec<Customer> = (from..(from + 10_000).min(people)).map(row).collect();
        ws.store().write(|conn| customers::upsert(conn, &rows)).expect("customers are written");
    }
    let files: [(&str, Writer, u64); 2] =
        [("orders", company::orders, lines), ("interactions", company::interactions, lines / 5)];
    for (kind, write, count) in files {
        let file = door.folder.join(format!("{kind}.csv"));
        write(&file, count.max(1), people).expect("the file is written");
        door.done(&["import", kind, file.to_str().expect("a plain path")]);
        std::fs::remove_file(file).ok();
    }
}

/// Defines the segment and builds it; how many members it has.
fn build(ws: &Workspace, name: &str) -> i64 {
    let spec = SegmentSpec::parse(SEGMENT).expect("the segment parses");
    let mut slowest = 0.0_f64;
    let mut cpu = 0.0;
    for _ in 0..3 {
        ws.store().write(|conn| segments::put(ws, conn, spec.clone(), "bench", ws.now())).expect("the segment is kept");
        let (began, used) = (Instant::now(), figure::cpu_seconds());
        assert!(segments::build(ws, "bench").expect("the segment is built"));
        slowest = slowest.max(began.elapsed().as_secs_f64());
        cpu = figure::cpu_seconds() - used;
    }
    let (size, bytes) = ws
        .store()
        .read(|conn| {
            let kept = store::by_name(conn, "bench")?;
            let blocks = store::all_blocks(conn, kept.id)?;
            Ok((kept.size, blocks.iter().map(|block| block.data.len()).sum::<usize>()))
        })
        .expect("the segment is read");
    let more = json!({
        "limit": BUILD, "peak_mib": figure::peak_mib(), "cpu_seconds": cpu, "members": size,
        "stored_mib": bytes as f64 / 1_048_576.0,
    });
    figure::print(&format!("segments_build_{name}"), "seconds", slowest, "s", more);
    size
}

/// A thousand customers buy or complain; the segment follows.
fn update(ws: &Workspace, name: &str, people: u64) {
    let mut seconds: Vec<f64> = Vec::new();
    let (mut looked_at, mut changed) = (0, 0);
    for round in 0..ROUNDS {
        let (mut orders, mut complaints) = (Vec::new(), Vec::new());
        for i in 0..FACTS {
            let place = round * FACTS + i;
            let who = ws.id_key().customer(&format!("C{:07}", place * 997 % people));
            let complains = i % 5 == 0;
            let facts = if complains { &mut complaints } else { &mut orders };
            facts.push(fact(if complains { &INTERACTION } else { &ORDER_ITEM }, who, place, ws.now()));
        }
        ws.history().append(&ORDER_ITEM, &orders, ws.now()).expect("orders are taken");
        ws.history().append(&INTERACTION, &complaints, ws.now()).expect("complaints are taken");
        let began = Instant::now();
        let done = segments::refresh(ws).expect("the refresh");
        seconds.push(began.elapsed().as_secs_f64());
        assert!(done.built == 0 && done.failed == 0 && done.looked_at as u64 >= FACTS.min(people), "{done:?}");
        (looked_at, changed) = (looked_at + done.looked_at, changed + done.changed);
    }
    seconds.sort_by(f64::total_cmp);
    let more = json!({
        "limit": UPDATE, "peak_mib": figure::peak_mib(), "median": seconds[seconds.len() / 2], "facts": FACTS,
        "looked_at": looked_at, "changed": changed,
    });
    figure::print(&format!("segments_update_{name}"), "seconds", seconds[seconds.len() - 1], "s", more);
}

fn fact(fact_type: &FactType, customer: vizavi::ids::CustomerId, place: u64, at: Timestamp) -> Fact {
    let values = fact_type.columns.iter().map(|column| match column.name {
        "order_key" => Value::Text(format!("N{place}")),
        "sku" => Value::Text("A00001".into()),
        "quantity" => Value::Int(1),
        "amount" => Value::Int(4_900),
        "direction" => Value::Text("in".into()),
        "channel" => Value::Text("call".into()),
        "reason" => Value::Text("complaint".into()),
        _ => Value::Null,
    });
    let occurred_at = at.plus(-(place as i64 % 86_400) * SECOND);
    Fact { customer, occurred_at, source: "bench".into(), key: format!("n{place}"), values: values.collect() }
}

/// An hour goes by, then a day, and nothing else.
fn time_alone(ws: &Workspace, clock: &ManualClock, name: &str) {
    for (case, ahead) in [("hour", HOUR), ("day", DAY)] {
        clock.set(ws.now().plus(ahead));
        let began = Instant::now();
        let done = segments::refresh(ws).expect("the refresh");
        let seconds = began.elapsed().as_secs_f64();
        let more = json!({"looked_at": done.looked_at, "changed": done.changed, "peak_mib": figure::peak_mib()});
        figure::print(&format!("segments_{case}_later_{name}"), "seconds", seconds, "s", more);
    }
}
