//! Webhooks from outside, over HTTP and on both stores: order, repetition, signature, dead letters, crashes, privacy.

mod console;
mod flow;
pub mod receiver;

use serde_json::{Value, json};
use vizavi::clock::{HOUR, MINUTE};
use vizavi::deliveries::NewDelivery;
use vizavi::deliveries::outbox as messages;
use vizavi::deliveries::webhook::signature;
use vizavi::ids::{CampaignRunId, DeliveryId};
use vizavi::money::Money;
use vizavi::operations::access::Role;
use vizavi::operations::{Options, Workspace};
use vizavi::settings::Settings;
use vizavi::webhooks::{outbox, queue, store};

use crate::api::service::Service;
use crate::real_time::shop::{later, settings};
use receiver::Receiver;

/// A service that may call the receiver, on both stores.
fn told(test: impl Fn(&Service, &Receiver)) {
    on_each(|url| {
        let receiver = Receiver::start();
        let settings = Settings { webhook_allow: vec![receiver.address.clone()], ..settings() };
        test(&Service::with(url, settings), &receiver);
    });
}

/// On the embedded store and, where PostgreSQL is installed, on a new database.
pub fn on_each(test: impl Fn(Option<&str>)) {
    test(None);
    if let Some(url) = crate::support::postgres::database() {
        test(Some(&url));
    }
}

/// Makes the webhook `crm`; its secret.
pub fn subscribe(service: &Service, url: &str, events: &[&str]) -> String {
    let body = json!({ "url": url, "events": events }).to_string();
    let answer = service.put("/v1/webhooks/crm").by(Role::Admin).json(&body).send();
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["secret"].as_str().expect("a secret").to_owned()
}

fn customer(service: &Service, id: &str) {
    let profile = json!({ "email": format!("{id}@example.com") }).to_string();
    assert_eq!(service.put(&format!("/v1/customers/{id}")).by(Role::Admin).json(&profile).send().status, 201);
}

/// A message to a customer, of no campaign.
fn message(service: &Service, id: &str) -> DeliveryId {
    let now = service.ws.now();
    let new = NewDelivery {
        campaign_run_id: CampaignRunId(1),
        customer_id: service.ws.id_key().customer(id),
        step: 0,
        occasion: id.into(),
        channel: "email".into(),
        address: format!("{id}@example.com"),
        next_at: now,
        template_version: "1/1".into(),
        variables: "{}".into(),
        cost: Money(1),
    };
    let delivery = new.id(service.ws.id_key());
    let (ids, keys) = (*service.ws.id_key(), service.ws.link_keys().clone());
    service.ws.store().write(|conn| messages::plan::plan(conn, &ids, &keys, "shop.example", now, &[new])).unwrap();
    delivery
}

