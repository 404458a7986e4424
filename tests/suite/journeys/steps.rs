//! Triggers, steps and goals.

use serde_json::json;
use vizavi::clock::DAY;
use vizavi::operations::access::Role;

use super::{event, hours, items, journeys, messages, on_both_stores, order, work};
use crate::api::service::Service;
use crate::real_time::shop::{CAMPAIGN, later};

fn abandoned() -> serde_json::Value {
    json!({
        "trigger": { "on": { "of": "events", "where": { "name": "basket" } }, "after_hours": 2 },
        "steps": [
            { "name": "reminder", "after_hours": 24 },
            { "name": "last-call", "after_hours": 24, "unless": ["click"] },
        ],
    })
}

#[test]
fn a_basket_begins_a_journey_and_an_order_ends_it() {
    on_both_stores(&abandoned(), |service| {
        event(service, "C0", "basket");
        event(service, "C1", "basket");
        event(service, "C2", "page");
        work(service);
        assert_eq!(
            journeys(service),
            ["C0: active before first", "C1: active before first"],
            "who did something else not"
        );
        assert!(messages(service).is_empty(), "it waits two hours");
        order(service, "C1");
        hours(service, 2);
        assert_eq!(journeys(service), ["C0: active before reminder", "C1: reached before first"]);
        assert_eq!(messages(service), [("C0".into(), 0)], "who has bought needs no reminder");
        hours(service, 48);
        assert_eq!(messages(service), [("C0".into(), 0), ("C0".into(), 1)], "a day after its hour");
        // A basket in the middle of a journey begins no second one.
        event(service, "C0", "basket");
        hours(service, 48);
        assert_eq!(messages(service), [("C0".into(), 0), ("C0".into(), 1), ("C0".into(), 2)]);
        assert_eq!(journeys(service), ["C0: done before last-call", "C1: reached before first"]);
        hours(service, 30);
        assert_eq!(messages(service).len(), 3, "nothing follows the last step");
        let steps = items(service, &format!("/v1/campaigns/{CAMPAIGN}/steps"));
        assert_eq!((steps.len(), &steps[0]["reached"], &steps[2]["done"]), (3, &json!(1), &json!(1)), "{steps:?}");
    });
}

#[test]
fn who_has_answered_is_not_reminded_and_a_condition_is_looked_at_when_its_step_is_due() {
    let more = json!({
        "trigger": { "on": { "of": "events", "where": { "name": "basket" } } },
        "steps": [
            { "name": "reminder", "after_hours": 24, "unless": ["click", "open"] },
            { "name": "gift", "after_hours": 24, "when": { "field": "orders", "op": "ge", "value": 2 } },
        ],
    });
    on_both_stores(&more, |service| {
        order(service, "C0");
        hours(service, 1);
        event(service, "C0", "basket");
        event(service, "C1", "basket");
        hours(service, 1);
        assert_eq!(messages(service), [("C0".into(), 0), ("C1".into(), 0)]);
        click(service, "C1");
        hours(service, 48);
        assert_eq!(messages(service), [("C0".into(), 0), ("C0".into(), 1), ("C1".into(), 0)], "C1 has clicked");
        hours(service, 48);
        let all = messages(service);
        assert!(all.contains(&("C0".into(), 2)) && !all.contains(&("C1".into(), 2)), "{all:?}");
        assert_eq!(journeys(service), ["C0: done before gift", "C1: done before gift"], "both went on");
    });
}

/// The client clicks in the newest message.
fn click(service: &Service, customer: &str) {
    let runs = items(service, &format!("/v1/campaigns/{CAMPAIGN}/runs"));
    let of_run = |run: &serde_json::Value| items(service, &format!("/v1/deliveries?run={}", run["id"]));
    let delivery = runs
        .iter()
        .flat_map(of_run)
        .find(|row| row["customer_id"] == super::customer_id(service, customer))
        .expect("a message");
    let body = json!({ "delivery": delivery["id"], "kind": "click", "key": "click-1" });
    let answer = service.post("/v1/outcomes").by(Role::Admin).json(&body.to_string()).send();
    assert!([200, 201].contains(&answer.status), "{}", answer.text);
}

