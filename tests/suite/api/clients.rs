//! Clients made from the document: up to date, and able to talk to the service.

use std::process::Command;

use serde_json::json;
use vizavi::api::clients::{Language, client};
use vizavi::operations::access::Role;

use super::service::Service;

#[path = "../../../docs/clients/vizavi.rs"]
#[allow(dead_code, clippy::all, reason = "made for others, and not all of it is tried here")]
#[rustfmt::skip]
mod vizavi_client;

#[test]
fn the_clients_in_docs_are_those_of_this_program() {
    for (language, name, file) in Language::ALL {
        let made = client(language).unwrap();
        let kept = std::fs::read_to_string(format!("docs/clients/{file}")).unwrap_or_default();
        assert!(
            made == kept,
            "docs/clients/{file} is not of this program; run: vizavi client {name} > docs/clients/{file}"
        );
    }
}

#[test]
fn every_operation_is_in_every_client() {
    let operations = vizavi::api::routes::table().len();
    let count = |language, mark: &str| client(language).unwrap().matches(mark).count();
    assert_eq!(count(Language::Curl, "\ncurl -sS "), operations);
    assert_eq!(count(Language::Python, "return self._call("), operations);
    assert_eq!(count(Language::JavaScript, "return this.call("), operations);
    assert_eq!(count(Language::Rust, "        self.call("), operations);
}

/// Runs a program over a client in a folder of its own; nothing where its language is not installed.
fn run(command: &str, language: Language, file: &str, text: &str, service: &Service) {
    if Command::new(command).arg("--version").output().is_err() {
        eprintln!("skipped: {command} was not found");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, _, library) = Language::ALL.into_iter().find(|(known, ..)| *known == language).unwrap();
    std::fs::write(folder.path().join(library), client(language).unwrap()).unwrap();
    std::fs::write(folder.path().join(file), text).unwrap();
    let said = Command::new(command)
        .arg(file)
        .current_dir(folder.path())
        .env("VIZAVI_URL", service.url(""))
        .env("VIZAVI_KEY", service.key_of(Role::Admin))
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success() && out.trim_end() == "well", "{command}: {out}{error}");
}

const PYTHON: &str = r#"
import os
from vizavi import Problem, Vizavi
api = Vizavi(os.environ["VIZAVI_URL"], os.environ["VIZAVI_KEY"])
api.put_customers_id("C/1", {"first_name": "Ann", "email": "ann@example.com"})
tag = api.etag
assert api.put_customers_id("C/1", {"first_name": "Anne"}, if_match=tag)["first_name"] == "Anne"
try:
    api.put_customers_id("C/1", {"first_name": "Eve"}, if_match=tag)
    raise SystemExit("a stale version was taken")
except Problem as problem:
    assert problem.status == 412 and problem.body["status"] == 412
assert api.put_segments_id_members("vips", "C/1\n", media="text/csv")["entered"] == 1
assert [row["customer"] for row in api.get_segments_id_members("vips", limit=10)["items"]] == ["C/1"]
assert api.post_segments_id_members("vips", ["C/1", "X"], media="application/json", skip_unknown=True)["unknown_count"] == 1
assert "vizavi_customers 1" in api.get_metrics()
print("well")
"#;

const JAVASCRIPT: &str = r#"
import assert from "node:assert";
import { Problem, Vizavi } from "./vizavi.mjs";
const api = new Vizavi(process.env.VIZAVI_URL, process.env.VIZAVI_KEY);
await api.putCustomersId("C/2", { first_name: "Ann", email: "ann@example.com" });
const ifMatch = api.etag;
assert.equal((await api.putCustomersId("C/2", { first_name: "Anne" }, { ifMatch })).first_name, "Anne");
await assert.rejects(api.putCustomersId("C/2", { first_name: "Eve" }, { ifMatch }), (e) => e instanceof Problem && e.status === 412);
assert.equal((await api.putSegmentsIdMembers("two", "C/2\n", { media: "text/csv" })).entered, 1);
assert.equal((await api.getSegmentsIdMembers("two", { limit: 10 })).items[0].customer, "C/2");
assert.ok((await api.getMetrics()).includes("vizavi_customers"));
console.log("well");
"#;

#[test]
fn the_clients_of_python_and_javascript_talk_to_the_service() {
    let service = Service::new();
    run("python3", Language::Python, "try.py", PYTHON, &service);
    run("node", Language::JavaScript, "try.mjs", JAVASCRIPT, &service);
}

#[test]
fn the_client_of_rust_talks_to_the_service() {
    use vizavi_client::{Body, GetSegmentsIdMembers, PutSegmentsIdMembers, Vizavi, With};
    let service = Service::new();
    let api = Vizavi::new(&service.url("/"), &service.key_of(Role::Admin));
    let made = api.put_customers_id("C/3", &json!({ "email": "ann@example.com" }), With::default()).unwrap();
    let with = With { if_match: made.etag.as_deref(), idempotency_key: Some("once") };
    for _ in 0..2 {
        let changed = api.put_customers_id("C/3", &json!({ "first_name": "Anne" }), with).unwrap();
        assert_eq!(changed.body["first_name"], "Anne", "the second answer is the first one's");
    }
    let stale = With { if_match: made.etag.as_deref(), idempotency_key: None };
    let refused = api.put_customers_id("C/3", &json!({ "first_name": "Eve" }), stale).unwrap_err();
    assert_eq!((refused.status, &refused.body["status"]), (412, &json!(412)));
    let file = Body::File("text/csv", b"C/3\nX\n");
    let query = PutSegmentsIdMembers { skip_unknown: Some(true), ..PutSegmentsIdMembers::default() };
    let kept = api.put_segments_id_members("three", &query, file, With::default()).unwrap();
    assert_eq!(kept.body["unknown"], json!([{ "line": 2, "key": "X" }]));
    let query = GetSegmentsIdMembers { limit: Some(10), ..GetSegmentsIdMembers::default() };
    let members = api.get_segments_id_members("three", &query).unwrap();
    assert_eq!(members.body["items"][0]["customer"], "C/3");
}