/// Reports what came of a message.
fn report(service: &Service, delivery: DeliveryId, kind: &str) {
    let body = json!({ "delivery": delivery.0, "kind": kind, "key": format!("{kind}-{delivery}") }).to_string();
    let answer = service.post("/v1/outcomes").by(Role::Admin).json(&body).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn webhook(service: &Service) -> Value {
    service.get("/v1/webhooks/crm").by(Role::Viewer).send().json()
}

fn events(service: &Service, query: &str) -> Vec<Value> {
    let answer = service.get(&format!("/v1/webhooks/crm/events{query}")).by(Role::Viewer).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

fn kinds(of: &[&str]) -> Vec<String> {
    of.iter().map(|kind| format!("outcome.{kind}")).collect()
}

#[test]
fn events_arrive_once_in_order_signed_and_without_personal_data() {
    told(|service, receiver| {
        let secret = subscribe(service, &receiver.url(), &["outcome.*"]);
        let path = [("open", "click"), ("click", "open"), ("open", "unsubscribe")];
        let ids = ["C-1", "C-2", "C-3"];
        for (id, (first, second)) in ids.iter().zip(path) {
            customer(service, id);
            let sent = message(service, id);
            for kind in [first, second, "conversion"] {
                report(service, sent, kind);
                report(service, sent, kind);
            }
        }
        assert_eq!(service.work().told.sent, 9);
        service.work();
        let posts = receiver.posts();
        assert_eq!(posts.len(), 9, "each new outcome once");
        for (id, (first, second)) in ids.iter().zip(path) {
            assert_eq!(receiver.of(id), kinds(&[first, second, "conversion"]));
        }
        for post in &posts {
            let seconds = post.header("vizavi-timestamp").parse().unwrap();
            assert_eq!(seconds, service.ws.now().0 / 1_000_000);
            assert_eq!(post.header("vizavi-signature"), signature(secret.as_bytes(), seconds, post.text.as_bytes()));
            assert_eq!(post.header("idempotency-key"), post.body["id"].as_str().unwrap());
            assert!(!post.text.contains("example.com"), "{}", post.text);
        }
        let shown = webhook(service);
        assert_eq!((&shown["sent"], &shown["waiting"], &shown["dead"]), (&json!(9), &json!(0), &json!(0)));
        assert!(shown.get("secret").is_none());
    });
}

#[test]
fn what_is_not_accepted_is_tried_again_holds_its_client_back_and_nobody_else() {
    told(|service, receiver| {
        subscribe(service, &receiver.url(), &["*"]);
        for id in ["C-1", "C-2"] {
            customer(service, id);
            let sent = message(service, id);
            report(service, sent, "open");
            report(service, sent, "click");
        }
        receiver.answers(|body| if body["customer"] == "C-1" { 503 } else { 200 });
        let worked = service.work();
        assert_eq!((worked.told.sent, worked.told.failed), (2, 1));
        assert_eq!((receiver.of("C-1").len(), receiver.of("C-2")), (0, kinds(&["open", "click"])));
        service.work();
        assert_eq!(receiver.posts().len(), 3, "nothing before its time");
        receiver.answers(|_| 200);
        later(service, 2 * MINUTE);
        service.work();
        assert_eq!(receiver.of("C-1"), kinds(&["open", "click"]));
        let tried = receiver
            .posts()
            .iter()
            .filter(|post| post.customer() == "C-1")
            .map(|p| p.body["id"].clone())
            .collect::<Vec<_>>();
        assert_eq!((tried.len(), tried[0] == tried[1]), (3, true), "the same id each time");
        let open =
            events(service, "").into_iter().find(|e| e["customer"] == "C-1" && e["type"] == "outcome.open").unwrap();
        let codes: Vec<_> =
            open["attempts"].as_array().unwrap().iter().map(|attempt| attempt["code"].clone()).collect();
        assert_eq!((open["state"].as_str(), codes), (Some("sent"), vec![json!(503), json!(200)]));
    });
}

#[test]
fn what_is_given_up_is_a_dead_letter_that_holds_nobody_back_and_can_be_sent_again() {
    told(|service, receiver| {
        subscribe(service, &receiver.url(), &["outcome.*"]);
        customer(service, "C-1");
        let sent = message(service, "C-1");
        report(service, sent, "open");
        report(service, sent, "click");
        receiver.answers(|body| if body["type"] == "outcome.open" { 422 } else { 200 });
        let mut hours = 0;
        while webhook(service)["dead"] == 0 && hours < 200 {
            service.work();
            later(service, HOUR);
            hours += 1;
        }
        assert!((68..80).contains(&hours), "three days: {hours}");
        service.work();
        assert_eq!(receiver.of("C-1"), kinds(&["click"]));
        let dead = events(service, "?state=dead");
        assert_eq!((dead.len(), &dead[0]["type"]), (1, &json!("outcome.open")));
        assert!(dead[0]["attempts"].as_array().unwrap().len() > 10);

        receiver.answers(|_| 200);
        let replay =
            |body: Value| service.post("/v1/webhooks/crm/replay").by(Role::Admin).json(&body.to_string()).send();
        assert_eq!(replay(json!({})).problem(422)["status"], 422);
        assert_eq!(replay(json!({ "events": [dead[0]["event"]] })).json()["events"], 1);
        service.work();
        assert_eq!(receiver.of("C-1"), kinds(&["click", "open"]));
        let positions: Vec<i64> =
            receiver.posts().iter().rev().take(2).map(|p| p.body["position"].as_i64().unwrap()).collect();
        assert!(positions[0] < positions[1], "its place tells that it is older");
        let again = replay(json!({ "since": "2026-01-01T00:00:00Z" })).json();
        assert_eq!(again["events"], 2);
        service.work();
        assert_eq!(receiver.of("C-1"), kinds(&["click", "open", "open", "click"]), "in their order");
    });
}

#[test]
fn a_receiver_that_is_down_is_left_alone_and_catches_up() {
    told(|service, receiver| {
        subscribe(service, &receiver.url(), &["outcome.*"]);
        let ids: Vec<String> = (0..30).map(|i| format!("C-{i}")).collect();
        for id in &ids {
            customer(service, id);
            let sent = message(service, id);
            report(service, sent, "open");
            report(service, sent, "click");
        }
        receiver.answers(|_| 500);
        for _ in 0..120 {
            service.work();
            later(service, MINUTE);
        }
        let tried = receiver.posts().len();
        assert!((10..60).contains(&tried), "one look now and then, not 30 clients times their attempts: {tried}");
        assert!(webhook(service)["failures"].as_i64().unwrap() >= 5);
        receiver.answers(|_| 200);
        later(service, 16 * MINUTE);
        service.work();
        assert_eq!(webhook(service)["waiting"], 0, "all that has waited goes at once");
        for id in &ids {
            assert_eq!(receiver.of(id), kinds(&["open", "click"]));
        }
    });
}

#[test]
fn a_worker_that_dies_before_or_after_a_post_loses_nothing_and_keeps_the_order() {
    on_each(|url| {
        let receiver = Receiver::start();
        let settings = Settings { webhook_allow: vec![receiver.address.clone()], ..settings() };
        let service = &Service::with(url, settings.clone());
        subscribe(service, &receiver.url(), &["outcome.*"]);
        for id in ["C-1", "C-2", "C-3"] {
            customer(service, id);
            let sent = message(service, id);
            report(service, sent, "open");
            report(service, sent, "click");
        }
        // A worker claims two clients' events and dies; of the second its post had arrived.
        let now = service.ws.now();
        let claimed = service.ws.store().write(|conn| {
            outbox::hand_over(conn, now)?;
            let hook = store::by_name(conn, "crm")?;
            queue::claim(conn, hook.id, "gone", now, 2)
        });
        let claimed = claimed.unwrap();
        assert_eq!(claimed.len(), 2);
        service.work();
        assert_eq!(receiver.accepted().len(), 2, "the third client's; the others are with the one that died");
        // Another process, later.
        later(service, 6 * MINUTE);
        let options = Options { seed: Some(7), settings: Some(settings) };
        let ws = Workspace::open(service.ws.data(), url, service.clock.clone(), options).unwrap();
        vizavi::jobs::work(&ws, &vizavi::jobs::Stop::default(), true, Some(vizavi::jobs::Only::Jobs)).unwrap();
        for id in ["C-1", "C-2", "C-3"] {
            assert_eq!(receiver.of(id), kinds(&["open", "click"]));
        }
        // The first one wakes: its answer counts for nothing any more.
        let outcome = vizavi::deliveries::transport::Outcome::later("too late");
        let late = ws.store().write(|conn| queue::record(conn, &claimed[0], &outcome, ws.now())).unwrap();
        assert_eq!((late, webhook(service)["sent"].clone()), (None, json!(6)));
    });
}

#[test]
fn of_overlapping_writers_nobody_is_passed_over() {
    let Some(url) = crate::support::postgres::database() else { return };
    let receiver = Receiver::start();
    let settings = Settings { webhook_allow: vec![receiver.address.clone()], ..settings() };
    let service = &Service::with(Some(&url), settings);
    subscribe(service, &receiver.url(), &["outcome.*"]);
    customer(service, "C-1");
    customer(service, "C-2");
    let (one, other) = (message(service, "C-1"), message(service, "C-2"));
    // A transaction that began first, and commits after another one has been handed over.
    let told = service.ws.store().write(|conn| {
        let wanted = vizavi::webhooks::Wanted::read(conn)?;
        let id = service.ws.id_key().customer("C-1");
        let event = vizavi::webhooks::Event::of_customer("outcome.open", id, service.ws.now(), json!({}));
        outbox::tell(conn, &wanted, vec![event])?;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                report(service, other, "open");
                service.work()
            });
        });
        Ok(receiver.accepted())
    });
    assert_eq!(told.unwrap(), [("C-2".to_owned(), "outcome.open".to_owned())]);
    report(service, one, "click");
    service.work();
    assert_eq!(receiver.of("C-1"), kinds(&["open", "click"]));
}

