//! Writes: versions, repeated requests, what is kept.

use vizavi::operations::access::Role;

use super::service::Service;
use crate::support::postgres;

const OFFER: &str = "{\"name\":\"ten\",\"benefit\":{\"percent\":10}}";

#[test]
fn an_edit_names_the_version_it_saw() {
    let service = Service::new();
    let put = || service.put("/v1/offers/ten").by(Role::Marketer).json(OFFER);
    let made = put().send();
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{}", made.text);
    put().send().problem(428);
    put().header("if-match", "\"7\"").send().problem(412);
    let changed = put().header("if-match", "\"1\"").send();
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    let got = service.get("/v1/offers/ten").by(Role::Viewer).send();
    assert_eq!(got.header("etag"), Some("\"2\""));
    assert_eq!(got.json()["definition"]["benefit"]["percent"], 10.0);
    service.put("/v1/offers/other").by(Role::Marketer).json(OFFER).send().problem(422);
}

#[test]
fn the_same_key_and_body_is_done_once_and_another_body_is_refused() {
    let service = Service::new();
    let (_, key) = vizavi::operations::access::key::create(&service.ws, "shop", Role::Admin, None, "test").unwrap();
    let post = |body: &str| service.post("/v1/keys").key(&key).header("idempotency-key", "order-77").json(body).send();
    let first = post("{\"name\":\"a\",\"role\":\"viewer\"}");
    assert_eq!(first.status, 201, "{}", first.text);
    let again = post("{\"name\":\"a\",\"role\":\"viewer\"}");
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    post("{\"name\":\"b\",\"role\":\"viewer\"}").problem(422);
    // What was refused may be corrected and sent again under its key.
    let wrong = |body: &str| service.post("/v1/keys").key(&key).header("idempotency-key", "k2").json(body).send();
    wrong("{\"name\":\"a\",\"role\":\"king\"}").problem(422);
    assert_eq!(wrong("{\"name\":\"a\",\"role\":\"viewer\"}").status, 201);
}

#[test]
fn the_same_key_at_the_same_time_is_done_once() {
    done_once(&Service::new());
}

#[test]
fn on_postgresql_too_it_is_done_once() {
    if let Some(url) = postgres::database() {
        done_once(&Service::on(Some(&url)).with_customer("C-1"));
    }
}

fn done_once(service: &Service) {
    let (_, key) = vizavi::operations::access::key::create(&service.ws, "shop", Role::Admin, None, "test").unwrap();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let send = || {
            let body = "{\"name\":\"a\",\"role\":\"viewer\"}";
            service.post("/v1/keys").key(&key).header("idempotency-key", "k").json(body).send()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| answer.text == made[0].text));
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    let keys = service.get("/v1/keys").by(Role::Admin).send().json();
    let named: Vec<_> = keys["items"].as_array().unwrap().iter().filter(|key| key["name"] == "a").collect();
    assert_eq!(named.len(), 1);
}

#[test]
fn pages_hold_every_customer_once() {
    let mut service = Service::new();
    for i in 0..7 {
        service = service.with_customer(&format!("C-{i}"));
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("/v1/customers?limit=3{cursor}")).by(Role::Viewer).send().json();
        for item in page["items"].as_array().unwrap() {
            seen.push(item["external_id"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, (0..7).map(|i| format!("C-{i}")).collect::<Vec<_>>());
    service.get("/v1/customers?cursor=AAAA").by(Role::Viewer).send().problem(422);
}

#[test]
fn a_campaign_with_faults_is_refused_with_all_of_them_and_nothing_is_kept() {
    let service = Service::new();
    let folder = "{\"spec\":{\"name\":\"x\",\"offers\":[\"none\"],\"channels\":[{\"channel\":\"email\"}],\"holdout\":2.0},\
        \"templates\":{}}";
    let problem = service.put("/v1/campaigns/x").by(Role::Marketer).json(folder).send().problem(422);
    assert!(!problem["errors"].as_array().unwrap().is_empty(), "{problem}");
    service.get("/v1/campaigns/x").by(Role::Viewer).send().problem(404);
}

#[test]
fn every_change_stands_in_an_audit_that_shows_tampering() {
    let service = Service::new().with_customer("C-1");
    service.put("/v1/offers/ten").by(Role::Marketer).json(OFFER).send();
    let audit = service.get("/v1/audit").by(Role::Admin).send();
    for action in ["customer.put", "offer.put", "key.create"] {
        assert!(audit.text.contains(action), "{action}");
    }
    assert!(!audit.text.contains("@example.com"), "personal data in the audit");
    assert_eq!(service.get("/v1/audit/check").by(Role::Admin).send().json()["whole"], true);
}

#[test]
fn a_bundle_tells_who_buys_its_goods_together_and_a_settlement_needs_its_partner() {
    Service::on_both_stores(|service| {
        // a and b by two of four customers, each alone by one more.
        for (customer, goods) in [("C-1", "ab"), ("C-2", "ab"), ("C-3", "a"), ("C-4", "bc")] {
            let items: Vec<String> =
                goods.chars().map(|sku| format!(r#"{{"sku":"{sku}","quantity":1,"amount":500}}"#)).collect();
            let order = format!(r#"{{"customer":"{customer}","order":"O-{customer}","items":[{}]}}"#, items.join(","));
            assert_eq!(service.post("/v1/orders").by(Role::Ingest).json(&order).send().status, 200);
        }
        let offer = |more: &str| format!(r#"{{"name":"both","benefit":{{"percent":10}},"bundle":["a","b"]{more}}}"#);
        let put = |more: &str| service.put("/v1/offers/both").by(Role::Marketer).json(&offer(more)).send();
        let problem = put(r#","settlement":{"share":0.5,"fee":100}"#).problem(422);
        assert!(problem.to_string().contains("settlement"), "{problem}");
        assert_eq!(put(r#","partner":"Cafe","settlement":{"share":0.5,"fee":100}"#).status, 201);
        let together = service.get("/v1/offers/both/together").by(Role::Viewer).send().json();
        assert_eq!((&together["customers"], &together["all"], &together["share"]), (&4.into(), &2.into(), &0.5.into()));
        assert_eq!(together["goods"][1], serde_json::json!({"sku": "b", "customers": 3, "share": 0.75}));
        assert!((together["lift"].as_f64().unwrap() - 0.5 / (0.75 * 0.75)).abs() < 1e-12, "{together}");
        service.put("/v1/offers/ten").by(Role::Marketer).json(OFFER).send();
        service.get("/v1/offers/ten/together").by(Role::Viewer).send().problem(422);
        service.get("/v1/offers/none/together").by(Role::Viewer).send().problem(404);
    });
}
