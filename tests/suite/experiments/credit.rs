//! Credit beside lift, late orders, and what owners and salespersons brought.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::Role;

use super::{get, order, run, subject, trying};
use crate::api::service::Service;
use crate::real_time::shop::later;

const CUSTOMERS: usize = 200;

fn served() -> Service {
    let mut more = subject(json!({}));
    let spec = json!({ "owner": "Olga", "conversion_days": 10, "retention_days": 20 });
    more.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let service = trying(None, 0.3, more, CUSTOMERS);
    let admin = service.key_of(Role::Admin);
    for i in 0..CUSTOMERS {
        let id = format!("C{i}");
        let profile = json!({
            "first_name": "Ann", "last_name": "Example", "email": format!("{id}@example.com"),
            "attributes": { "salesperson": if i % 2 == 0 { "Sam" } else { "Kim" } },
        });
        let put = service.put(&format!("/v1/customers/{id}")).key(&admin).header("if-match", "*");
        let answer = put.json(&profile.to_string()).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    service
}

fn buyers(every: usize) -> impl Iterator<Item = String> {
    (0..CUSTOMERS).filter(move |i| i % every == 0).map(|i| format!("C{i}"))
}

#[test]
fn credit_stands_beside_lift_and_late_orders_count_when_they_are_told() {
    let service = served();
    run(&service, "june");
    order(&service, "first", buyers(4));
    // What happens at this very instant belongs to the time that begins now.
    later(&service, DAY / 24);
    let before = get(&service, "/v1/attribution?days=7");
    assert_eq!((before["orders"].as_i64(), before["window_days"].as_i64()), (Some(250), Some(7)), "{before}");
    let campaign = &before["campaigns"][0];
    let credit = |at: usize, report: &Value| report["campaigns"][0]["credit"][at]["orders"].as_f64().unwrap();
    assert_eq!(campaign["campaign"], "now");
    // Those held out have no contact to credit, though they bought as well.
    assert!(credit(0, &before) > 20.0 && credit(0, &before) < 50.0, "{before}");
    assert_eq!(credit(0, &before), credit(1, &before), "one contact each");
    assert_eq!(campaign["incremental"].as_array().unwrap().len(), 1, "what the holdout shows stands beside it");
    let told = before["revenue"].as_i64().unwrap() - before["uncredited"].as_i64().unwrap();
    assert_eq!(told as f64, credit(1, &before) * 10_000.0, "every cent is credited or not");

    let result = |service: &Service| get(service, "/v1/campaigns/now/results")["runs"][0].clone();
    let happened = service.ws.now();
    later(&service, 30 * DAY);
    service.work();
    let early = result(&service);
    assert_eq!(early["is_final"], true);
    let line = json!({
        "customer": "C1", "order": "late-1", "occurred_at": happened.to_string(),
        "items": [{ "sku": "A", "quantity": 1, "amount": 10_000 }],
    });
    let answer = service.post("/v1/orders").by(Role::Admin).json(&line.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let late = result(&service);
    let revenue =
        |run: &Value| -> i64 { run["arms"].as_array().unwrap().iter().filter_map(|arm| arm["revenue"].as_i64()).sum() };
    assert_eq!(
        revenue(&late) - revenue(&early),
        10_000,
        "it happened within the window, and counts from when it is told"
    );
    service.get("/v1/attribution?days=0").by(Role::Viewer).send().problem(422);
    service
        .get("/v1/attribution?from=2026-03-01T00:00:00Z&to=2026-02-01T00:00:00Z")
        .by(Role::Viewer)
        .send()
        .problem(422);
}

#[test]
fn owners_and_salespersons_are_shown_by_what_they_caused_beside_turnover() {
    let service = served();
    let from = service.ws.now();
    run(&service, "june");
    order(&service, "first", buyers(2));
    later(&service, 15 * DAY);
    let report = get(&service, &format!("/v1/kpis/people?from={from}"));
    let names: Vec<&str> =
        report["salespersons"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["Kim", "Sam"]);
    let (kim, sam) = (&report["salespersons"][0], &report["salespersons"][1]);
    // Only customers with an even number bought: all of them are Sam's.
    assert_eq!((kim["turnover"].as_i64(), sam["turnover"].as_i64()), (Some(0), Some(1_000_000)));
    let count = |one: &Value| one["treated"].as_i64().unwrap() + one["holdout"].as_i64().unwrap();
    assert_eq!((count(kim), count(sam)), (100, 100));
    assert_eq!(sam["kept"]["treated"][0], sam["kept"]["treated"][1], "all of them were clients, and all stayed");
    assert_eq!(kim["kept"]["treated"][1], 0);
    let olga = &report["owners"][0];
    assert_eq!((&olga["name"], &olga["runs"][0]["campaign"]), (&json!("Olga"), &json!("now")));
    let of_run = &olga["runs"][0];
    assert!(of_run["turnover"].as_i64().unwrap() > 500_000, "{of_run}");
    assert!(of_run["lift"]["Ok"]["total"].as_f64().is_some(), "{of_run}");
    assert!(of_run["kept"]["effect"]["Ok"]["point_estimate"].as_f64().is_some(), "{of_run}");
    let by_other = get(&service, &format!("/v1/kpis/people?from={from}&by=region"));
    assert_eq!(by_other["salespersons"].as_array().unwrap().len(), 1, "nobody has a region");
}
