//! Files over REST: taken, imported in the background, shown with what became of their lines.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use serde_json::Value;
use vizavi::operations::access::Role;
use vizavi::operations::import::upload;
use vizavi::settings::{ImportSettings, Settings};

use super::service::{Answer, Service};

const HEAD: &str = "customer,occurred_at,order_key,sku,quantity,amount\n";
const MAPPING: &str = "[[record]]\ntarget = \"orders\"\n\n[record.fields]\ncustomer = \"who\"\noccurred_at = \"day\"\n\
    order_key = \"bill\"\nsku = \"article\"\nquantity = \"pieces\"\namount = \"paid\"\n";

/// Lines of orders `from..until`, one each.
fn lines(from: usize, until: usize) -> String {
    (from..until).map(|n| format!("C{n},2026-01-05T10:00:00Z,O{n},s1,1,5.00\n")).collect()
}

fn orders(from: usize, until: usize) -> String {
    HEAD.to_owned() + &lines(from, until)
}

/// Sends a file and expects it to be taken; its address.
fn taken(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text);
    let location = answer.header("location").expect("where it is").to_owned();
    assert_eq!(location, format!("/v1/imports/{}", answer.json()["id"]));
    location
}

fn send(service: &Service, query: &str, body: &[u8]) -> String {
    taken(&service.post(&format!("/v1/imports?{query}")).by(Role::Ingest).bytes("text/csv", body).send())
}

fn shown(service: &Service, location: &str) -> Value {
    let answer = service.get(location).by(Role::Viewer).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn facts(service: &Service) -> i64 {
    service.number("SELECT count(*) FROM order_item")
}

/// Files that wait for their import.
fn waiting(service: &Service) -> usize {
    std::fs::read_dir(service.ws.data().join("uploads")).map_or(0, Iterator::count)
}

/// A form with a file and, where there is one, its mapping.
fn form(name: &str, file: &str, mapping: Option<&str>) -> (&'static str, String) {
    let mut text = String::new();
    if let Some(mapping) = mapping {
        text += &format!("--X\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{mapping}\r\n");
    }
    text += &format!("--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{file}\r\n");
    ("multipart/form-data; boundary=X", text + "--X--\r\n")
}

fn parquet() -> Vec<u8> {
    let text = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("customer", text(&["C900", "C901"])),
        ("occurred_at", text(&["2026-01-05", "2026-01-06"])),
        ("order_key", text(&["O900", "O901"])),
        ("sku", text(&["s1", "s2"])),
        ("quantity", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
        ("amount", text(&["5.00", "6.00"])),
    ]);
    let batch = batch.unwrap();
    let mut file = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    file
}

#[test]
fn a_file_is_taken_and_imported_in_the_background() {
    Service::on_both_stores(|service| {
        let location = send(service, "facts=orders&file=shop.csv", orders(0, 3).as_bytes());
        let before = shown(service, &location);
        assert_eq!(
            (&before["state"], &before["kind"], &before["file"]),
            (&"waiting".into(), &"orders".into(), &"shop.csv".into())
        );
        assert!(before["report"].is_null() && before["finished_at"].is_null() && waiting(service) == 1, "{before}");
        let job = service.get(&format!("/v1/jobs/{}", before["job"])).by(Role::Viewer).send().json();
        assert_eq!((&job["kind"], &job["state"]), (&"import".into(), &"waiting".into()), "{job}");
        assert_eq!((facts(service), service.work().done > 0, facts(service)), (0, true, 3));

        let after = shown(service, &location);
        assert_eq!((&after["state"], &after["report"]["accepted"]), (&"done".into(), &3.into()), "{after}");
        assert!(after["finished_at"].is_string() && after["digest"].as_str().is_some_and(|hex| hex.len() == 64));
        assert!(
            !after.to_string().contains(&service.ws.data().display().to_string()),
            "no path of the server: {after}"
        );
        assert_eq!(waiting(service), 0, "it is not kept longer than needed");
        assert_eq!(service.text("SELECT min(source) FROM order_item"), "shop");
        let customer = service.get("/v1/customers/C1").by(Role::Viewer).send();
        assert_eq!(customer.status, 200, "{}", customer.text);
        let audit = service.get("/v1/audit").by(Role::Admin).send();
        assert!(audit.text.contains("import.send"), "{}", audit.text);
    });
}