#[test]
fn entering_a_segment_begins_and_what_is_seen_too_late_is_held() {
    let segment = json!({
        "name": "baskets", "measures": { "baskets": { "of": "events", "where": { "name": "basket" } } },
        "rule": { "field": "baskets", "op": "ge", "value": 2 },
    });
    on_both_stores(&json!({}), |service| {
        let put = service.put("/v1/segments/baskets").by(Role::Admin).json(&segment.to_string()).send();
        assert!([200, 201].contains(&put.status), "{}", put.text);
        work(service);
        let more = json!({ "trigger": { "enters": "baskets", "after_hours": 1, "again_after_days": 5 } });
        super::lifecycle::edit(service, &more);
        event(service, "C0", "basket");
        work(service);
        assert!(journeys(service).is_empty(), "one is not enough");
        event(service, "C0", "basket");
        work(service);
        assert_eq!(journeys(service), ["C0: active before first"]);
        // Nobody works for two days: what was due then is not done now, and somebody can see it.
        later(service, 2 * DAY);
        work(service);
        assert_eq!(journeys(service), ["C0: held before first"]);
        assert!(messages(service).is_empty());
        let held = items(service, &format!("/v1/campaigns/{CAMPAIGN}/journeys?state=held"));
        assert!(held[0]["reason"].as_str().unwrap().contains("too late"), "{held:?}");
    });
}

#[test]
fn a_batch_is_followed_by_reminders_to_whom_it_reached() {
    let more = json!({ "steps": [{ "name": "reminder", "after_hours": 48 }] });
    on_both_stores(&more, |service| {
        let run = service.post(&format!("/v1/campaigns/{CAMPAIGN}/runs")).by(Role::Admin).json("{}").send();
        assert_eq!(run.status, 201, "{}", run.text);
        assert_eq!(messages(service).len(), 4);
        hours(service, 24);
        order(service, "C3");
        hours(service, 30);
        let all = messages(service);
        let reminded: Vec<&str> = all.iter().filter(|(_, step)| *step == 1).map(|(who, _)| who.as_str()).collect();
        assert_eq!(reminded, ["C0", "C1", "C2"], "who has bought in the meantime is left alone");
    });
}

#[test]
fn what_cannot_be_is_refused_with_every_fault() {
    let service = super::shop(None, &json!({}));
    let spec = json!({
        "name": "bad", "offers": ["ten-off"], "channels": [{ "channel": "email" }],
        "schedule": { "cron": "0 9 * * 1" },
        "trigger": { "on": { "of": "nonsense" }, "enters": "x", "again_after_days": 0 },
        "steps": [{ "name": "a", "after_hours": 0, "offers": ["other"], "unless": ["telepathy"] }],
        "until": [{ "of": "orders", "where": { "shoe": "1" } }],
    });
    let body = json!({ "spec": spec, "templates": { "a/en/subject.hbs": "x", "a/en/text.hbs": "y" } });
    let answer = service.put("/v1/campaigns/bad").by(Role::Admin).json(&body.to_string()).send();
    let problem = answer.problem(422);
    let keys: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["key"].as_str().unwrap()).collect();
    assert_eq!(
        keys,
        ["steps[0].after_hours", "steps[0].offers", "trigger", "trigger.again_after_days", "trigger"],
        "{problem}"
    );
    let spec = json!({
        "name": "bad", "offers": ["ten-off"], "channels": [{ "channel": "email" }],
        "trigger": { "on": { "of": "nonsense" } },
        "steps": [{ "name": "a", "after_hours": 1, "unless": ["telepathy"], "variant": "none" }],
        "until": [{ "of": "orders", "where": { "shoe": "1" } }],
    });
    let body = json!({ "spec": spec, "templates": { "a/en/subject.hbs": "x", "a/en/text.hbs": "y" } });
    let answer = service.put("/v1/campaigns/bad").by(Role::Admin).json(&body.to_string()).send();
    let problem = answer.problem(422);
    let keys: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["channels[0]", "trigger.on.of", "until[0].where.shoe", "steps[0].unless"], "{problem}");
}