#[test]
fn private_targets_are_refused_unless_the_settings_name_them() {
    let receiver = Receiver::start();
    let service = Service::new();
    subscribe(&service, &receiver.url(), &["*"]);
    let ping = service.post("/v1/webhooks/crm/ping").by(Role::Admin).send().json();
    assert!(ping["code"].is_null() && ping["text"].as_str().unwrap().contains("private"), "{ping}");
    assert!(receiver.posts().is_empty());
    told(|service, receiver| {
        let secret = subscribe(service, &receiver.url(), &["decision.made"]);
        let ping = service.post("/v1/webhooks/crm/ping").by(Role::Admin).send().json();
        assert_eq!(ping["code"], 200);
        let post = &receiver.posts()[0];
        let seconds = post.header("vizavi-timestamp").parse().unwrap();
        assert_eq!(post.header("vizavi-signature"), signature(secret.as_bytes(), seconds, post.text.as_bytes()));
        assert_eq!(post.kind(), "ping");
        let other = service.post("/v1/webhooks/crm/secret").by(Role::Admin).send().json();
        assert_ne!(other["secret"], json!(secret));
    });
}

#[test]
fn definitions_are_checked_versioned_and_for_administrators() {
    told(|service, receiver| {
        let put = |role, body: Value| service.put("/v1/webhooks/crm").by(role).json(&body.to_string());
        let good = json!({ "url": receiver.url(), "events": ["delivery.sent"] });
        put(Role::Marketer, good.clone()).send().problem(403);
        let bad = put(Role::Admin, json!({ "url": "ftp://a", "events": ["delivery.*", "delivery.eaten"] }))
            .send()
            .problem(422);
        assert_eq!(bad["errors"].as_array().unwrap().len(), 2, "{bad}");
        assert_eq!(service.get("/v1/webhooks/crm").by(Role::Viewer).send().status, 404);
        let made = put(Role::Admin, good.clone()).send();
        assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")));
        put(Role::Admin, good.clone()).send().problem(428);
        let off = json!({ "url": receiver.url(), "events": ["*"], "enabled": false });
        let changed = put(Role::Admin, off).header("if-match", "\"1\"").send();
        assert_eq!((changed.status, changed.json().get("secret").is_none()), (200, true));
        customer(service, "C-1");
        let sent = message(service, "C-1");
        report(service, sent, "open");
        service.work();
        assert!(receiver.posts().is_empty() && events(service, "").is_empty(), "it is disabled");
        let list = service.get("/v1/webhooks").by(Role::Viewer).send().json();
        assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["events"]), (1, &json!(["*"])));
        let remove = |tag| service.request("DELETE", "/v1/webhooks/crm").by(Role::Admin).header("if-match", tag).send();
        remove("\"1\"").problem(412);
        assert_eq!(remove("\"2\"").status, 204);
    });
}

#[test]
fn of_an_erased_client_nothing_is_told_and_a_merged_ones_events_are_the_survivors() {
    told(|service, receiver| {
        subscribe(service, &receiver.url(), &["outcome.*"]);
        for id in ["C-1", "C-2", "C-3"] {
            customer(service, id);
            let sent = message(service, id);
            report(service, sent, "open");
        }
        assert_eq!(service.request("DELETE", "/v1/customers/C-1").by(Role::Admin).send().status, 204);
        let alias = json!({ "external_id": "C-2" }).to_string();
        let merged = service.post("/v1/customers/C-3/aliases").by(Role::Admin).json(&alias).send();
        assert_eq!(merged.status, 200, "{}", merged.text);
        service.work();
        let customers: Vec<String> = receiver.accepted().into_iter().map(|(customer, _)| customer).collect();
        assert_eq!(customers, ["C-3", "C-3"]);
    });
}
