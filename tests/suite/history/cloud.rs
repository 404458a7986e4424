//! Segments in an S3 bucket, from the command line to the bytes: `cargo test --features cloud --test suite cloud`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli::program::{Program, TEN, finished};
use crate::support::s3::{self, Bucket};

const HEAD: &str = "customer,occurred_at,order_key,sku,quantity,amount\n";
/// A day later, when files that nobody reads any more may go.
const TOMORROW: &str = "2026-06-02T11:00:00Z";

/// A workspace on each store, each with a bucket of its own for its history; none, saying so, without a server.
fn programs() -> Vec<(&'static str, Program, Bucket)> {
    let with_bucket = |(store, program): (&'static str, Program)| {
        let bucket = s3::bucket()?;
        let program = program.with_environment(&bucket.environment());
        settle(&program, &bucket);
        Some((store, program, bucket))
    };
    Program::on_both_stores().into_iter().filter_map(with_bucket).collect()
}

fn settle(program: &Program, bucket: &Bucket) {
    let text = format!("listen = \"127.0.0.1:0\"\n\n[history]\nurl = \"s3://{}/shop/history\"\n", bucket.name);
    program.file("data/vizavi.toml", &text);
}

fn orders(from: usize, until: usize) -> String {
    let lines = (from..until).map(|n| format!("C{},2026-01-05T10:00:00Z,O{n},article-{n},1,5.00\n", n % 500));
    HEAD.to_owned() + &lines.collect::<String>()
}

/// How many order lines a query of all of them finds, and how many different ones.
fn found(program: &Program) -> (usize, usize) {
    let folder = program.path("export");
    program.done(&["history", "export", &folder.display().to_string(), "--format", "csv", "--type", "order_item"]);
    let text = std::fs::read_to_string(folder.join("order_item.csv")).unwrap();
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    std::fs::remove_dir_all(folder).unwrap();
    (all, lines.len())
}

fn parquet_files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |path: &Path| match path.is_dir() {
        true => parquet_files(path),
        false => usize::from(path.extension().is_some_and(|ending| ending == "parquet")),
    };
    entries.flatten().map(|entry| count(&entry.path())).sum()
}

