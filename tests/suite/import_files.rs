//! Import of files as companies really have them: packed, repeated, overlapping, broken in every way, cut off in the middle.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use vizavi::clock::Timestamp;
use vizavi::history::event_types;
use vizavi::history::import::Report;
use vizavi::operations::import::{Import, import};
use vizavi::progress::Silent;

use crate::import::Place;

const HEAD: &str = "customer,occurred_at,order_key,sku,quantity,amount\n";

fn lines(from: u32, until: u32) -> String {
    (from..until).map(|i| format!("C{},2011-05-01T10:00:00Z,O{i},s{},1,{}.50\n", i % 50, i % 7, i % 90)).collect()
}

fn reasons(report: &Report) -> Vec<(&str, u64)> {
    report.reasons.iter().map(|reason| (reason.reason.as_str(), reason.count)).collect()
}

fn facts(place: &Place) -> (i64, i64) {
    (place.count("SELECT count(*) FROM order_item"), place.count("SELECT coalesce(sum(amount), 0) FROM order_item"))
}

#[test]
fn packed_files_are_read_like_plain_ones() {
    let text = HEAD.to_owned() + &lines(0, 300);
    let plain = Place::new();
    plain.import("orders", &plain.file("shop.csv", &text), None).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for (name, bytes) in [("shop.csv.gz", gzip.finish().unwrap()), ("shop.csv.zst", zstd)] {
        let place = Place::new();
        let path = place.folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let report = place.import("orders", &path, None).unwrap();
        assert_eq!((report.accepted, facts(&place)), (300, facts(&plain)), "{name}");
        // Half a file is no file.
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let error = place.import("orders", &path, None).unwrap_err();
        assert!(error.to_string().contains("cut off"), "{name}: {error}");
    }
}

#[test]
fn the_same_file_is_imported_once_and_overlapping_ones_add_what_is_new() {
    let place = Place::new();
    let first = place.file("may.csv", &(HEAD.to_owned() + &lines(0, 200)));
    assert_eq!(place.import("orders", &first, None).unwrap().imported_at, None);
    let copy = place.file("copy-of-may.csv", &(HEAD.to_owned() + &lines(0, 200)));
    let report = place.import("orders", &copy, None).unwrap();
    assert!(report.imported_at.is_some() && report.lines == 0 && report.to_string().contains("imported already"));
    // Asked for, it is read; the facts know that they are known, though the lines stand elsewhere.
    let what = Import { kind: "orders".into(), file: first, mapping: None, dry_run: false, again: true, sorted: None };
    let again = import(&place.workspace, &place.history, &what, &Silent).unwrap();
    assert_eq!((again.accepted, again.duplicates["orders"]), (200, 200), "{again}");
    std::fs::create_dir(place.folder.path().join("june")).unwrap();
    let overlapping = place.file("june/may.csv", &(HEAD.to_owned() + &lines(150, 260)));
    let report = place.import("orders", &overlapping, None).unwrap();
    assert_eq!((report.accepted, report.duplicates["orders"], facts(&place).0), (110, 50, 260), "{report}");
}

#[test]
fn equal_lines_of_an_order_are_as_many_facts_in_whatever_file_they_come() {
    let place = Place::new();
    let order = "C1,2011-05-01,A,s1,1,5\nC1,2011-05-01,A,s1,1,5\nC1,2011-05-01,A,s2,1,7\nC1,2011-05-01,A,s1,1,5\n";
    let report = place.import("orders", &place.file("shop.csv", &format!("{HEAD}{order}")), None).unwrap();
    assert_eq!((report.duplicates["orders"], facts(&place)), (0, (4, 2_200)), "{report}");
    let moved = format!("{HEAD}C9,2011-04-01,B,s1,1,1\n{order}");
    let report = place.import("orders", &place.file("shop.csv", &moved), None).unwrap();
    assert_eq!((report.duplicates["orders"], facts(&place)), (4, (5, 2_300)), "{report}");
    // An interaction has no number of its own: all that is said of it is what it is.
    let calls = "customer,occurred_at,direction,channel,reason\n\
        C1,2011-05-01T10:00:00Z,in,call,question\nC1,2011-05-01T10:00:00Z,in,call,question\n\
        C1,2011-05-01T10:00:00Z,in,call,complaint\n";
    place.import("interactions", &place.file("calls.csv", calls), None).unwrap();
    let later = calls.replace("reason\n", "reason\nC2,2011-05-01T09:00:00Z,in,call,order\n");
    let report = place.import("interactions", &place.file("calls.csv", &later), None).unwrap();
    assert_eq!((report.duplicates["interactions"], place.count("SELECT count(*) FROM interaction")), (3, 4));
}

