//! Campaigns that go client by client: what begins a journey, its steps, what ends it, and that nobody gets a step twice.

mod examples;
mod lifecycle;
mod steps;
mod storm;

use serde_json::{Value, json};
use vizavi::clock::{HOUR, MINUTE};
use vizavi::operations::access::Role;

use crate::api::service::Service;
use crate::real_time::shop::{self, CAMPAIGN, later, offer};
use crate::support::postgres;

/// A shop of four clients whose campaign has these parts, on the embedded store and, where there is one, on PostgreSQL.
fn on_both_stores(more: &Value, test: impl Fn(&Service)) {
    test(&shop(None, more));
    if let Some(url) = postgres::database() {
        test(&shop(Some(&url), more));
    }
}

fn shop(url: Option<&str>, more: &Value) -> Service {
    let offers = [offer("ten-off", 0.6, json!({}))];
    // Contacts are not what is tested here: each may follow the other at once.
    let contact =
        json!({ "policy": { "state_hours": 2_000, "hours_between": 0, "hours_after_purchase": 0, "caps": [] } });
    let mut parts = json!({ "contact": contact });
    parts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop::shop(url, shop::settings(), &offers, (parts, json!({ "cost": 0 })), 4)
}

/// A fact about a client arrives, now.
fn event(service: &Service, customer: &str, name: &str) {
    let at = service.ws.now();
    let key = format!("{customer}-{name}-{at}");
    let body = json!({ "customer": customer, "key": key, "name": name, "occurred_at": at.to_string() });
    let answer = service.post("/v1/events").by(Role::Admin).json(&body.to_string()).send();
    assert!([200, 201].contains(&answer.status), "{}", answer.text);
}

fn order(service: &Service, customer: &str) {
    let at = service.ws.now();
    let body = json!({ "customer": customer, "order": format!("{customer}-{at}"), "occurred_at": at.to_string(),
        "items": [{ "sku": "A", "quantity": 1, "amount": 10_000 }] });
    let answer = service.post("/v1/orders").by(Role::Admin).json(&body.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Time goes on, and the worker with it, an hour at a time.
fn hours(service: &Service, hours: i64) {
    for _ in 0..hours {
        later(service, HOUR);
        work(service);
    }
}

/// What is due now is done.
fn work(service: &Service) {
    later(service, MINUTE);
    let worked = service.work();
    assert_eq!((worked.failed, worked.dead), (0, 0), "{worked:?}");
}

fn items(service: &Service, path: &str) -> Vec<Value> {
    let answer = service.get(path).by(Role::Admin).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

/// Each journey as `customer: state before step`, in order.
fn journeys(service: &Service) -> Vec<String> {
    let list = items(service, &format!("/v1/campaigns/{CAMPAIGN}/journeys"));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<String> = list
        .iter()
        .map(|row| format!("{}: {} before {}", text(row, "customer"), text(row, "state"), text(row, "step")))
        .collect();
    all.sort();
    all
}

/// The messages of all runs: (customer, step), sorted.
fn messages(service: &Service) -> Vec<(String, i64)> {
    let mut all = Vec::new();
    for run in items(service, &format!("/v1/campaigns/{CAMPAIGN}/runs")) {
        for row in items(service, &format!("/v1/deliveries?run={}", run["id"])) {
            let who = (0..4).map(|i| format!("C{i}")).find(|key| row["customer_id"] == customer_id(service, key));
            all.push((who.expect("one of the four"), row["step"].as_i64().expect("a step")));
        }
    }
    all.sort();
    all
}

/// The id by which deliveries name a client.
fn customer_id(service: &Service, key: &str) -> i64 {
    service.ws.id_key().customer(key).0
}

fn steer(service: &Service, verb: &str) -> u16 {
    service.post(&format!("/v1/campaigns/{CAMPAIGN}/{verb}")).by(Role::Admin).json("{}").send().status
}