#[test]
fn every_format_and_packing_is_known_by_what_it_holds() {
    let service = Service::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(orders(0, 2).as_bytes()).unwrap();
    let json: String = (4..6)
        .map(|n| {
            format!(
                "{{\"customer\":\"C{n}\",\"occurred_at\":\"2026-01-05\",\"order_key\":\"O{n}\",\"sku\":\"s1\",\
                 \"quantity\":1,\"amount\":\"5.00\"}}\n"
            )
        })
        .collect();
    let files = [
        ("orders.csv", gzip.finish().unwrap()),
        ("orders.csv", zstd::encode_all(orders(2, 4).as_bytes(), 1).unwrap()),
        ("orders.ndjson", json.clone().into_bytes()),
        (
            "orders.ndjson",
            zstd::encode_all(json.replace('4', "6").replace("C5", "C7").replace("O5", "O7").as_bytes(), 1).unwrap(),
        ),
        ("orders.parquet", parquet()),
    ];
    for (name, file) in files {
        // Whatever the media type says, the file says it better.
        let answer = service.post("/v1/imports?facts=orders").by(Role::Ingest).bytes("application/octet-stream", &file);
        let location = taken(&answer.send());
        service.work();
        let import = shown(&service, &location);
        assert_eq!((&import["state"], &import["file"]), (&"done".into(), &name.into()), "{import}");
        assert_eq!(import["report"]["accepted"], 2, "{import}");
    }
    assert_eq!(facts(&service), 10);
    // Without a name all have one source: an order that comes again is the same order.
    assert_eq!(service.number("SELECT count(DISTINCT source) FROM order_item"), 1);
}

#[test]
fn a_mapping_comes_as_a_part_of_a_form() {
    Service::on_both_stores(|service| {
        let file = "bill,who,day,article,pieces,paid\nB1,C1,2026-01-05,s1,2,10.00\n";
        let (media, body) = form("till.csv", file, Some(MAPPING));
        let answer = service.post("/v1/imports?facts=orders").by(Role::Ingest).body(media, &body).send();
        let location = taken(&answer);
        service.work();
        let import = shown(service, &location);
        assert_eq!((&import["state"], &import["file"]), (&"done".into(), &"till.csv".into()), "{import}");
        assert_eq!(service.number("SELECT CAST(sum(amount) AS BIGINT) FROM order_item"), 1_000);
    });
}

#[test]
fn what_cannot_be_imported_is_refused_at_once_and_leaves_nothing() {
    let service = Service::new();
    let key = service.key_of(Role::Marketer);
    let post = |query: &str, media: &str, body: &[u8]| {
        service.post(&format!("/v1/imports{query}")).key(&key).bytes(media, body).send()
    };
    let said = |answer: &Answer, key: &str, words: &str| {
        let problem = answer.problem(422);
        assert_eq!(problem["errors"][0]["key"].as_str().unwrap_or_default(), key, "{problem}");
        assert!(problem.to_string().contains(words), "{words} in {problem}");
    };
    let file = orders(0, 2);
    let csv = |query: &str, body: &[u8]| post(query, "text/csv", body);
    said(&csv("?facts=shoes", file.as_bytes()), "facts", "customers, consents");
    said(&csv("", file.as_bytes()), "facts", "orders");
    csv("?facts=orders&sort=1", file.as_bytes()).problem(422);
    said(&csv("?facts=orders&file=..%2Fx.csv", file.as_bytes()), "file", "slashes");
    said(&csv("?facts=orders", b""), "", "empty");
    said(&csv("?facts=orders", b"customer,colour\nC1,red\n"), "colour", "write a mapping");
    said(&csv("?facts=orders&file=x.csv", b"\x1f\x8b\x08\0damaged"), "", "damaged");
    assert!(post("?facts=orders", "application/json", b"{}").problem(415)["detail"].to_string().contains("NDJSON"));

    let with = |file: &str, mapping: &str| {
        let (media, body) = form("till.csv", file, Some(mapping));
        post("?facts=orders", media, body.as_bytes())
    };
    let till = "bill,who,day,article,pieces,paid\nB1,C1,2026-01-05,s1,2,10.00\n";
    let problem = with(till, "[[record]\n").problem(422);
    assert_eq!((&problem["errors"][0]["file"], &problem["errors"][0]["line"]), (&"mapping".into(), &1.into()));
    said(&with(till, &MAPPING.replace("article", "item")), "item", "the file has no such column");
    said(&with(till, &MAPPING.replace("\"orders\"", "\"parcels\"")), "record[0].target", "none of");
    let returns = MAPPING.replace("\"orders\"", "\"returns\"");
    said(&with(till, &returns), "record.target", "makes no orders");
    let (media, body) = form("till.csv", till, None);
    said(&post("?facts=orders", media, body.replace("name=\"file\"", "name=\"data\"").as_bytes()), "data", "`mapping`");
    post("?facts=orders", "multipart/form-data", body.as_bytes()).problem(400);
    post("?facts=orders", media, &body.as_bytes()[..80]).problem(400);

    assert_eq!((waiting(&service), facts(&service)), (0, 0));
    let list = service.get("/v1/imports").by(Role::Viewer).send().json();
    assert_eq!(list["items"], serde_json::json!([]));
}

