//! What has consequences for a person waits for somebody's word: in runs its messages, in real time it is not proposed.

use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::{Role, user};
use vizavi::operations::send;

use super::shop::{CAMPAIGN, ask, later, offer, offer_now, proposed, settings, shop};
use crate::api::service::{PASSWORD, Service};
use crate::console::{form_token, log_in};
use crate::support::postgres;

fn on_both_stores(test: impl Fn(&Service)) {
    let offers = [offer("contract", 0.6, json!({ "stock": 5, "review": true }))];
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({}), json!({})), 4);
    test(&make(None));
    if let Some(url) = postgres::database() {
        test(&make(Some(&url)));
    }
}

fn run(service: &Service) -> String {
    let run = service.post(&format!("/v1/campaigns/{CAMPAIGN}/runs")).by(Role::Admin).json("{}").send();
    assert_eq!(run.status, 201, "{}", run.text);
    run.json()["run"].to_string()
}

fn reviews(service: &Service, state: &str) -> Vec<Value> {
    let list = service.get(&format!("/v1/reviews?state={state}")).by(Role::Admin).send();
    assert_eq!(list.status, 200, "{}", list.text);
    list.json()["items"].as_array().unwrap().clone()
}

fn decide(service: &Service, delivery: &Value, word: &str, reason: &str) -> (u16, Value) {
    let body = json!({ "decision": word, "reason": reason }).to_string();
    let answer = service.post(&format!("/v1/reviews/{delivery}")).by(Role::Admin).json(&body).send();
    (answer.status, answer.json())
}

fn states(service: &Service, run: &str) -> Vec<String> {
    let list = service.get(&format!("/v1/deliveries?run={run}")).by(Role::Admin).send().json();
    let items = list["items"].as_array().unwrap().iter();
    let mut states: Vec<String> = items.map(|item| item["state"].as_str().unwrap().to_owned()).collect();
    states.sort();
    states
}

#[test]
fn nothing_goes_out_before_somebody_has_released_it() {
    on_both_stores(|service| {
        let now = json!({ "customer": "C0", "channel": "email" });
        assert_eq!(proposed(&ask(service, &now)), None, "nobody can be asked in real time");
        let run = run(service);
        later(service, DAY / 2);
        send::send_due(&service.ws, &AtomicBool::new(false)).unwrap();
        assert_eq!(states(service, &run), ["planned"; 4], "all wait");
        assert_eq!(offer_now(service, "contract")["left"], 1, "and hold their pieces");

        let waiting = reviews(service, "waiting");
        assert_eq!(
            (waiting.len(), &waiting[0]["offer"], &waiting[0]["campaign"]),
            (4, &json!("contract"), &json!("now"))
        );
        assert!(waiting.iter().any(|row| row["customer"] == "C3"), "{waiting:?}");
        assert!(waiting[0]["trace"]["candidates"].is_array(), "{}", waiting[0]);
        let ids: Vec<&Value> = waiting.iter().map(|row| &row["delivery"]).collect();

        assert_eq!(decide(service, ids[0], "refuse", " ").0, 422, "a reason is asked for");
        assert_eq!(decide(service, &json!(1), "release", "x").0, 404);
        assert_eq!(decide(service, ids[0], "refuse", "moved abroad").0, 200);
        assert_eq!(offer_now(service, "contract")["left"], 2, "what is refused is given back");
        let (status, row) = decide(service, ids[1], "release", "called, agreed");
        assert_eq!((status, &row["state"], &row["reason"]), (200, &json!("released"), &json!("called, agreed")));
        assert_eq!(decide(service, ids[1], "refuse", "too late").0, 409);
        send::send_due(&service.ws, &AtomicBool::new(false)).unwrap();
        assert_eq!(states(service, &run), ["cancelled", "planned", "planned", "sent"]);

        // What is cancelled with its run cannot be released any more; nothing is left half decided.
        let viewer = service.post(&format!("/v1/reviews/{}", ids[2])).by(Role::Viewer);
        let body = json!({ "decision": "release", "reason": "x" }).to_string();
        assert_eq!(viewer.json(&body).send().status, 403);
        let cancel = service.post(&format!("/v1/campaigns/{CAMPAIGN}/cancel")).by(Role::Admin).json("{}").send();
        assert_eq!(cancel.status, 200, "{}", cancel.text);
        assert_eq!(decide(service, ids[2], "release", "x").0, 409);
        assert_eq!(reviews(service, "waiting").len(), 0, "nothing is left to decide");
    });
}

#[test]
fn what_nobody_decides_in_time_is_not_done() {
    on_both_stores(|service| {
        let run = run(service);
        let waiting = reviews(service, "waiting");
        later(service, 3 * DAY);
        assert_eq!(decide(service, &waiting[0]["delivery"], "release", "late").0, 409);
        assert_eq!(service.work().failed, 0);
        assert_eq!((reviews(service, "waiting").len(), reviews(service, "lapsed").len()), (0, 4));
        send::send_due(&service.ws, &AtomicBool::new(false)).unwrap();
        assert_eq!(states(service, &run), ["cancelled"; 4]);
        assert_eq!(offer_now(service, "contract")["left"], 5);
    });
}

#[test]
fn the_console_shows_what_waits_with_its_why_and_takes_the_word() {
    on_both_stores(|service| {
        let run = run(service);
        user::create(&service.ws, "boss@example.com", Role::Admin, PASSWORD, "test").unwrap();
        let cookie = log_in(service, "boss@example.com");
        let page = service.get("/reviews").header("cookie", &cookie).send();
        assert_eq!(page.status, 200);
        assert_eq!(page.text.matches("contract by email<br>").count(), 4, "{}", page.text);
        assert!(page.text.contains("contract by email: chosen, it adds"), "{}", page.text);
        let token = form_token(&page.text);
        let decide = |delivery: &Value, word: &str, reason: &str| {
            let form = [("form_token", token.as_str()), ("decision", word), ("reason", reason)];
            service.post(&format!("/reviews/{delivery}")).header("cookie", &cookie).form(&form).send()
        };
        let ids: Vec<Value> = reviews(service, "waiting").iter().map(|row| row["delivery"].clone()).collect();
        let without = decide(&ids[0], "refuse", " ");
        assert!(without.status == 422 && without.text.contains("say why"), "{}", without.text);
        assert_eq!(decide(&ids[0], "refuse", "moved abroad").status, 303);
        assert_eq!(decide(&ids[1], "release", "called").status, 303);
        assert_eq!(decide(&ids[1], "refuse", "too late").status, 409);
        assert_eq!(states(service, &run), ["cancelled", "planned", "planned", "planned"]);
        assert_eq!((reviews(service, "refused").len(), reviews(service, "released").len()), (1, 1));
    });
}
