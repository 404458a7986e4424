//! The life of a campaign whose definition changes while it runs.

use serde_json::{Value, json};
use vizavi::operations::access::{Role, key};
use vizavi::operations::send;
use vizavi::settings::Settings;

use super::{event, hours, items, journeys, messages, on_both_stores, steer, work};
use crate::api::service::Service;
use crate::real_time::shop::{CAMPAIGN, later, offer, settings};

/// Changes the campaign's definition in these parts, plans and approves it.
pub fn edit(service: &Service, more: &Value) {
    edit_of(service, CAMPAIGN, more);
}

/// The same for any campaign.
pub fn edit_of(service: &Service, campaign: &str, more: &Value) {
    apply(service, campaign, more);
    for verb in ["plan", "approve"] {
        let answer = service.post(&format!("/v1/campaigns/{campaign}/{verb}")).by(Role::Admin).json("{}").send();
        assert_eq!(answer.status, 200, "{verb}: {}", answer.text);
    }
}

/// Changes the campaign's title, whatever its state.
pub fn edit_title(service: &Service, title: &str) {
    apply(service, CAMPAIGN, &json!({ "title": title }));
}

fn apply(service: &Service, campaign: &str, more: &Value) {
    let admin = service.key_of(Role::Admin);
    let path = format!("/v1/campaigns/{campaign}");
    let known = service.get(&path).key(&admin).send();
    let mut folder =
        json!({ "spec": known.json()["folder"]["spec"], "templates": known.json()["folder"]["templates"] });
    folder["spec"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let etag = known.header("etag").unwrap_or_default().to_owned();
    let answer = service.put(&path).key(&admin).header("if-match", &etag).json(&folder.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn state(service: &Service) -> (String, i64) {
    let shown = service.get(&format!("/v1/campaigns/{CAMPAIGN}")).by(Role::Admin).send().json();
    (shown["campaign"]["state"].as_str().unwrap().to_owned(), shown["campaign"]["version"].as_i64().unwrap())
}

#[test]
fn an_edit_of_a_running_campaign_waits_for_its_own_approval_and_nobody_is_written_to_again() {
    let basket = json!({ "trigger": { "on": { "of": "events", "where": { "name": "basket" } } },
        "steps": [{ "name": "reminder", "after_hours": 24 }] });
    on_both_stores(&basket, |service| {
        event(service, "C0", "basket");
        hours(service, 1);
        assert_eq!((state(service), messages(service).len()), (("running".into(), 1), 1));
        apply(service, CAMPAIGN, &json!({ "title": "Another title" }));
        assert_eq!(state(service), ("running".into(), 2), "what is under way goes on");
        event(service, "C1", "basket");
        hours(service, 2);
        assert_eq!(messages(service), [("C0".into(), 0)], "nobody has approved the new version");
        assert_eq!(journeys(service), ["C0: active before reminder", "C1: active before first"], "but nobody is lost");
        assert_eq!(steer(service, "approve"), 409, "it is not planned");
        assert_eq!((steer(service, "plan"), steer(service, "approve")), (200, 200));
        hours(service, 24);
        let all = messages(service);
        assert_eq!(all, [("C0".into(), 0), ("C0".into(), 1), ("C1".into(), 0)], "each step once");
        // It ends when everything is sent, and is closed then.
        hours(service, 26);
        send::send_due(&service.ws, &std::sync::atomic::AtomicBool::new(false)).unwrap();
        assert_eq!(state(service), ("approved".into(), 2));
        assert_eq!((steer(service, "close"), state(service).0), (200, "closed".into()));
        event(service, "C2", "basket");
        hours(service, 2);
        assert_eq!(messages(service).len(), 4, "nothing begins any more: {:?}", messages(service));
        assert_eq!(steer(service, "approve"), 409);
    });
}

#[test]
fn while_it_is_paused_clients_wait_and_a_cancelled_one_forgets_them() {
    let basket = json!({ "trigger": { "on": { "of": "events", "where": { "name": "basket" } } } });
    on_both_stores(&basket, |service| {
        event(service, "C0", "basket");
        hours(service, 1);
        assert_eq!(steer(service, "pause"), 200);
        event(service, "C1", "basket");
        hours(service, 2);
        assert_eq!((messages(service).len(), journeys(service).len()), (1, 2));
        assert_eq!(steer(service, "resume"), 200);
        hours(service, 1);
        assert_eq!(messages(service), [("C0".into(), 0), ("C1".into(), 0)]);
        assert_eq!(steer(service, "cancel"), 200);
        let runs = items(service, &format!("/v1/campaigns/{CAMPAIGN}/runs"));
        assert!(runs.iter().all(|run| run["state"] == "cancelled" && run["balances"] == true), "{runs:?}");
        event(service, "C2", "basket");
        later(service, 1);
        work(service);
        assert_eq!(journeys(service).len(), 2, "nobody begins");
    });
}

#[test]
fn where_the_workspace_asks_for_it_another_person_approves() {
    let strict = Settings { second_approver: true, ..settings() };
    let service = Service::with(None, strict);
    let put = service.put("/v1/offers/ten-off").by(Role::Admin).json(&offer("ten-off", 0.6, json!({})).to_string());
    assert_eq!(put.send().status, 201);
    let spec = json!({ "name": CAMPAIGN, "offers": ["ten-off"], "channels": [{ "channel": "email" }] });
    let folder = json!({ "spec": spec, "templates": { "a/en/subject.hbs": "x", "a/en/text.hbs": "y" } });
    let key_of = |name: &str| key::create(&service.ws, name, Role::Admin, None, "test").unwrap().1;
    let (one, other) = (key_of("one"), key_of("other"));
    let path = format!("/v1/campaigns/{CAMPAIGN}");
    assert_eq!(service.put(&path).key(&one).json(&folder.to_string()).send().status, 201);
    let post = |verb: &str, key: &str| service.post(&format!("{path}/{verb}")).key(key).json("{}").send();
    assert_eq!(post("plan", &one).status, 200);
    let own = post("approve", &one);
    assert!(own.status == 409 && own.text.contains("another person"), "{}", own.text);
    assert_eq!(post("approve", &other).status, 200);
}

#[test]
fn campaigns_that_want_the_same_clients_are_told() {
    let service = super::shop(None, &json!({}));
    let conflicts = |body: &Value| {
        let request = service.post("/v1/conflicts").by(Role::Admin);
        request.json(&body.to_string()).send()
    };
    let alone = conflicts(&json!({})).problem(422);
    assert!(alone["detail"].as_str().unwrap().contains("two or more"), "{alone}");
    let known = service.get(&format!("/v1/campaigns/{CAMPAIGN}")).by(Role::Admin).send().json();
    let mut folder = known["folder"].clone();
    folder["spec"]["name"] = json!("other");
    let put = service.put("/v1/campaigns/other").by(Role::Admin).json(&folder.to_string()).send();
    assert_eq!(put.status, 201, "{}", put.text);
    let found = conflicts(&json!({ "campaigns": [CAMPAIGN, "other"] })).json();
    assert_eq!((&found["contested"], &found["rivals"][0]["clients"]), (&json!(4), &json!(4)), "{found}");
    let (cost, value) = (found["cost"].as_i64().unwrap(), found["campaigns"][0]["value"].as_i64().unwrap());
    assert!(cost > 0 && cost == value, "both want the same for the same: {found}");
    assert_eq!(conflicts(&json!({ "campaigns": [CAMPAIGN, "none"] })).status, 404);

    let ask = |path: &str, body: &Value| service.post(path).by(Role::Admin).json(&body.to_string()).send();
    let plan = ask("/v1/plans", &json!({ "campaigns": [CAMPAIGN, "other"] }));
    assert_eq!(plan.status, 200, "{}", plan.text);
    let plan = plan.json();
    assert_eq!((&plan["contacts"], &plan["value"]), (&json!(4), &found["campaigns"][0]["value"]), "{plan}");
    let one = ask("/v1/plans", &json!({ "campaigns": ["other", "other"] })).problem(422);
    assert_eq!(one["errors"][0]["key"], "campaigns", "{one}");
    let unapproved = ask("/v1/runs", &json!({ "campaigns": [CAMPAIGN, "other"] })).problem(409);
    assert!(unapproved["detail"].as_str().unwrap().contains("other"), "{unapproved}");
    for verb in ["plan", "approve"] {
        let answer = ask(&format!("/v1/campaigns/other/{verb}"), &json!({}));
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let runs = ask("/v1/runs", &json!({ "campaigns": [CAMPAIGN, "other"], "occasion": "spring" }));
    assert_eq!(runs.status, 201, "{}", runs.text);
    let started = runs.json();
    let contacts = started["items"].as_array().unwrap().iter().map(|run| run["forecast"]["contacts"].as_u64());
    assert_eq!(contacts.sum::<Option<u64>>(), Some(4), "{}", runs.text);
}