#[test]
fn a_mapping_that_only_the_lines_contradict_fails_the_import() {
    Service::on_both_stores(|service| {
        let file = "{\"bill\":\"B1\",\"who\":\"C1\",\"day\":\"2026-01-05\",\"article\":\"s1\",\"pieces\":2}\n";
        let (media, body) = form("till.ndjson", file, Some(MAPPING));
        let location = taken(&service.post("/v1/imports?facts=orders").by(Role::Ingest).body(media, &body).send());
        assert_eq!(service.work().dead, 1);
        let import = shown(service, &location);
        assert_eq!(import["state"], "failed", "{import}");
        assert!(import["finished_at"].is_string() && import["report"].is_null(), "{import}");
        assert_eq!(import["error"]["errors"][0]["key"], "paid", "{import}");
        assert!(import["error"]["message"].as_str().is_some_and(|text| text.contains("nothing was imported")));
        assert_eq!((waiting(service), facts(service)), (0, 0));
        // It cannot be tried again, since the file is gone.
        let retry = service.post(&format!("/v1/jobs/{}/retry", import["job"])).by(Role::Admin).send();
        assert!(retry.problem(409)["detail"].as_str().is_some_and(|text| text.contains("send the file again")));
    });
}

#[test]
fn an_import_that_is_cancelled_brings_nothing_and_leaves_no_file() {
    Service::on_both_stores(|service| {
        let answer = service.post("/v1/imports?facts=orders").by(Role::Ingest).body("text/csv", &orders(0, 10)).send();
        let location = taken(&answer);
        let cancel = format!("/v1/jobs/{}/cancel", shown(service, &location)["job"]);
        service.post(&cancel).by(Role::Viewer).send().problem(403);
        let cancelled = service.post(&cancel).by(Role::Marketer).send().json();
        assert_eq!((&cancelled["state"], cancelled["lease_owner"].is_null()), (&"cancelled".into(), true));
        assert_eq!(service.post(&cancel).by(Role::Marketer).send().status, 200, "once is as good as twice");
        let worked = service.work();
        assert_eq!((worked.dead, worked.failed, facts(service)), (0, 0, 0));
        let import = shown(service, &location);
        assert_eq!(import["state"], "failed", "{import}");
        assert!(import["error"]["message"].as_str().is_some_and(|text| text.starts_with("cancelled by key:")));
        assert!(upload::here(&service.ws).unwrap().is_empty());
        let again = service.post(&cancel.replace("/cancel", "/retry")).by(Role::Admin).send();
        assert!(again.problem(409)["detail"].as_str().is_some_and(|text| text.contains("send the file again")));
        service.post("/v1/jobs/7/cancel").by(Role::Admin).send().problem(404);
    });
}

