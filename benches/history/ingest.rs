//! Case `ingest`: facts over REST, from outside. Batches of NDJSON as fast as they are taken, and single events at a steady rate.
//!
//! The service is the program itself, with its worker, on loopback; what sends is a few threads with raw requests on kept
//! connections, so that it takes little of the processor that the service needs. An answer counts when it says 200: then the
//! facts are on the disk (SQLite with synchronous = FULL, PostgreSQL with fsync).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::figure;
use crate::http::{Load, Target};
use crate::process::Workspace;

/// Events in the case of batches, and in each batch.
const EVENTS: u64 = 600_000;
const BATCH: u64 = 1_000;
const SENDERS: u64 = 4;
const CUSTOMERS: u64 = 50_000;
/// Singles: so many a second, for so long; long enough for the worker to seal in between.
const RATE: u64 = 500;
const SECONDS: u64 = 70;
const CONNECTIONS: u64 = 8;

/// Both measures on both stores.
pub fn run(_: &crate::Options) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut workspaces = vec![("sqlite", folder.path().join("sqlite"), None)];
    match crate::postgres::durable_database() {
        Some(url) => workspaces.push(("postgresql", folder.path().join("postgresql"), Some(url))),
        None => eprintln!("skipped on PostgreSQL: it is not installed"),
    }
    for (store, folder, url) in workspaces {
        std::fs::create_dir_all(folder.join("data")).expect("a temporary folder");
        let workspace = Workspace { folder, url };
        std::fs::write(workspace.folder.join("data/vizavi.toml"), "listen = \"127.0.0.1:0\"\n").expect("a file");
        workspace.done(&["migrate"]);
        let made = workspace.done(&["key", "create", "bench", "--role", "admin", "--json"]);
        let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
        let key = made["key"].as_str().expect("the key").to_owned();
        let (mut service, address) = workspace.serve();
        let target = Target { address, key };
        declare(&target);
        // Singles first: what follows gives the worker more to seal than a site at this rate would.
        singles(store, &target);
        batches(store, &target, service.id());
        service.kill().expect("the service runs");
        service.wait().expect("it ends");
    }
}

fn declare(target: &Target) {
    let declared = r#"{"properties": {"sku": "text", "seconds": "number"}}"#;
    let request = target.request("PUT", "/v1/event-types/page_view", "application/json", declared);
    assert_eq!(target.connect().send(&request), 201);
}

/// One event; every second one has properties.
fn event(number: u64) -> String {
    let customer = number.wrapping_mul(2_654_435_761) % CUSTOMERS;
    let properties = if number.is_multiple_of(2) {
        format!(r#","properties":{{"sku":"A{:05}","seconds":{}}}"#, number % 5_000, number % 300)
    } else {
        String::new()
    };
    format!(
        r#"{{"customer":"C{customer:07}","name":"page_view","key":"e-{number:09}","occurred_at":"2026-01-15T10:{:02}:{:02}Z","channel":"web"{properties}}}"#,
        number / 60 % 60,
        number % 60
    )
}

fn batches(store: &str, target: &Target, service: u32) {
    let next = AtomicU64::new(0);
    let (client, server) = (figure::cpu_seconds(), figure::cpu_seconds_of(service));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut connection = target.connect();
                loop {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    if first >= EVENTS {
                        break;
                    }
                    let body: String =
                        (first..first + BATCH).map(|number| event(RATE * SECONDS + number) + "\n").collect();
                    let request = target.request("POST", "/v1/events", "application/x-ndjson", &body);
                    assert_eq!(connection.send(&request), 200);
                }
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    let more = json!({
        "limit": 20_000, "events": EVENTS, "batch": BATCH, "connections": SENDERS,
        "cpu_seconds_service": figure::cpu_seconds_of(service) - server,
        "cpu_seconds_sender": figure::cpu_seconds() - client,
        "peak_mib": figure::peak_mib_of(service),
    });
    figure::print("ingest", &format!("events_per_second_{store}"), EVENTS as f64 / seconds, "events/s", more);
}

fn singles(store: &str, target: &Target) {
    let load = Load { rate: RATE, seconds: SECONDS, connections: CONNECTIONS };
    let waits = load.run(target, |number| target.request("POST", "/v1/events", "application/json", &event(number)));
    waits.print("ingest", &format!("p99_{store}"), 10.0);
}
