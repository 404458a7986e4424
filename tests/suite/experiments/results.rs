//! Results of an experiment: complete, with denominators, and made of sums from which anyone gets the same numbers again.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::experiments::analyse;
use vizavi::operations::access::Role;
use vizavi::random::bucket;

use super::{deliveries, drawn, get, order, run, subject, trying};
use crate::api::service::Service;
use crate::real_time::shop::later;

const CUSTOMERS: usize = 240;

/// A run whose customers buy: every second of those with variant b, every tenth of the others and of the holdout.
fn bought(url: Option<&str>) -> (Service, i64) {
    let mut more = subject(json!({ "planned": 60, "matters": 0.01 }));
    let spec = json!({ "owner": "Olga", "conversion_days": 10, "fixed_cost": 500 });
    more.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let service = trying(url, 0.2, more, CUSTOMERS);
    let id = run(&service, "june");
    let buys = |i: &usize| {
        let id = format!("C{i}");
        let held_out = bucket("global-holdout", &id) < 2_000;
        if drawn(&id) == "b" && !held_out { i.is_multiple_of(2) } else { i.is_multiple_of(10) }
    };
    later(&service, DAY);
    order(&service, "first", (0..CUSTOMERS).filter(buys).map(|i| format!("C{i}")));
    // A tenth of the messages was clicked, one came back.
    let admin = service.key_of(Role::Admin);
    for (at, delivery) in deliveries(&service, id).iter().enumerate().filter(|(at, _)| at % 10 == 0) {
        let kind = if at == 50 { "bounce" } else { "click" };
        let body = json!({ "delivery": delivery["id"], "kind": kind, "key": format!("k{at}") }).to_string();
        let answer = service.post("/v1/outcomes").key(&admin).json(&body).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    later(&service, 12 * DAY);
    service.work();
    (service, id)
}

#[test]
fn results_hold_what_they_were_made_of_to_the_last_bit() {
    for url in [None, crate::support::postgres::database()] {
        let (service, _) = bought(url.as_deref());
        let list = get(&service, "/v1/experiments");
        let ids: Vec<&str> = list["items"].as_array().unwrap().iter().filter_map(|item| item["id"].as_str()).collect();
        assert_eq!(ids, ["now", "now:subject"]);
        let results = get(&service, "/v1/experiments/now:subject/results");
        let of_run = &results["runs"][0];
        complete(of_run);
        recomputed(of_run);
        let again = service.get("/v1/experiments/now:subject/results").by(Role::Viewer).send();
        assert_eq!(again.json(), results, "the same sums give the same results");
        assert_eq!(service.get("/v1/experiments/now:other/results").by(Role::Viewer).send().status, 404);
        assert_eq!(service.get("/v1/experiments/nobody").by(Role::Viewer).send().status, 404);
        assert_eq!(service.get("/v1/experiments").by(Role::Ingest).send().status, 403);
        if url.is_none() {
            recomputed_by_hand(&service);
        }
    }
}

fn complete(of_run: &Value) {
    let customers: i64 = of_run["arms"].as_array().unwrap().iter().filter_map(|arm| arm["customers"].as_i64()).sum();
    assert_eq!(customers, CUSTOMERS as i64, "everybody who was assigned counts");
    for arm in of_run["arms"].as_array().unwrap() {
        let (orders, revenue, margin) = (&arm["orders"], &arm["revenue"], &arm["margin"]);
        assert_eq!(revenue.as_i64().unwrap(), orders.as_i64().unwrap() * 10_000, "{arm}");
        assert!(
            margin.as_i64().unwrap() < revenue.as_i64().unwrap() && arm["kept"].as_i64() >= arm["converted"].as_i64()
        );
    }
    let standard = &of_run["standard"];
    let part = |name: &str| {
        let part = &standard[name];
        let (count, of) = (part["count"].as_f64().unwrap(), part["denominator"].as_f64().unwrap());
        assert!((part["share"].as_f64().unwrap() - count / of.max(1.0)).abs() < 1e-12, "{part}");
        (count, of)
    };
    let (delivered, sent) = part("delivered");
    assert_eq!((part("bounced").0, sent - delivered), (1.0, 1.0), "one came back");
    assert_eq!(part("clicked").1, delivered);
    assert!(part("clicked").0 > 10.0 && part("converted").0 > 20.0);
    let net = &standard["net_return"];
    let total = of_run["lift"]["assigned"]["Ok"]["total"].as_f64().unwrap();
    assert!((net["amount"].as_f64().unwrap() - (total - 500.0)).abs() < 1e-6, "fixed costs are taken off: {net}");
    assert_eq!(of_run["by_day"].as_array().unwrap().len(), 11, "the window of eleven days");
    let of_segments: i64 = of_run["by_segment"].as_array().unwrap().iter().filter_map(|s| s["treated"].as_i64()).sum();
    assert!(of_segments > 150, "{of_segments}");
    assert_eq!(of_run["metrics"].as_array().unwrap().len(), 20);
    let revenue = of_run["metrics"].as_array().unwrap().iter().find(|metric| metric["metric"] == "revenue").unwrap();
    assert!(revenue["treated"].as_f64() > revenue["holdout"].as_f64(), "{revenue}");
    let verdict = &of_run["experiment"]["verdict"];
    assert_eq!((&verdict["choice"], &verdict["winner"]), (&json!("ship"), &json!("b")), "{verdict}");
    let compared = &of_run["experiment"]["comparisons"][0];
    for population in ["assigned", "would_be_contacted"] {
        assert!(compared[population]["Ok"]["ci_lower"].as_f64().unwrap() > 0.0, "{compared}");
    }
    let credit: Vec<f64> =
        of_run["attribution"].as_array().unwrap().iter().filter_map(|credit| credit["orders"].as_f64()).collect();
    assert!(credit.len() == 2 && credit[0] == credit[1] && credit[0] > 20.0, "one contact each: {credit:?}");
}

/// Every effect that is shown comes out of its case again.
fn recomputed(of_run: &Value) {
    let recompute = &of_run["recompute"];
    let answers = analyse(&recompute["cases"]).unwrap();
    let answer = |id: &str| {
        let found = answers.as_array().unwrap().iter().find(|answer| answer["id"] == id);
        found.unwrap_or_else(|| panic!("no case {id}"))["result"].clone()
    };
    let mut compared = 0;
    let mut same = |id: &str, shown: &Value| {
        let answer = answer(id);
        match shown.get("Err") {
            Some(code) => assert_eq!(&answer["error"], code, "{id}"),
            None => {
                for key in ["point_estimate", "ci_lower", "ci_upper", "p_value", "stderr"] {
                    assert_eq!(answer[key], shown["Ok"][key], "{id}.{key}");
                }
                compared += 1;
            }
        }
    };
    for population in ["assigned", "would_be_contacted"] {
        let lift = &of_run["lift"][population];
        let shown = match lift.get("Ok") {
            Some(lift) => json!({ "Ok": lift["per_customer"] }),
            None => lift.clone(),
        };
        same(&format!("lift.{population}"), &shown);
        let shown = &of_run["experiment"]["comparisons"][0][population];
        same(&format!("experiment.subject.b.conversion.{population}"), shown);
    }
    for day in of_run["by_day"].as_array().unwrap() {
        same(&format!("by_day.{}", day["day"]), &day["effect"]);
    }
    for metric in of_run["metrics"].as_array().unwrap() {
        let name = metric["metric"].as_str().unwrap();
        same(&format!("metric.{name}"), &metric["against_holdout"]);
        same(&format!("metric.{name}.b"), &metric["variants"][0]["effect"]);
    }
    assert!(compared > 10, "{compared} effects");
    for guardrail in of_run["experiment"]["comparisons"][0]["guardrails"].as_array().unwrap() {
        let id = format!("experiment.subject.b.guardrail.{}", guardrail["name"].as_str().unwrap());
        assert_eq!(answer(&id)["ci_lower"], guardrail["harm"]["ci_lower"], "{id}");
    }
    assert_eq!(answer("sample_ratio")["p_value"], of_run["sample_ratio"]["Ok"]["p_value"]);
}

/// Who is in which arm follows from what the API says, and from nothing else.
fn recomputed_by_hand(service: &Service) {
    let detail = get(service, "/v1/experiments/now:subject");
    let assignment = &detail["assignment"];
    let (salt, ranges) = (assignment["variants_salt"].as_str().unwrap(), assignment["variants"].as_array().unwrap());
    let global = &assignment["global_holdout"];
    let held_out = |id: &str| {
        f64::from(bucket(global["salt"].as_str().unwrap(), id)) < global["share"].as_f64().unwrap() * 10_000.0
    };
    for (id, decision) in super::decisions(service, CUSTOMERS) {
        let of = bucket(salt, &id);
        let range = ranges.iter().find(|range| u64::from(of) < range[0].as_u64().unwrap()).unwrap();
        assert_eq!(decision["arm"] == "global_holdout", held_out(&id), "{id}: {decision}");
        if let Some(variant) = decision["variant"].as_str().filter(|_| !held_out(&id)) {
            assert_eq!(Some(variant), range[1].as_str(), "{id}");
        }
    }
}

#[test]
fn the_api_refuses_a_winner_that_the_data_cannot_carry_and_a_person_may_choose_any() {
    let service = trying(None, 0.0, subject(json!({})), 60);
    run(&service, "june");
    let decide = |role: Role, body: Value| {
        service.post("/v1/experiments/now:subject/decide").by(role).json(&body.to_string()).send()
    };
    let refused = decide(Role::Marketer, json!({})).problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("do not carry a winner"), "{refused}");
    decide(Role::Marketer, json!({ "variant": "z" })).problem(422);
    decide(Role::Viewer, json!({ "variant": "b" })).problem(403);
    let holdout = service.post("/v1/experiments/now/decide").by(Role::Marketer).json("{}").send().problem(422);
    assert!(holdout["detail"].as_str().unwrap().contains("against its holdout"), "{holdout}");
    let chosen = decide(Role::Marketer, json!({ "variant": "b" })).json();
    assert_eq!((&chosen["holds_for"], &chosen["variant"]), (&json!("later"), &json!("b")));
    later(&service, 30 * DAY);
    run(&service, "july");
    let variants: Vec<Value> = super::decisions(&service, 60).into_values().map(|d| d["variant"].clone()).collect();
    let contacted: Vec<&Value> = variants.iter().filter(|variant| !variant.is_null()).collect();
    assert!(contacted.len() > 40 && contacted.iter().all(|variant| **variant == "b"), "{contacted:?}");
    let detail = get(&service, "/v1/experiments/now:subject");
    assert_eq!((&detail["state"], &detail["winner"]), (&json!("decided"), &json!("b")));
    let because: Value = serde_json::from_str(detail["settled"][0]["because"].as_str().unwrap()).unwrap();
    assert!(
        because["recompute"]["cases"].as_array().is_some_and(|cases| cases.len() > 3),
        "what it was made of is kept"
    );
    let audit = get_audit(&service);
    assert!(audit.contains("experiment.decide"), "{audit}");
}

fn get_audit(service: &Service) -> String {
    service.get("/v1/audit").by(Role::Admin).send().text
}
