//! How fast a service decides while others wait: `cargo bench --bench decide -- [--customers N] [--rate R] [--seconds S]
//! [--json]`.
//!
//! The company is that of the demo, with its history, its trained models and its prices; its campaign has twenty offers on four
//! channels. The service is the program itself on loopback with SQLite (synchronous = FULL): an answer follows its durable log, and
//! what it proposes is taken from budget, channel and stock in the same transaction. `--rates 250,500,1000` measures several rates
//! one after another; `--explain` asks for the sentences that say why.

#![allow(clippy::print_stdout)] // its lines are its result

#[path = "../support/figure.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod figure;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod process;

use std::path::Path;

use serde_json::{Value, json};

use http::{Load, Target};
use process::Workspace;

const OFFERS: usize = 20;
const CAMPAIGN: &str = "real-time";
/// Milliseconds within which 99 of 100 answers come.
const LIMIT: f64 = 10.0;

fn main() {
    let (mut customers, mut rates, mut seconds, mut explain) = (5_000, vec![1_000], 30, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok()).expect("a number");
        match argument.as_str() {
            "--customers" => customers = number(),
            "--rate" => rates = vec![number()],
            "--seconds" => seconds = number(),
            "--explain" => explain = true,
            "--rates" => {
                let list = arguments.next().expect("a list");
                rates = list.split(',').map(|rate| rate.parse().expect("a number")).collect();
            }
            _ => {}
        }
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let workspace = Workspace { folder: folder.path().to_owned(), url: None };
    workspace.done(&["demo", "--customers", &customers.to_string(), "--no-serve"]);
    prepare(&workspace);
    let made: Value =
        serde_json::from_str(&workspace.done(&["key", "create", "bench", "--role", "admin", "--json"])).expect("JSON");
    let key = made["key"].as_str().expect("the key").to_owned();
    let (mut service, address) = workspace.serve();
    let target = Target { address, key };
    let ask = |number: u64| {
        let customer = number.wrapping_mul(2_654_435_761) % customers;
        let body = json!({"customer": format!("C{customer:06}"), "campaign": CAMPAIGN, "explain": explain}).to_string();
        target.request("POST", "/v1/decisions", "application/json", &body)
    };
    // The first answer reads definitions, models and averages; those after it find them at hand.
    assert_eq!(target.connect().send(&ask(0)), 200);
    for rate in rates {
        let (client, server) = (figure::cpu_seconds(), figure::cpu_seconds_of(service.id()));
        let waits = Load { rate, seconds, connections: 16 }.run(&target, ask);
        let asked = (rate * seconds) as f64;
        waits.print("real_time", "p99", LIMIT);
        let more = json!({
            "rate": rate,
            "cpu_milliseconds_of_sender": (figure::cpu_seconds() - client) * 1e3 / asked,
            "peak_mib": figure::peak_mib_of(service.id()),
        });
        let milliseconds = (figure::cpu_seconds_of(service.id()) - server) * 1e3 / asked;
        figure::print("real_time", "cpu_milliseconds_per_decision", milliseconds, "ms", more);
    }
    service.kill().expect("the service runs");
    service.wait().expect("it ends");
}

/// Makes of the demo's campaign one with twenty offers, and approves it.
fn prepare(workspace: &Workspace) {
    let data = workspace.folder.join("data");
    let settings = std::fs::read_to_string(data.join("vizavi.toml")).unwrap_or_default();
    let mut settings: toml::Table = settings.parse().expect("TOML");
    settings.insert("listen".into(), "127.0.0.1:0".into());
    // Whatever the hour at which this runs, nothing is trained beside.
    let schedule = settings.entry("schedule").or_insert_with(|| toml::Table::new().into());
    for what in ["train", "score"] {
        schedule.as_table_mut().expect("a table").insert(what.into(), "never".into());
    }
    std::fs::write(data.join("vizavi.toml"), settings.to_string()).expect("a file");
    let known = std::fs::read_to_string(Path::new(".").join("campaigns/offers.ndjson"));
    let known: Vec<Value> =
        known.expect("the examples").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let mut names: Vec<String> = known.iter().map(|offer| offer["name"].as_str().expect("a name").to_owned()).collect();
    let mut lines = String::new();
    for number in known.len()..OFFERS {
        let (mut offer, name) = (known[number % known.len()].clone(), format!("offer-{number}"));
        (offer["name"], offer["code"]) = (name.clone().into(), name.to_uppercase().into());
        lines += &format!("{offer}\n");
        names.push(name);
    }
    let file = workspace.folder.join("offers.ndjson");
    std::fs::write(&file, lines).expect("a file");
    workspace.done(&["import", "offers", file.to_str().expect("UTF-8")]);
    let (from, to) = (data.join("campaigns/next-best-offer"), data.join("campaigns").join(CAMPAIGN));
    copy(&from, &to);
    let toml = std::fs::read_to_string(from.join("campaign.toml")).expect("the demo wrote it");
    let lines = toml.lines().map(|line| match line.split_once(" = ").map(|(key, _)| key) {
        Some("name") => format!("name = \"{CAMPAIGN}\""),
        Some("offers") => format!("offers = {names:?}"),
        // Customers are asked for again and again, and each answer shall take what it proposes: budget, channel, stock.
        Some("budget") => "budget = 1_000_000_000".to_owned(),
        Some("capacity") => "capacity = 1_000_000".to_owned(),
        Some("per_customer") => "per_customer = 1\npolicy = { caps = [], hours_between = 0 }".to_owned(),
        _ => line.to_owned(),
    });
    let lines: Vec<String> = lines.collect();
    std::fs::write(to.join("campaign.toml"), lines.join("\n")).expect("a file");
    workspace.done(&["campaign", "apply", to.to_str().expect("UTF-8")]);
    workspace.done(&["campaign", "plan", CAMPAIGN]);
    workspace.done(&["campaign", "approve", CAMPAIGN]);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("room");
        }
    }
}
