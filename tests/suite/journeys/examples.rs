//! The campaigns that come with the program: each can be begun, planned and approved as it is, and does what its README says.

use serde_json::{Value, json};
use vizavi::operations::access::Role;

use super::{event, hours, items};
use crate::api::service::Service;
use crate::real_time::shop::settings;

/// A company with one person, who agreed to letters in their language.
fn company(kind: &str, locale: &str) -> Service {
    let service = Service::with(
        None,
        vizavi::settings::Settings { schedule: vizavi::settings::Schedule::default(), ..settings() },
    );
    let profile = json!({ "first_name": "Ann", "last_name": "Example", "email": "ann@example.com", "kind": kind, "locale": locale });
    let answer = service.put("/v1/customers/C0").by(Role::Admin).json(&profile.to_string()).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
    let consent = json!([{ "customer": "C0", "channel": "email", "granted": true, "source": "test" }]);
    assert_eq!(service.post("/v1/consents").by(Role::Admin).json(&consent.to_string()).send().status, 200);
    service
}

fn post(service: &Service, path: &str, body: &Value) -> Value {
    let answer = service.post(path).by(Role::Admin).json(&body.to_string()).send();
    assert!([200, 201].contains(&answer.status), "{path}: {}", answer.text);
    answer.json()
}

/// Begins the example under its own name, as a person would who holds nobody out in a company of one.
fn begin(service: &Service, example: &str) {
    let made = post(service, &format!("/v1/campaigns?from={example}"), &json!({ "name": example }));
    assert_eq!((&made["campaign"]["state"], &made["warnings"]), (&json!("draft"), &json!([])), "{example}");
    super::lifecycle::edit_of(service, example, &json!({ "holdout": 0.0 }));
}

/// The subjects of what was written to this person in a campaign.
fn subjects(service: &Service, campaign: &str) -> Vec<String> {
    let mut all = Vec::new();
    for run in items(service, &format!("/v1/campaigns/{campaign}/runs")) {
        for row in items(service, &format!("/v1/deliveries?run={}", run["id"])) {
            all.push(row["step"].to_string());
        }
    }
    all.sort();
    all
}

fn order(service: &Service, days_ago: i64, amount: i64) {
    let at = service.ws.now().plus(-days_ago * vizavi::clock::DAY);
    let body = json!({ "customer": "C0", "order": format!("O-{at}"), "occurred_at": at.to_string(),
        "items": [{ "sku": "A", "quantity": 1, "amount": amount }] });
    post(service, "/v1/orders", &body);
}

#[test]
fn a_first_order_is_welcomed_in_three_letters() {
    let service = company("client", "bg");
    begin(&service, "welcome");
    order(&service, 0, 10_000);
    hours(&service, 48);
    assert_eq!(subjects(&service, "welcome"), ["0"]);
    hours(&service, 24 * 18);
    assert_eq!(subjects(&service, "welcome"), ["0", "1", "2"]);
}

#[test]
fn what_runs_out_is_ordered_again() {
    let service = company("client", "ru");
    order(&service, 90, 10_000);
    order(&service, 44, 10_000);
    begin(&service, "replenishment");
    hours(&service, 24 * 9);
    assert_eq!(subjects(&service, "replenishment"), ["0", "1"]);
}

#[test]
fn a_year_without_a_claim_is_told() {
    let service = company("client", "en");
    let at = service.ws.now().plus(-364 * vizavi::clock::DAY);
    let contract = json!({ "customer": "C0", "subscription": "S1", "status": "started", "plan": "home", "occurred_at": at.to_string() });
    post(&service, "/v1/subscriptions", &contract);
    begin(&service, "no-claims-bonus");
    hours(&service, 72);
    assert_eq!(subjects(&service, "no-claims-bonus"), ["0"]);
}

#[test]
fn after_a_complaint_there_is_an_apology_and_then_a_thank_you() {
    let service = company("client", "en");
    order(&service, 20, 10_000);
    begin(&service, "complaint-recovery");
    for outcome in ["open", "solved"] {
        let body = json!({ "customer": "C0", "key": format!("I-{outcome}"), "channel": "call", "direction": "in",
            "reason": "complaint", "outcome": outcome, "occurred_at": service.ws.now().to_string() });
        post(&service, "/v1/interactions", &body);
        hours(&service, 1);
    }
    hours(&service, 72);
    assert_eq!(subjects(&service, "complaint-recovery"), ["0"]);
    hours(&service, 24 * 14);
    assert_eq!(subjects(&service, "complaint-recovery"), ["0", "1"]);
}

#[test]
fn who_asks_hears_more_until_a_person_answers() {
    let service = company("prospect", "en");
    begin(&service, "prospect-nurture");
    let asked = json!({ "customer": "C0", "key": "I-0", "channel": "email", "direction": "in", "reason": "question",
        "occurred_at": service.ws.now().to_string() });
    post(&service, "/v1/interactions", &asked);
    hours(&service, 1);
    event(&service, "C0", "lead");
    hours(&service, 48);
    assert_eq!(subjects(&service, "prospect-nurture"), ["0"]);
    let body = json!({ "customer": "C0", "key": "I-1", "channel": "email", "direction": "in", "reason": "question",
        "occurred_at": service.ws.now().to_string() });
    post(&service, "/v1/interactions", &body);
    hours(&service, 24 * 14);
    assert_eq!(subjects(&service, "prospect-nurture"), ["0"], "a person goes on");
}

#[test]
fn years_together_are_thanked_for() {
    let service = company("client", "en");
    order(&service, 364, 10_000);
    begin(&service, "loyalty-anniversary");
    hours(&service, 72);
    assert_eq!(subjects(&service, "loyalty-anniversary"), ["0"]);
}

#[test]
fn colleagues_hear_of_it_and_clients_do_not() {
    for (kind, told) in [("employee", 1), ("client", 0)] {
        let service = company(kind, "en");
        begin(&service, "internal-announcement");
        post(&service, "/v1/campaigns/internal-announcement/runs", &json!({}));
        assert_eq!(subjects(&service, "internal-announcement").len(), told, "{kind}");
    }
}

#[test]
fn every_example_can_be_begun_under_another_name_and_none_twice() {
    let service = company("client", "en");
    let all = items(&service, "/v1/examples");
    assert_eq!(all.len(), 10, "{all:?}");
    for example in &all {
        let from = example["name"].as_str().unwrap();
        let name = format!("my-{from}");
        let made = post(&service, &format!("/v1/campaigns?from={from}"), &json!({ "name": name }));
        assert_eq!(made["campaign"]["name"], name.as_str());
        let again = service.post(&format!("/v1/campaigns?from={from}")).by(Role::Admin);
        again.json(&json!({ "name": name }).to_string()).send().problem(409);
    }
    service.post("/v1/campaigns?from=unheard-of").by(Role::Admin).json(r#"{"name":"x"}"#).send().problem(404);
}
