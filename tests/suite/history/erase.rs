//! A person is forgotten, to the last byte that is ours.

use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use vizavi::operations::access::Role;

use crate::api::service::Service;
use crate::cli::program::Program;

const CUSTOMERS: &str = "customer,first_name,last_name,email,phone\n\
    P-4711,Zaphira,Quixotl,zaphira.quixotl@example.com,+359 2 555 0199\n\
    P-0002,Ann,Example,ann@example.com,\n";
const ORDERS: &str = "customer,occurred_at,order_key,sku,quantity,amount\n\
    P-4711,2026-05-01T10:00:00Z,O-1,A,1,10.00\n\
    P-0002,2026-05-02T10:00:00Z,O-2,B,1,20.00\n";
const CALLS: &str = "customer,occurred_at,direction,channel,reason\n\
    P-4711,2026-05-03T10:00:00Z,in,call,order\n\
    P-0002,2026-05-03T11:00:00Z,in,call,order\n";
/// By which the person would be found again.
const WORDS: [&str; 4] = ["P-4711", "Quixotl", "Zaphira", "555 0199"];

/// The bytes of a file; of a Parquet file, which is compressed, also the text of all its rows and statistics.
fn contents(path: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
        for batch in reader.build().unwrap() {
            bytes.extend(format!("{:?}", batch.unwrap()).into_bytes());
        }
    }
    bytes
}

/// Files below a folder that hold one of the words.
fn mentions(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(mentions(&entry.path()));
            continue;
        }
        let bytes = contents(&entry.path());
        let holds = |word: &&str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        found.extend(WORDS.iter().filter(|word| holds(word)).map(|word| format!("{word} in {:?}", entry.path())));
    }
    found
}

#[test]
fn after_erasure_and_compaction_no_file_knows_the_person() {
    for (store, program) in Program::on_both_stores() {
        for (kind, name, text) in [
            ("customers", "people.csv", CUSTOMERS),
            ("orders", "orders.csv", ORDERS),
            ("interactions", "calls.csv", CALLS),
        ] {
            program.done(&["import", kind, &program.file(name, text)]);
        }
        // A database server keeps its own files elsewhere.
        let looked = store != "SQLite" || !mentions(&program.data()).is_empty();
        assert!(looked, "{store}: the test must look where the person is");
        let erased = program.done_at("2026-06-02T10:00:00Z", &["erase", "P-4711", "--json"]).json();
        assert_eq!(erased["mentioned_in"], serde_json::json!([]), "{store}");
        // At once: nobody finds the person, and queries do not see the facts.
        assert_eq!(program.call(&["customer", "P-4711"]).code, Some(2), "{store}");
        let export = program.path("export.csv");
        let lines = |at: &str| {
            program.done_at(
                at,
                &["history", "export", &export.display().to_string(), "--format", "csv", "--type", "order_item"],
            );
            std::fs::read_to_string(&export).unwrap().lines().count()
        };
        assert_eq!(lines("2026-06-02T10:01:00Z"), 2, "{store}: a header and the other's order");
        let compacted = program.done_at("2026-06-02T10:02:00Z", &["history", "compact", "--json"]).json();
        assert_eq!(compacted["hidden"], 2, "{store}: {compacted}");
        assert_eq!(mentions(&program.data()), [""; 0], "{store}");
        assert_eq!(lines("2026-06-02T10:03:00Z"), 2, "{store}");
        let story = program.done(&["customer", "P-0002", "--json"]).out;
        assert!(story.contains("O-2"), "{store}: {story}");
        let checked = program.done_at("2026-06-02T10:04:00Z", &["history", "check", "--json"]).json();
        assert_eq!(checked["findings"], serde_json::json!([]), "{store}");
        // Nobody is there to be erased any more.
        let again = program.call(&["erase", "P-4711"]);
        assert_eq!((again.code, again.out.as_str()), (Some(2), ""), "{store}");
    }
}

#[test]
fn files_that_are_not_ours_to_change_are_named() {
    let program = Program::new(None);
    program.done(&["import", "customers", &program.file("people.csv", CUSTOMERS)]);
    let rejects = program.data().join("rejects");
    std::fs::create_dir_all(&rejects).unwrap();
    std::fs::write(rejects.join("old.1.csv"), "customer,reason\nP-4711,bad date\n").unwrap();
    std::fs::write(rejects.join("old.2.csv"), "customer,reason\nP-47110,bad date\n").unwrap();
    let erased = program.done(&["erase", "P-4711", "--json"]).json();
    let named = erased["mentioned_in"].as_array().unwrap();
    assert_eq!(named.len(), 1, "{erased}");
    assert!(named[0].as_str().unwrap().ends_with("old.1.csv"));
}

#[test]
fn over_rest_an_administrator_erases_once() {
    let service = Service::new().with_customer("C-1").with_customer("C-2");
    let order = r#"{"customer":"C-1","order":"O-1","items":[{"sku":"A","quantity":1,"amount":100}]}"#;
    let post = service.post("/v1/orders").by(Role::Ingest).header("idempotency-key", "k-1").json(order).send();
    assert_eq!(post.status, 200, "{}", post.text);
    assert_eq!(service.request("DELETE", "/v1/customers/C-1").by(Role::Marketer).send().status, 403);
    let deleted = service.request("DELETE", "/v1/customers/C-1").by(Role::Admin).send();
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    service.request("DELETE", "/v1/customers/C-1").by(Role::Admin).send().problem(404);
    service.get("/v1/customers/C-1").by(Role::Viewer).send().problem(404);
    assert_eq!(service.get("/v1/customers/C-2").by(Role::Viewer).send().status, 200);
    assert_eq!(service.ws.history().waiting().unwrap(), 0, "what waited in the tail is gone too");
    let audit = service.get("/v1/audit").by(Role::Admin).send().text;
    assert!(audit.contains("customer.erase") && !audit.contains("C-1"), "{audit}");
    assert_eq!(service.get("/v1/audit/check").by(Role::Admin).send().status, 200);
}
