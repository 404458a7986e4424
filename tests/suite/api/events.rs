//! Events: declared properties, and what of them is personal.

use vizavi::history::event_types::store::personal_of;
use vizavi::operations::access::Role;

use super::service::{Answer, Service};

const DECLARED: &str = r#"{"title": "a page was looked at",
    "properties": {"sku": "text", "seconds": "number", "search": {"kind": "text", "personal": true}}}"#;

fn declare(service: &Service) {
    let answer = service.put("/v1/event-types/page_view").by(Role::Marketer).json(DECLARED).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
}

fn post(service: &Service, body: &str) -> Answer {
    service.post("/v1/events").by(Role::Ingest).json(body).send()
}

#[test]
fn an_event_counts_once_and_its_customer_need_not_be_known() {
    Service::on_both_stores(|service| {
        let event = r#"{"customer": "C-9", "name": "page_view", "key": "e-1", "occurred_at": "2026-02-01T10:00:00Z"}"#;
        assert_eq!(post(service, event).text, r#"{"accepted":1,"known":0}"#);
        assert_eq!(post(service, event).text, r#"{"accepted":0,"known":1}"#);
        let count = "SELECT count(*) AS n FROM event WHERE name = 'page_view' AND fact_key = 'e-1'";
        assert_eq!(service.number(count), 1);
        assert_eq!(service.get("/v1/customers/C-9").by(Role::Viewer).send().status, 200);
    });
}

#[test]
fn without_a_key_the_content_with_its_instant_is_the_key() {
    let service = Service::new();
    let at = |second: u8| format!(r#"{{"customer":"C-1","name":"visit","occurred_at":"2026-02-01T10:00:0{second}Z"}}"#);
    let accepted = |body: &str| post(&service, body).json()["accepted"].as_i64().unwrap();
    assert_eq!((accepted(&at(1)), accepted(&at(1)), accepted(&at(2))), (1, 0, 1));
    // Nothing tells a repetition from a second visit when no instant is given.
    let now = r#"{"customer":"C-1","name":"visit"}"#;
    assert_eq!((accepted(now), accepted(now)), (1, 1));
}

#[test]
fn properties_are_declared_first_and_every_fault_is_named() {
    let service = Service::new();
    let event = r#"{"customer":"C-1","name":"page_view","key":"1","properties":{"sku":"A","seconds":2.5}}"#;
    let refused = post(&service, event).problem(422);
    assert_eq!(refused["errors"][0]["key"], "properties");
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("/v1/event-types/"), "{refused}");
    declare(&service);
    assert_eq!(post(&service, event).status, 200);
    let wrong = r#"{"customer":"C-1","name":"page_view","key":"2","properties":{"sku":7,"colour":"red"}}"#;
    let refused = post(&service, wrong).problem(422);
    let keys: Vec<&str> = refused["errors"].as_array().unwrap().iter().map(|e| e["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["properties.sku", "properties.colour"]);
    assert!(refused["errors"][0]["line"].is_null(), "one JSON value has no lines: {refused}");
    assert_eq!(service.number("SELECT count(*) AS n FROM event"), 1);
}

#[test]
fn a_declaration_is_edited_with_its_version_and_cannot_become_personal_afterwards() {
    let service = Service::new();
    declare(&service);
    let got = service.get("/v1/event-types/page_view").by(Role::Viewer).send();
    assert_eq!(got.json()["properties"]["search"]["personal"], true);
    let put = |body: &str| {
        let request = service.put("/v1/event-types/page_view").by(Role::Marketer);
        request.header("if-match", got.header("etag").unwrap()).json(body).send()
    };
    service.put("/v1/event-types/page_view").by(Role::Marketer).json(DECLARED).send().problem(428);
    put(r#"{"properties": {"sku": {"kind": "text", "personal": true}}}"#).problem(409);
    put(r#"{"properties": {"sku": "colour"}}"#).problem(422);
    assert_eq!(put(r#"{"properties": {"sku": "text", "brand": "text"}}"#).status, 200);
    put(DECLARED).problem(412);
    service.put("/v1/event-types/x").by(Role::Ingest).json(DECLARED).send().problem(403);
    let all = service.get("/v1/event-types").by(Role::Viewer).send().json();
    assert_eq!(all["items"][0]["name"], "page_view");
}

#[test]
fn what_is_personal_stays_in_the_store() {
    Service::on_both_stores(|service| {
        declare(service);
        let secret = "Ana Petrova 17 Rose Street";
        let event = format!(
            r#"{{"customer":"C-1","name":"page_view","key":"1","properties":{{"sku":"A-77","search":"{secret}"}}}}"#
        );
        assert_eq!(post(service, &event).status, 200);
        let properties = service.text("SELECT properties AS t FROM event");
        assert_eq!(properties, r#"{"sku":"A-77"}"#);
        service.ws.history().seal_tail(service.ws.now()).unwrap();
        assert_eq!(service.text("SELECT properties AS t FROM event"), properties);
        let segments = service.ws.history().segments(&vizavi::history::facts::EVENT).unwrap();
        let file = service.ws.data().join("history/event").join(&segments[0].file);
        let bytes = std::fs::read(file).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("Petrova") && !holds("Rose Street"));
        let customer = service.ws.id_key().customer("C-1");
        let kept = service.ws.store().read(|conn| personal_of(conn, customer)).unwrap();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].properties.contains(secret), "{}", kept[0].properties);
    });
}

#[test]
fn a_file_declares_too_and_goes_before_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let open = |text: &str| {
        std::fs::write(folder.path().join("events.toml"), text).unwrap();
        let clock = std::sync::Arc::new(vizavi::clock::SystemClock);
        vizavi::operations::Workspace::open(folder.path(), None, clock, vizavi::operations::Options::default())
    };
    let ws = open("[page_view.properties]\nsku = \"text\"\nsearch = { kind = \"text\", personal = true }\n").unwrap();
    let declared = vizavi::operations::event_types::declared(&ws).unwrap();
    assert!(declared.0["page_view"].properties["search"].personal);
    let never = |_: Option<i64>| Ok::<(), ()>(());
    let refused = vizavi::operations::event_types::put(&ws, "page_view", &Default::default(), "test", never);
    assert_eq!(refused.unwrap_err().kind(), vizavi::error::Kind::Conflict);
    drop(ws);
    let error = open("[page_view.properties]\nsku = \"colour\"\n").err().unwrap();
    assert_eq!(error.kind(), vizavi::error::Kind::Invalid);
}