#[test]
fn a_key_with_other_content_is_rejected_and_what_came_first_stays() {
    let place = Place::new();
    let text = "customer,occurred_at,fact_key,order_key,sku,quantity,amount\n\
        C1,2011-05-01,k1,A,s1,1,5\nC1,2011-05-01,k2,A,s1,1,6\nC1,2011-05-02,k1,A,s1,1,9\nC1,2011-05-01,k1,A,s1,1,5\n";
    let report = place.import("orders", &place.file("shop.csv", text), None).unwrap();
    let reason = "has the key of another fact, but other content; the other stays";
    assert_eq!(reasons(&report), [(reason, 1)], "{report}");
    assert_eq!((report.accepted, report.rejected, report.duplicates["orders"], facts(&place)), (3, 1, 1, (2, 1_100)));
    assert_eq!(report.reasons[0].first_lines, [4]);
    let rejects = std::fs::read_to_string(report.rejects.unwrap()).unwrap();
    assert!(rejects.contains("C1,2011-05-02,k1,A,s1,1,9,,3,\"has the key"), "{rejects}");
    // Against what is sealed as within a file.
    let report = place.import("orders", &place.file("shop.csv", &text.replace(",6\n", ",60\n")), None).unwrap();
    assert_eq!((reasons(&report)[0].1, report.duplicates["orders"], facts(&place)), (2, 2, (2, 1_100)), "{report}");
}

#[test]
fn bad_lines_are_rejected_one_by_one() {
    let place = Place::new();
    let good = "C1,2011-05-01,A,s1,1,5";
    let bad: [(&[u8], &str); 12] = [
        (b"C1,2011-02-30,B,s1,1,5", "`occurred_at` is not a time of the expected form"),
        (
            b"C1,2011-05-01T10:00:00[Mars/Base],B,s1,1,5",
            "`occurred_at` names a zone that does not exist, or not with this offset",
        ),
        (b"C1,20111-05-01,B,s1,1,5", "`occurred_at` is not a time of the expected form"),
        (b"C1,2011-05-01,B,s1,1,NaN", "`amount` is not a number"),
        (b"C1,2011-05-01,B,s1,1,inf", "`amount` is not a number"),
        (b"C1,2011-05-01,B,s1,1,99999999999999999999", "`amount` is out of range"),
        (b"C1,2011-05-01,B,s1,1.5,5", "`quantity` is not a whole number"),
        (b"C1,2011-05-01,B,s\xe9,1,5", "is not UTF-8; convert the file"),
        (
            b"C1,2011-05-01,B,\"s1,1,5",
            "a quote opens and never closes; close it, or double it if it belongs to the text",
        ),
        (b"C1,2011-05-01,B,\"s1\"x,1,5", "a closing quote must end its field; double quotes inside one"),
        (b"C1,2011-05-01,B,s1,1", "has 5 fields instead of 6"),
        (b",2011-05-01,B,s1,1,5", "`customer` is empty"),
    ];
    let mut text = HEAD.as_bytes().to_vec();
    for (at, (line, _)) in bad.iter().enumerate() {
        text.extend_from_slice(line);
        text.extend_from_slice(format!("\n{}\n", good.replace(",A,", &format!(",A{at},"))).as_bytes());
    }
    text.extend(b"C1,2011-05-01,B,");
    text.extend(std::iter::repeat_n(b'x', 5 << 20));
    text.extend(b",1,5\nC1,2011-05-01,last,s1,1,5");
    let path = place.folder.path().join("shop.csv");
    std::fs::write(&path, text).unwrap();
    let report = place.import("orders", &path, None).unwrap();
    assert_eq!((report.accepted, report.rejected, facts(&place)), (13, 13, (13, 13 * 500)), "{report}");
    for (line, reason) in bad {
        let shown = String::from_utf8_lossy(line);
        assert!(report.reasons.iter().any(|r| r.reason == reason), "{shown}: {report}");
    }
    let rejects = std::fs::read(report.rejects.unwrap()).unwrap();
    assert!(rejects.len() < 4_096, "the long line is cut: {}", rejects.len());
}

