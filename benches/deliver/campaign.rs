//! A campaign by the program itself: what a message costs with decisions behind it, the last look before it goes, and its contact in ledger,
//! history and serving row.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use vizavi::deliveries::outbox::reconcile::reconcile;
use vizavi::ids::CampaignRunId;
use vizavi::storage::{Location, Store};

use crate::figure;
use crate::process::Workspace;
use crate::speed::{Beside, median};

const CAMPAIGN: &str = "internal-announcement";
/// Before the first slot, and in the last one.
const DECIDED: &str = "2026-11-27T07:00:00Z";
const SENT: &str = "2026-11-27T10:30:00Z";

/// How much of it.
pub struct Size {
    pub count: i64,
    pub connections: usize,
    pub rounds: usize,
}

/// Sends a campaign to so many customers through a sink, the peer alternately; each round in a `fresh` database, or in SQLite.
pub fn campaign(name: &str, fresh: &dyn Fn() -> Option<String>, of: &Size, beside: &Beside) {
    let Size { count, connections, rounds } = *of;
    let Some((mut sink, port)) = beside.sink() else {
        eprintln!("skipped: smtp-sink was not found (apt-get install postfix, or --postfix DIR)");
        return;
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let folder = tempfile::tempdir().expect("a temporary folder");
        ours.push(one(folder.path(), fresh(), count, connections, port));
        theirs.extend(beside.peer("send", count, connections, port));
    }
    let (ours, theirs) = (median(ours).unwrap_or_default(), median(theirs));
    let more = json!({ "peer": "nodemailer+handlebars", "peer_value": theirs,
        "times_peer": theirs.map(|peer| ours / peer), "connections": connections });
    figure::print(&format!("campaign {name} {count} x {connections}"), "messages_per_second", ours, "1/s", more);
    sink.kill().ok();
    sink.wait().ok();
}

fn one(folder: &Path, url: Option<String>, count: i64, connections: usize, port: u16) -> f64 {
    let program = Workspace { folder: folder.to_owned(), url: url.clone() };
    let (mut customers, mut consents) = (String::new(), String::new());
    customers += "customer_id,kind,email,locale\n";
    consents += "customer_id,channel,purpose,granted,recorded_at\n";
    for i in 0..count {
        writeln!(customers, "E{i},employee,u{i}@example.com,en").expect("a string takes all");
        writeln!(consents, "E{i},email,service,true,2026-01-01T00:00:00Z").expect("a string takes all");
    }
    let settings = format!(
        "[channels.email]\ntransport = \"smtp\"\n[smtp]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         [mail]\nconnections = {connections}\n"
    );
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    for (name, text) in [("customers.csv", customers), ("consents.csv", consents), ("data/vizavi.toml", settings)] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
    let file = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let sample = format!("{}/campaigns/{CAMPAIGN}", env!("CARGO_MANIFEST_DIR"));
    let done = |arguments: &[&str]| program.done(&[arguments, &["--at", DECIDED]].concat());
    done(&["import", "customers", &file("customers.csv")]);
    done(&["import", "consents", &file("consents.csv")]);
    done(&["import", "offers", &format!("{sample}/offers.ndjson")]);
    done(&["campaign", "apply", &sample]);
    done(&["campaign", "plan", CAMPAIGN]);
    done(&["campaign", "approve", CAMPAIGN]);
    let started: Value =
        serde_json::from_str(&done(&["campaign", "run", CAMPAIGN, "--no-send", "--json"])).expect("JSON");
    let begun = Instant::now();
    program.done(&["work", "--once", "--only", "sending", "--at", SENT]);
    let seconds = begun.elapsed().as_secs_f64();
    let store =
        Store::open(&Location::choose(&folder.join("data"), url.as_deref()).expect("a place")).expect("the store");
    let run = started["run"].as_i64().or_else(|| started["run"].as_str()?.parse().ok()).expect("the run's id");
    let sum = store.read(|conn| reconcile(conn, CampaignRunId(run))).expect("reconciled");
    assert!(sum.balances() && sum.sent > count * 9 / 10 && sum.open == 0, "{sum:?}");
    sum.sent as f64 / seconds
}