/// Posts an order to a running service; it waits in the hot tail.
fn post_order(program: &Program, number: &str) {
    let key = program.done(&["key", "create", "shop", "--role", "ingest", "--json"]).json();
    let mut command = program.command(TEN, &["serve", "--no-work"]);
    let mut service = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(service.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let order = format!(
        "{{\"customer\":\"C1\",\"order\":\"{number}\",\"items\":[{{\"sku\":\"A\",\"quantity\":1,\"amount\":500}}]}}"
    );
    let answer = ureq::post(format!("http://{address}/v1/orders"))
        .header("authorization", format!("Bearer {}", key["key"].as_str().unwrap()))
        .content_type("application/json")
        .send(&order);
    service.kill().unwrap();
    service.wait().unwrap();
    assert_eq!(answer.unwrap().status().as_u16(), 200);
}

#[test]
fn cloud_history_is_imported_sealed_compacted_queried_and_checked() {
    for (store, program, bucket) in programs() {
        for (name, from, until) in [("a.csv", 0, 1_000), ("b.csv", 1_000, 2_000)] {
            program.done(&["import", "orders", &program.file(name, &orders(from, until))]);
        }
        assert_eq!(found(&program), (2_000, 2_000), "{store}");
        let before = bucket.objects();
        assert!(before.iter().all(|key| key.starts_with("shop/history/order_item/")), "{store}: {before:?}");
        assert!(before.len() > 1 && parquet_files(&program.data()) == 0, "{store}: {before:?}");
        post_order(&program, "R-1");
        post_order(&program, "R-2");
        assert_eq!(found(&program), (2_002, 2_002), "{store}: the tail counts");

        // Seals the tail, then makes one segment of each bucket.
        let done = program.done(&["history", "compact", "--json"]).json();
        assert!(done["rows"] == 2_002, "{store}: {done}");
        assert_eq!(found(&program), (2_002, 2_002), "{store}");
        let checked = program.done(&["history", "check", "--json"]).json();
        assert_eq!(
            (&checked["findings"], &checked["facts"]),
            (&serde_json::json!([]), &2_002.into()),
            "{store}: {checked}"
        );
        // Other machines may still read what was compacted; a day later they do not.
        assert!(bucket.objects().len() > before.len(), "{store}");
        program.done_at(TOMORROW, &["history", "compact"]);
        let after = bucket.objects();
        assert_eq!(Some(after.len() as u64), checked["segments"].as_u64(), "{store}: {after:?}");
        assert_eq!(found(&program), (2_002, 2_002), "{store}");
        assert_eq!(parquet_files(&program.data()), 0, "{store}: nothing stays on this machine");

        if program.is_shared() {
            let other = program.elsewhere();
            settle(&other, &bucket);
            assert_eq!(found(&other), (2_002, 2_002), "{store}: another machine sees the same");
        }
        program.done(&["erase", "C1"]);
        program.done(&["history", "compact"]);
        assert_eq!(found(&program).0, 2_002 - 4 - 2, "{store}: erased from the bucket as well");
        bucket.remove(&bucket.objects()[0]);
        let said = program.call(&["history", "check"]);
        assert!(said.code == Some(1) && said.out.contains("missing"), "{store}: {}{}", said.out, said.err);
    }
}

#[test]
fn cloud_history_survives_kills_in_import_and_compaction() {
    const LINES: usize = 40_000;
    for (store, program, _bucket) in programs() {
        let file = program.file("orders.csv", &orders(0, LINES));
        let arguments = ["import", "orders", &file, "--json", "--sort-memory", "1"];
        let mut killed = 0;
        for steps in [2, 3] {
            let mut child = program.start(TEN, &arguments);
            let begun = Instant::now();
            while journalled(&program.data()) < steps && child.try_wait().unwrap().is_none() {
                assert!(begun.elapsed() < Duration::from_secs(60), "{store}: it does not get on");
                std::thread::yield_now();
            }
            child.kill().ok();
            killed += usize::from(child.wait().unwrap().code().is_none());
        }
        assert!(killed > 0, "{store}: the import was never caught in time");
        program.done(&arguments);
        assert_eq!(found(&program), (LINES, LINES), "{store}: lost or doubled");

        // Killed at whatever it does: reading, writing here, uploading, changing the manifest.
        for (round, wait) in [50, 120, 200, 300, 400, 600].into_iter().enumerate() {
            let more = program.file("more.csv", &orders(LINES + round, LINES + round + 1));
            program.done(&["import", "orders", &more]);
            let mut child = program.start(TEN, &["history", "compact"]);
            std::thread::sleep(Duration::from_millis(wait));
            child.kill().ok();
            finished(child);
            let expected = LINES + round + 1;
            assert_eq!(found(&program), (expected, expected), "{store}: after {wait} ms");
            let checked = program.done(&["history", "check", "--json"]).json();
            assert_eq!(checked["findings"], serde_json::json!([]), "{store}: after {wait} ms: {checked}");
        }
        program.done(&["history", "compact"]);
        assert_eq!(found(&program), (LINES + 6, LINES + 6), "{store}");
        program.done(&["history", "check"]);
    }
}

/// Lines of the journal of the import that is going on.
fn journalled(data: &Path) -> usize {
    let Ok(folders) = std::fs::read_dir(data.join("history/staging")) else { return 0 };
    let journals =
        folders.flatten().filter_map(|folder| std::fs::read_to_string(folder.path().join("journal.ndjson")).ok());
    journals.map(|journal| journal.lines().count()).max().unwrap_or(0)
}

#[test]
fn cloud_history_that_cannot_be_reached_takes_nothing_and_says_why() {
    let Some(bucket) = s3::bucket() else { return };
    let program = Program::new(None).with_environment(&bucket.environment());
    settle(&program, &bucket.absent());
    let file = program.file("orders.csv", &orders(0, 10));
    let said = program.call(&["import", "orders", &file]);
    assert!(said.code == Some(2) && said.err.contains("[history] url"), "{:?} {}", said.code, said.err);
    assert!(!said.err.contains("AWS_SECRET"), "{}", said.err);
    assert_eq!(found(&program), (0, 0));
    // Once it is set right, the same file is imported.
    settle(&program, &bucket);
    program.done(&["import", "orders", &file]);
    assert_eq!(found(&program), (10, 10));
}
