//! Facts as they happen.

use vizavi::operations::access::Role;

use super::service::Service;

const ORDER: &str =
    "{\"customer\":\"C-1\",\"order\":\"O-1\",\"items\":[{\"sku\":\"A\",\"quantity\":2,\"amount\":4200}]}";

#[test]
fn an_order_counts_once_however_often_it_is_sent() {
    let service = Service::new().with_customer("C-1");
    let post = || service.post("/v1/orders").by(Role::Ingest).json(ORDER).send();
    let first = post();
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json()["accepted"], 1);
    assert_eq!(post().json()["accepted"], 0);
    let story = service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send();
    assert_eq!(story.text.matches("order O-1").count(), 1, "{}", story.text);
}

#[test]
fn lines_that_cannot_be_used_are_named_and_nothing_is_recorded() {
    let service = Service::new().with_customer("C-1");
    let lines = format!("{ORDER}\n{{\"customer\":\"C-1\"}}\n\n{{\"order\": nonsense}}\n");
    let answer = service.post("/v1/orders").by(Role::Ingest).body("application/x-ndjson", &lines).send();
    let problem = answer.problem(422);
    let named: Vec<i64> = problem["errors"].as_array().unwrap().iter().filter_map(|e| e["line"].as_i64()).collect();
    assert_eq!(named, [2, 4]);
    assert!(!service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send().text.contains("order O-1"));
}

#[test]
fn a_complaint_opens_and_closes() {
    let service = Service::new().with_customer("C-1");
    let post = |key: &str, outcome: &str| {
        let body = format!(
            "{{\"customer\":\"C-1\",\"key\":\"{key}\",\"direction\":\"in\",\"channel\":\"call\",\
             \"reason\":\"complaint\",\"outcome\":\"{outcome}\"}}"
        );
        let answer = service.post("/v1/interactions").by(Role::Ingest).json(&body).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
        service.get("/v1/customers/C-1").by(Role::Viewer).send().json()["state"]["open_complaints"].clone()
    };
    assert_eq!(post("i-1", "open"), 1);
    assert_eq!(post("i-2", "solved"), 0);
}