#[test]
fn a_file_above_the_limit_is_refused_and_leaves_nothing() {
    let settings =
        Settings { imports: ImportSettings { limit_mib: 1, ..ImportSettings::default() }, ..Settings::default() };
    let service = Service::with(None, settings);
    let large = orders(0, 60_000);
    assert!(large.len() > 2 << 20);
    let answer = service.post("/v1/imports?facts=orders").by(Role::Ingest).body("text/csv", &large).send();
    let problem = answer.problem(413);
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("1 MiB") && text.contains("limit_mib")));
    let (media, body) = form("till.csv", &large, None);
    service.post("/v1/imports?facts=orders").by(Role::Ingest).body(media, &body).send().problem(413);

    // Without a length nobody knows before it has come.
    let key = service.key_of(Role::Ingest);
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let head = format!(
        "POST /v1/imports?facts=orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for piece in large.as_bytes().chunks(1 << 16) {
        let sent = stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes());
        if sent.and_then(|()| stream.write_all(piece)).and_then(|()| stream.write_all(b"\r\n")).is_err() {
            break; // It has answered and hung up.
        }
    }
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut first).unwrap();
    assert_eq!(String::from_utf8_lossy(&first), "HTTP/1.1 413");
    assert_eq!(waiting(&service), 0);
    let list = service.get("/v1/imports").by(Role::Viewer).send().json();
    assert_eq!(list["items"], serde_json::json!([]));
    // Packed it is small enough.
    let packed = zstd::encode_all(large.as_bytes(), 1).unwrap();
    send(&service, "facts=orders", &packed);
}

#[test]
fn a_body_that_breaks_off_leaves_nothing() {
    let service = Service::new();
    let key = service.key_of(Role::Ingest);
    let mut stream = TcpStream::connect(service.address()).unwrap();
    let head = format!(
        "POST /v1/imports?facts=orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 100000\r\n\r\n"
    );
    stream.write_all((head + &orders(0, 100)).as_bytes()).unwrap();
    wait_for("the file arrives", || waiting(&service) == 1);
    drop(stream);
    wait_for("nothing is left", || waiting(&service) == 0);
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: never");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_same_file_is_known_and_the_same_request_has_the_same_answer() {
    Service::on_both_stores(|service| {
        let key = service.key_of(Role::Ingest);
        let post = |query: &str, idempotency: &str, file: &str| {
            let request = service.post(&format!("/v1/imports?facts=orders{query}")).key(&key);
            request.header("idempotency-key", idempotency).body("text/csv", file).send()
        };
        let first = post("", "night-1", &orders(0, 5));
        let location = taken(&first);
        let replayed = post("", "night-1", &orders(0, 5));
        assert_eq!((taken(&replayed), replayed.header("idempotency-replayed")), (location.clone(), Some("true")));
        assert_eq!(waiting(service), 1, "what came again is not kept");
        post("", "night-1", &orders(0, 6)).problem(422);
        assert_eq!(waiting(service), 1);
        service.work();

        let again = taken(&post("", "night-2", &orders(0, 5)));
        assert_ne!(again, location);
        service.work();
        let known = shown(service, &again);
        assert_eq!((&known["state"], known["report"]["imported_at"].is_string()), (&"known".into(), true), "{known}");
        // Asked for, it is read once more; its facts are known one by one.
        let forced = taken(&post("&again=true", "night-3", &orders(0, 5)));
        service.work();
        let forced = shown(service, &forced);
        assert_eq!(
            (&forced["state"], &forced["report"]["duplicates"]["orders"]),
            (&"done".into(), &5.into()),
            "{forced}"
        );
        assert_eq!(facts(service), 5);
        // What was refused can be sent again under its key.
        post("", "night-4", "customer,colour\nC1,red\n").problem(422);
        taken(&post("", "night-4", &orders(5, 6)));
    });
}

#[test]
fn rejected_lines_are_counted_and_can_be_fetched_mended_and_sent_again() {
    Service::on_both_stores(|service| {
        let file = orders(0, 2) + "C9,2026-01-05,O9,s1,one,5.00\n" + "C8,yesterday,O8,s1,1,5.00\n";
        let location = send(service, "facts=orders&file=shop.csv", file.as_bytes());
        service.get(&format!("{location}/rejects")).by(Role::Viewer).send().problem(404);
        service.work();
        let import = shown(service, &location);
        let report = &import["report"];
        assert_eq!((&report["accepted"], &report["rejected"]), (&2.into(), &2.into()), "{import}");
        assert_eq!(report["reasons"].as_array().map(Vec::len), Some(2), "{import}");
        let rejects = import["rejects"].as_str().expect("where they are");
        let answer = service.get(rejects).by(Role::Viewer).send();
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        assert!(answer.header("content-disposition").is_some_and(|text| text.starts_with("attachment")));
        assert_eq!(answer.text.lines().count(), 3, "{}", answer.text);

        let mended = answer.text.replace(",one,", ",1,").replace("yesterday", "2026-01-04");
        let location = send(service, "facts=orders&file=shop.csv", mended.as_bytes());
        service.work();
        let import = shown(service, &location);
        assert_eq!((&import["report"]["accepted"], import["rejects"].is_null()), (&2.into(), true), "{import}");
        assert_eq!(facts(service), 4);
        service.get(&format!("{location}/rejects")).by(Role::Viewer).send().problem(404);
    });
}