#[test]
fn what_expands_without_end_is_refused() {
    let place = Place::new();
    let path = place.folder.path().join("bomb.csv.zst");
    let mut zstd = zstd::Encoder::new(std::fs::File::create(&path).unwrap(), 1).unwrap();
    zstd.write_all(HEAD.as_bytes()).unwrap();
    (0..160).for_each(|_| zstd.write_all(&vec![b'\n'; 1 << 20]).unwrap());
    zstd.finish().unwrap();
    let error = place.import("orders", &path, None).unwrap_err();
    assert!(error.to_string().contains("expands"), "{error}");
    assert_eq!(facts(&place).0, 0);
}

#[test]
fn contracts_come_as_changes_or_as_periods() {
    let place = Place::new();
    let text = "customer,subscription_id,started_at,ended_at,plan,reason\n\
        C1,S1,2011-01-01,2011-06-01,basic,price\nC2,S2,2011-02-01,,basic,\nC3,S3,2011-03-01,2011-01-01,basic,\n";
    let report = place.import("subscriptions", &place.file("contracts.csv", text), None).unwrap();
    assert_eq!((report.accepted, report.rejected), (2, 1), "{report}");
    assert_eq!(report.reasons[0].reason, "`ended_at` is before `started_at`");
    assert_eq!(place.count("SELECT count(*) FROM subscription WHERE status = 'started' AND reason IS NULL"), 2);
    assert_eq!(place.count("SELECT count(*) FROM subscription WHERE status = 'ended' AND reason = 'price'"), 1);
    // The next export knows of one more end; the beginnings are known.
    let later = text.replace("2011-02-01,,", "2011-02-01,2011-07-01,");
    let report = place.import("subscriptions", &place.file("contracts.csv", &later), None).unwrap();
    assert_eq!(
        (report.duplicates["subscriptions"], place.count("SELECT count(*) FROM subscription")),
        (3, 4),
        "{report}"
    );
    let changes = "customer,subscription_id,occurred_at,status\nC1,S9,2011-01-01,started\nC1,S9,2011-02-01,paused\n";
    let report = place.import("subscriptions", &place.file("changes.csv", changes), None).unwrap();
    assert_eq!(reasons(&report), [("`status` is none of started, renewed, changed, ended", 1)]);
    let neither = place.file("neither.csv", "customer,subscription_id,plan\nC1,S1,basic\n");
    assert!(place.import("subscriptions", &neither, None).unwrap_err().to_string().contains("started_at"));
}

#[test]
fn events_carry_properties_and_claims_their_steps() {
    let place = Place::new();
    let refused = "customer,occurred_at,name,properties.page\nC1,2011-05-01,page_view,home\n";
    let report = place.import("events", &place.file("e.csv", refused), None).unwrap();
    assert!(report.rejected == 1 && report.reasons[0].reason.contains("no property is declared"), "{report}");
    let page_view = "{\"properties\": {\"page\": \"text\", \"search\": {\"kind\": \"text\", \"personal\": true}}}";
    let declared = serde_json::from_str(page_view).unwrap();
    let store = place.workspace.store();
    store.write(|conn| event_types::store::put(conn, "page_view", &declared, Timestamp(0)).map(drop)).unwrap();
    let events = "{\"customer\":\"C1\",\"occurred_at\":\"2011-05-01T10:00:00Z\",\"name\":\"page_view\",\"properties.page\":\"home\",\"properties.search\":null}\n\
        {\"customer\":\"C1\",\"occurred_at\":\"2011-05-01T10:00:01Z\",\"name\":\"page_view\",\"properties.page\":\"cart\",\"properties.search\":\"my name\"}\nnull\n";
    let report = place.import("events", &place.file("e.ndjson", events), None).unwrap();
    assert_eq!((report.accepted, report.rejected), (2, 1), "{report}");
    assert_eq!(place.count("SELECT count(*) FROM event WHERE properties = '{\"page\":\"cart\"}'"), 1);
    let customer = place.workspace.id_key().customer("C1");
    let kept = store.read(|conn| event_types::store::personal_of(conn, customer)).unwrap();
    assert!(kept.len() == 1 && kept[0].properties.contains("my name"), "{kept:?}");
    let claims = "customer,claim_id,occurred_at,status,amount\nC1,K1,2011-05-01,opened,\nC1,K1,2011-06-01,paid,12\nC1,K1,2011-06-02,lost,\n";
    let report = place.import("claims", &place.file("k.csv", claims), None).unwrap();
    assert_eq!(
        (report.accepted, reasons(&report)),
        (2, vec![("`status` is none of opened, paid, rejected, closed", 1)])
    );
}

