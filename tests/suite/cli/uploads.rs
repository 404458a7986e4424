//! A file sent to the program, whose worker is killed while it imports: nothing is lost or doubled.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde_json::Value;

use super::program::{Program, TEN, finished};

/// Leases have ended by then.
const LATER: &str = "2026-06-01T10:20:00Z";
const ORDERS: usize = 60_000;

/// Starts the service without a worker; the process and its address.
fn serve(program: &Program, at: &str) -> (Child, String) {
    let mut command = program.command(at, &["serve", "--no-work"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("the address is printed");
    (child, format!("http://{address}"))
}

fn get(address: &str, key: &str, path: &str) -> (String, Value) {
    let mut answer =
        ureq::get(format!("{address}{path}")).header("authorization", format!("Bearer {key}")).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (text.clone(), serde_json::from_str(&text).unwrap_or_default())
}

/// Lines of the journal of the import that is going on.
fn journalled(data: &Path) -> usize {
    let Ok(folders) = std::fs::read_dir(data.join("history/staging")) else { return 0 };
    let journals =
        folders.flatten().filter_map(|folder| std::fs::read_to_string(folder.path().join("journal.ndjson")).ok());
    journals.map(|journal| journal.lines().count()).max().unwrap_or(0)
}

fn number(program: &Program, sql: &str) -> i64 {
    let batches = program.workspace().history().query(sql).unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[test]
fn a_worker_killed_in_mid_import_loses_and_doubles_nothing() {
    for (store, program) in Program::on_both_stores() {
        program.file("data/vizavi.toml", "listen = \"127.0.0.1:0\"\n\n[imports]\nsort_memory_mib = 1\n");
        let key = program.done(&["key", "create", "night", "--role", "ingest", "--json"]).json();
        let key = key["key"].as_str().unwrap();
        let mut file = "customer,occurred_at,order_key,sku,quantity,amount\n".to_owned();
        for n in 0..ORDERS {
            file += &format!("C{},2026-01-05T10:00:00Z,O{n},article-{n},1,5.00\n", n % 5_000);
            if n % 10_000 == 1 {
                file += &format!("C1,2026-01-05T10:00:00Z,bad{n},s1,one,5.00\n");
            }
        }
        let (mut service, address) = serve(&program, TEN);
        let mut answer = ureq::post(format!("{address}/v1/imports?facts=orders&file=orders.csv"))
            .header("authorization", format!("Bearer {key}"))
            .content_type("text/csv")
            .send(&file)
            .unwrap();
        assert_eq!(answer.status().as_u16(), 202, "{store}");
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        answer.body_mut().read_to_vec().unwrap();
        // 202 is a promise that the service itself need not live to keep.
        service.kill().unwrap();
        service.wait().unwrap();

        let mut killed = 0;
        for (at, steps) in [(TEN, 2), ("2026-06-01T10:07:00Z", 4)] {
            let mut worker = program.start(at, &["work", "--once", "--only", "jobs"]);
            let begun = Instant::now();
            while journalled(&program.data()) < steps && worker.try_wait().unwrap().is_none() {
                assert!(begun.elapsed() < Duration::from_secs(60), "{store}: it does not get on");
                std::thread::yield_now();
            }
            worker.kill().ok();
            killed += usize::from(worker.wait().unwrap().code().is_none());
        }
        assert!(killed > 0, "{store}: it was never caught in time");
        let (mut service, address) = serve(&program, LATER);
        let (_, between) = get(&address, key, &location);
        assert_eq!((&between["state"], between["report"].is_null()), (&"running".into(), true), "{store}: {between}");
        assert_eq!(between["progress"]["stage"], "importing orders", "{store}: {between}");
        assert_eq!(number(&program, "SELECT count(*) FROM order_item"), 0, "{store}: all of a file or nothing");

        let said = finished(program.start(LATER, &["work", "--once", "--only", "jobs"]));
        assert_eq!(said.code, Some(0), "{store}: {}{}", said.out, said.err);
        let (_, import) = get(&address, key, &location);
        let report = &import["report"];
        assert_eq!((&import["state"], &report["accepted"]), (&"done".into(), &ORDERS.into()), "{store}: {import}");
        assert!(report["resumed_after"].as_u64().is_some_and(|lines| lines > 5_000), "{store}: {import}");
        assert_eq!((&report["rejected"], &report["duplicates"]["orders"]), (&6.into(), &0.into()), "{store}: {import}");
        let (rejects, _) = get(&address, key, import["rejects"].as_str().unwrap());
        assert_eq!(rejects.lines().count(), 7, "{store}: {rejects}");
        service.kill().unwrap();
        service.wait().unwrap();

        assert_eq!(number(&program, "SELECT count(*) FROM order_item"), ORDERS as i64, "{store}: lost or doubled");
        assert_eq!(number(&program, "SELECT count(DISTINCT fact_key) FROM order_item"), ORDERS as i64, "{store}");
        let check = program.done_at(LATER, &["history", "check", "--json"]).json();
        assert_eq!(check["findings"], serde_json::json!([]), "{store}: {check}");
        let uploads = std::fs::read_dir(program.data().join("uploads")).unwrap().count();
        assert_eq!(uploads, 0, "{store}: the file is not kept longer than needed");
    }
}