#[test]
fn a_dry_run_reads_everything_and_changes_nothing() {
    let service = Service::new();
    let file = orders(0, 3) + "C9,2026-01-05,O9,s1,one,5.00\n";
    let location = send(&service, "facts=orders&dry_run=true", file.as_bytes());
    service.work();
    let import = shown(&service, &location);
    assert_eq!((&import["state"], &import["dry_run"]), (&"tried".into(), &true.into()), "{import}");
    assert_eq!((&import["report"]["accepted"], &import["report"]["rejected"]), (&3.into(), &1.into()), "{import}");
    assert_eq!((facts(&service), waiting(&service)), (0, 0));
    service.get("/v1/customers/C1").by(Role::Viewer).send().problem(404);
    // It does not count as imported.
    let location = send(&service, "facts=orders", file.as_bytes());
    service.work();
    assert_eq!((shown(&service, &location)["state"].clone(), facts(&service)), ("done".into(), 3));
}

#[test]
fn everybody_brings_what_they_may_and_sees_their_own() {
    let service = Service::new();
    let post = |role: Role, kind: &str, file: &str| {
        service.post(&format!("/v1/imports?facts={kind}")).by(role).body("text/csv", file).send()
    };
    let people = "customer,email,merge_into\nC1,c1@example.com,\nC2,c2@example.com,C1\n";
    let offers = "name,percent\nten-off,10\n";
    post(Role::Viewer, "orders", &orders(0, 1)).problem(403);
    post(Role::Decide, "orders", &orders(0, 1)).problem(403);
    post(Role::Ingest, "offers", offers).problem(403);
    let (media, body) = form(
        "x.csv",
        "name,percent,who\nx,1,C1\n",
        Some(
            "[[record]]\ntarget = \"customers\"\n[record.fields]\ncustomer = \"who\"\n\n\
         [[record]]\ntarget = \"offers\"\n[record.fields]\nname = \"name\"\npercent = \"percent\"\n",
        ),
    );
    let hidden = service.post("/v1/imports?facts=customers").by(Role::Ingest).body(media, &body).send();
    assert!(hidden.problem(403)["detail"].as_str().is_some_and(|text| text.contains("offers:write")));
    assert_eq!(waiting(&service), 0);

    let merging = taken(&post(Role::Marketer, "customers", people));
    let offered = taken(&post(Role::Marketer, "offers", offers));
    let own = service.key_of(Role::Ingest);
    let sent = taken(&service.post("/v1/imports?facts=orders").key(&own).body("text/csv", &orders(5, 7)).send());
    service.work();
    // Merging is for good: it needs more than bringing profiles.
    let import = shown(&service, &merging);
    assert_eq!((&import["report"]["accepted"], &import["report"]["rejected"]), (&1.into(), &1.into()), "{import}");
    assert!(import.to_string().contains("customers:manage"), "{import}");
    assert_eq!(shown(&service, &offered)["state"], "done");
    assert_eq!(service.get("/v1/offers/ten-off").by(Role::Viewer).send().status, 200);
    assert_eq!(service.get(&sent).key(&own).send().json()["state"], "done");
    service.get(&merging).key(&own).send().problem(404);
    service.get(&sent).by(Role::Ingest).send().problem(404);
    let listed = |key: &str| service.get("/v1/imports").key(key).send().json()["items"].as_array().map(Vec::len);
    assert_eq!((listed(&own), listed(&service.key_of(Role::Viewer))), (Some(1), Some(3)));

    let merging = taken(&post(Role::Admin, "customers&again=true", people));
    service.work();
    assert_eq!(shown(&service, &merging)["report"]["accepted"], 2);
    let merged = service.get("/v1/customers/C2").by(Role::Viewer).send().json();
    assert_eq!(merged["external_id"], "C1", "{merged}");
}
