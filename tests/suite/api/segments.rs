//! Segments by rule over REST: looked at, saved, edited, followed, removed.

use vizavi::operations::access::Role;

use super::service::Service;
use crate::support::postgres;

const BUYERS: &str = r#"{"name":"buyers","measures":{"orders_30":{"of":"orders","within_days":30}},
    "rule":{"field":"orders_30","op":"ge","value":1}}"#;

fn order(service: &Service, customer: &str, number: &str) {
    let body =
        format!(r#"{{"customer":"{customer}","order":"{number}","items":[{{"sku":"a","quantity":1,"amount":500}}]}}"#);
    let answer = service.post("/v1/orders").by(Role::Ingest).json(&body).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn lives(service: &Service) {
    order(service, "C-1", "A");
    let preview = service.post("/v1/segments/preview").by(Role::Marketer).json(BUYERS).send();
    assert_eq!((preview.status, &preview.json()["customers"]), (200, &1.into()), "{}", preview.text);
    service.get("/v1/segments/buyers").by(Role::Viewer).send().problem(404);

    let made = service.put("/v1/segments/buyers").by(Role::Marketer).json(BUYERS).send();
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")), "{}", made.text);
    assert_eq!((&made.json()["kind"], &made.json()["size"]), (&"rule".into(), &1.into()));
    service.put("/v1/segments/buyers").by(Role::Marketer).json(BUYERS).send().problem(428);
    service.put("/v1/segments/others").by(Role::Marketer).json(BUYERS).send().problem(422);

    order(service, "C-2", "B");
    vizavi::operations::segments::refresh(&service.ws).unwrap();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service.get(&format!("/v1/segments/buyers/members?limit=1{cursor}")).by(Role::Viewer).send().json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["customer"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["C-1", "C-2"]);
    let changes = service.get("/v1/segments/buyers/changes").by(Role::Viewer).send().json();
    assert_eq!((&changes["items"][0]["customer"], &changes["items"][0]["entered"]), (&"C-2".into(), &true.into()));
    let list = service.get("/v1/segments").by(Role::Viewer).send().json();
    assert_eq!((&list["items"][0]["name"], &list["items"][0]["size"]), (&"buyers".into(), &2.into()));
    let metrics = service.get("/metrics").send().text;
    for gauge in ["vizavi_segments 1", "vizavi_segments_oldest_fact_seconds 0", "vizavi_segments_due_lag_seconds 0"] {
        assert!(metrics.contains(gauge), "{gauge}: {metrics}");
    }

    let offer = r#"{"name":"ten","benefit":{"percent":10},"eligibility":{"field":"segments","op":"contains","value":"buyers"}}"#;
    assert_eq!(service.put("/v1/offers/ten").by(Role::Marketer).json(offer).send().status, 201);
    let remove = || service.request("DELETE", "/v1/segments/buyers").by(Role::Marketer).header("if-match", "\"1\"");
    let problem = remove().send().problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("offer `ten`"), "{problem}");
    let free = r#"{"name":"ten","benefit":{"percent":10}}"#;
    assert_eq!(
        service.put("/v1/offers/ten").by(Role::Marketer).header("if-match", "\"1\"").json(free).send().status,
        200
    );
    assert_eq!(remove().send().status, 204);
    service.get("/v1/segments/buyers").by(Role::Viewer).send().problem(404);
}

#[test]
fn a_segment_is_looked_at_saved_followed_and_removed() {
    lives(&Service::new());
}

#[test]
fn on_postgresql_too_a_segment_is_followed() {
    if let Some(url) = postgres::database() {
        lives(&Service::on(Some(&url)));
    }
}

#[test]
fn a_segment_with_faults_is_refused_with_all_of_them() {
    let service = Service::new();
    let wrong = r#"{"name":"x","measures":{"a":{"of":"sales"},"b":{"of":"events","where":{"price":"1"}}},
        "rule":{"all":[{"field":"c","op":"ge","value":1},{"field":"segments","op":"contains","value":"none"}]}}"#;
    for answer in [
        service.put("/v1/segments/x").by(Role::Marketer).json(wrong).send(),
        service.post("/v1/segments/preview").by(Role::Marketer).json(wrong).send(),
    ] {
        let problem = answer.problem(422);
        let keys: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|fault| fault["key"].as_str().unwrap_or("")).collect();
        assert_eq!(keys, ["measures.a.of", "measures.b.where.price", "rule.all[0].field", "rule"], "{problem}");
    }
    service.put("/v1/segments/x").by(Role::Viewer).json(BUYERS).send().problem(403);
    service.get("/v1/segments/buyers/members").by(Role::Ingest).send().problem(403);
}

#[test]
fn lookalikes_that_cannot_be_asked_for_so_are_refused() {
    let service = Service::new();
    let ask = |body: &str| service.post("/v1/segments/lookalike").by(Role::Marketer).json(body).send().problem(422);
    let both = ask(r#"{"name":"like","of":"buyers","ids":["A"],"size":10,"share":0.5}"#);
    let keys: Vec<&str> =
        both["errors"].as_array().unwrap().iter().map(|fault| fault["key"].as_str().unwrap_or("")).collect();
    assert_eq!(keys, ["of", "size"], "{both}");
    let unknown = ask(r#"{"name":"like","of":"nobody","size":10}"#);
    assert!(unknown.to_string().contains("nobody"), "{unknown}");
    let asked = r#"{"name":"like","of":"buyers","size":10}"#;
    service.post("/v1/segments/lookalike").by(Role::Viewer).json(asked).send().problem(403);
    assert!(!service.ws.data().join("models/like.toml").exists());
}