fn vizavi(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vizavi"));
    command.args(arguments).arg("--data").arg(data).env_remove("DATABASE_URL").env("VIZAVI_LOG", "error");
    command
}

fn report(output: &Output) -> serde_json::Value {
    let said = String::from_utf8_lossy(&output.stdout);
    let mut reports: Vec<serde_json::Value> =
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
    reports.remove(0)
}

#[test]
fn patterns_and_standard_input_are_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (name, from) in [("b.csv", 100), ("a.csv", 0)] {
        std::fs::write(folder.path().join(name), HEAD.to_owned() + &lines(from, from + 100)).unwrap();
    }
    let pattern = folder.path().join("?.csv").display().to_string();
    let output = vizavi(&data, &["import", "orders", &pattern, "--json"]).output().unwrap();
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(reports.len() == 2 && reports[0]["file"].as_str().unwrap().ends_with("a.csv"), "{reports:?}");
    let none = folder.path().join("x*.csv").display().to_string();
    assert_eq!(vizavi(&data, &["import", "orders", &none]).output().unwrap().status.code(), Some(2));
    let from_input = |text: &str| {
        let mut child = vizavi(&data, &["import", "orders", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        report(&child.wait_with_output().unwrap())
    };
    let text = HEAD.to_owned() + &lines(300, 400);
    assert_eq!(from_input(&text)["accepted"], 100);
    assert!(from_input(&text)["imported_at"].is_string());
    let json = "{\"customer\":\"C1\",\"occurred_at\":\"2011-05-01\",\"order_key\":\"J\",\"sku\":\"s\",\"quantity\":1,\"amount\":2}\n";
    assert_eq!(from_input(json)["accepted"], 1);
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    let mut text = HEAD.to_owned() + &lines(0, 60_000);
    // Lines to reject, equal lines, and a contradiction across the places where it is interrupted.
    text += "C1,2011-05-01,bad,s1,one,5\n";
    text += &lines(60_000, 90_000);
    text += "C1,2011-05-01T10:00:00Z,O1,s1,1,77\n";
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let arguments = ["import", "orders", &file, "--json", "--sort-memory", "1"];
    let whole = vizavi(&folder.path().join("whole"), &arguments).output().unwrap();
    let expected = report(&whole);
    let data = folder.path().join("data");
    let mut killed = 0;
    for steps in [2, 3, 5] {
        let mut child = vizavi(&data, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while journalled(&data) < steps && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().ok();
        killed += usize::from(child.wait().unwrap().code().is_none());
    }
    assert!(killed > 0, "it was never caught in time");
    let mut last = report(&vizavi(&data, &arguments).output().unwrap());
    assert!(last["resumed_after"].as_u64().unwrap() > 10_000, "{last}");
    let object = last.as_object_mut().unwrap();
    object.remove("resumed_after");
    let rejects = |report: &mut serde_json::Value| {
        let path = report["rejects"].take();
        std::fs::read_to_string(path.as_str().unwrap()).unwrap()
    };
    let mut expected = expected;
    assert_eq!(rejects(&mut last), rejects(&mut expected));
    assert_eq!(last, expected);
    assert_eq!(std::fs::read_dir(data.join("history/staging")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(data.join("rejects")).unwrap().count(), 1);
}

/// Lines of the journal of the import that is going on.
fn journalled(data: &Path) -> usize {
    let Ok(folders) = std::fs::read_dir(data.join("history/staging")) else { return 0 };
    let journals =
        folders.flatten().filter_map(|folder| std::fs::File::open(folder.path().join("journal.ndjson")).ok());
    journals.map(|journal| BufReader::new(journal).lines().count()).max().unwrap_or(0)
}
