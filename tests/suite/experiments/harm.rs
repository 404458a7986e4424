//! A variant that drives people away is stopped: by a bound that holds at every look, at once and for later runs.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::Role;

use super::{deliveries, get, run, subject, trying, work};
use crate::api::service::Service;
use crate::real_time::shop::later;

const CUSTOMERS: usize = 300;

/// Of the messages of a run, those of a variant that `of` names by position are answered by an unsubscribe.
fn unsubscribe(service: &Service, id: i64, variant: &str, every: usize) {
    let of_variant: Vec<String> = super::decisions(service, CUSTOMERS)
        .into_iter()
        .filter(|(_, decision)| decision["variant"] == variant)
        .map(|(id, _)| id)
        .collect();
    let internal: Vec<i64> = of_variant.iter().map(|id| service.ws.id_key().customer(id).0).collect();
    let admin = service.key_of(Role::Admin);
    for (at, delivery) in deliveries(service, id).iter().enumerate() {
        if internal.contains(&delivery["customer_id"].as_i64().unwrap()) && at % every == 0 {
            let body = json!({ "delivery": delivery["id"], "kind": "unsubscribe", "key": format!("u{at}") });
            let answer = service.post("/v1/outcomes").key(&admin).json(&body.to_string()).send();
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
}

fn stopped(service: &Service) -> Value {
    get(service, "/v1/experiments/now:subject")["stopped"].clone()
}

#[test]
fn a_variant_that_drives_people_away_is_stopped_and_its_messages_are_taken_back() {
    let service = trying(None, 0.0, subject(json!({})), CUSTOMERS);
    let first = run(&service, "june");
    unsubscribe(&service, first, "b", 2);
    later(&service, 30 * DAY);
    let body = json!({ "occasion": "july" }).to_string();
    let second = service.post("/v1/campaigns/now/runs").by(Role::Admin).json(&body).send();
    assert_eq!(second.status, 201, "{}", second.text);
    let second = second.json()["run"].as_i64().unwrap();
    assert_eq!(stopped(&service), json!([]), "nobody has looked yet");
    service.work();
    assert_eq!(stopped(&service), json!(["b"]));
    for _ in 0..26 {
        work(&service);
        later(&service, DAY / 24);
    }
    let taken_back = deliveries(&service, second);
    let reasons = taken_back.iter().filter(|delivery| delivery["reason"] == "variant_stopped").count();
    assert!(reasons > 20, "{reasons} messages of the stopped variant");
    assert!(taken_back.iter().any(|delivery| delivery["state"] == "sent"), "the control goes on");
    let audit = service.get("/v1/audit").by(Role::Admin).send().text;
    assert!(audit.contains("experiment.stop_variant") && audit.contains("unsubscribe"), "{audit}");
    later(&service, 30 * DAY);
    run(&service, "august");
    let variants: Vec<Value> =
        super::decisions(&service, CUSTOMERS).into_values().map(|decision| decision["variant"].clone()).collect();
    assert!(variants.iter().all(|variant| variant.is_null() || variant == "a"), "later runs draw it no more");
}

#[test]
fn a_few_who_leave_by_chance_stop_nothing() {
    let service = trying(None, 0.0, subject(json!({})), CUSTOMERS);
    let first = run(&service, "june");
    unsubscribe(&service, first, "b", 40);
    unsubscribe(&service, first, "a", 60);
    later(&service, 2 * DAY);
    service.work();
    assert_eq!(stopped(&service), json!([]));
}
