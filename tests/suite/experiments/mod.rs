//! Experiments from outside, over HTTP and on both stores: results, verdicts, tests before a rest, harm, credit.

mod credit;
mod harm;
mod rest;
mod results;
mod variants;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vizavi::clock::HOUR;
use vizavi::jobs::{self, Stop, Worked};
use vizavi::operations::access::Role;
use vizavi::random::bucket;
use vizavi::settings::Settings;

use crate::api::service::Service;
use crate::real_time::shop::{CAMPAIGN, later, offer, settings, shop};

/// A shop of so many customers with an experiment on its one offer; `more` is added to the definition.
pub fn trying(url: Option<&str>, holdout: f64, more: Value, customers: usize) -> Service {
    let settings = Settings { holdout, ..settings() };
    shop(url, settings, &[offer("ten", 0.5, json!({}))], (more, json!({})), customers)
}

/// An experiment over messages with two variants of one folder; `more` is added to it.
pub fn subject(more: Value) -> Value {
    let variants = json!([{ "name": "a", "weight": 1 }, { "name": "b", "weight": 1, "template": "a" }]);
    let mut experiment = json!({ "name": "subject", "variants": variants });
    experiment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "experiments": [experiment] })
}

/// The variant that a customer draws, recomputed by hand.
pub fn drawn(id: &str) -> &'static str {
    if bucket(&format!("{CAMPAIGN}//subject"), id) < 5_000 { "a" } else { "b" }
}

/// Whether a customer is in the test before a rest.
pub fn tested(id: &str, share: f64) -> bool {
    f64::from(bucket(&format!("{CAMPAIGN}//test"), id)) < share * 10_000.0
}

/// Does all that is due, messages too.
pub fn work(service: &Service) -> Worked {
    jobs::work(&service.ws, &Stop::default(), true, None).expect("a worker")
}

/// Starts a run and sends its messages; its id.
pub fn run(service: &Service, occasion: &str) -> i64 {
    let path = format!("/v1/campaigns/{CAMPAIGN}/runs");
    let body = json!({ "occasion": occasion }).to_string();
    let answer = service.post(&path).by(Role::Admin).json(&body).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
    work(service);
    // What waits for its hour goes out then.
    for _ in 0..24 {
        later(service, HOUR);
        work(service);
    }
    answer.json()["run"].as_i64().unwrap()
}

/// Orders of 100.00 by these customers, now.
pub fn order(service: &Service, key: &str, customers: impl Iterator<Item = String>) {
    let now = service.ws.now().to_string();
    let lines: Vec<String> = customers
        .map(|id| {
            let item = json!({ "sku": "A", "quantity": 1, "amount": 10_000 });
            json!({ "customer": id, "order": format!("{key}-{id}"), "occurred_at": now, "items": [item] }).to_string()
        })
        .collect();
    let answer = service.post("/v1/orders").by(Role::Admin).body("application/x-ndjson", &lines.join("\n")).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The answer to a GET that must be well.
pub fn get(service: &Service, path: &str) -> Value {
    let answer = service.get(path).by(Role::Viewer).send();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

/// All deliveries of a run, in pages.
pub fn deliveries(service: &Service, run: i64) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(service, &format!("/v1/deliveries?run={run}&limit=200{cursor}"));
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// The latest decision about each of so many customers, by the company's own key.
pub fn decisions(service: &Service, customers: usize) -> BTreeMap<String, Value> {
    let of = |i: usize| {
        let id = format!("C{i}");
        let page = get(service, &format!("/v1/customers/{id}/decisions?limit=1"));
        Some((id, page["items"].get(0)?.clone()))
    };
    (0..customers).filter_map(of).collect()
}
