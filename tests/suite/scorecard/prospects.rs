//! Leads from the fair to the client; winning held against keeping; what if.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::customers::store as customers;
use vizavi::operations::access::{Role, user};
use vizavi::operations::leads;
use vizavi::progress::Silent;
use vizavi::reports::scorecard::campaign_effects;
use vizavi::reports::{budget, what_if};

use super::company::on_both_stores;
use crate::api::service::{PASSWORD, Service};
use crate::console::log_in;

fn order(service: &Service, customer: &str, days_ago: i64) {
    let at = service.ws.now().plus(-days_ago * DAY);
    let order = json!({ "customer": customer, "order": format!("O-{customer}-{days_ago}"), "occurred_at": at,
        "items": [{ "sku": "A", "quantity": 1, "amount": 5_000 }] });
    let answer = service.post("/v1/orders").by(Role::Ingest).json(&order.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn lead(service: &Service, customer: &str, source: &str, days_ago: i64, cost: i64) -> Value {
    let at = service.ws.now().plus(-days_ago * DAY);
    let lead = json!({ "customer": customer, "source": source, "occurred_at": at, "cost": cost });
    let answer = service.post("/v1/leads").by(Role::Marketer).json(&lead.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[test]
fn a_lead_becomes_a_client_and_keeps_the_identity() {
    Service::on_both_stores(|service| {
        assert_eq!(lead(service, "P-1", "fair", 50, 700), json!({ "accepted": 1, "known": 0 }));
        assert_eq!(lead(service, "P-1", "fair", 50, 700), json!({ "accepted": 0, "known": 1 }));
        lead(service, "P-1", "search", 30, 50);
        lead(service, "P-2", "fair", 40, 900);
        let shown = service.get("/v1/customers/P-1").by(Role::Viewer).send().json();
        assert_eq!(shown["kind"], "prospect", "{shown}");
        let page = service.get("/v1/leads?source=fair").by(Role::Viewer).send().json();
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        assert!(page["items"][0]["score"].as_f64().is_some(), "{page}");
        service.post("/v1/leads").by(Role::Viewer).json("{}").send().problem(403);
        let wrong = service.post("/v1/leads").by(Role::Marketer).json(r#"{"customer":"","source":"a b","cost":-1}"#);
        assert_eq!(wrong.send().problem(422)["errors"].as_array().unwrap().len(), 3);

        order(service, "P-1", 10);
        // A client of old, whom a fair saw again, was not won by it.
        order(service, "C-0", 300);
        lead(service, "C-0", "fair", 20, 500);
        assert_eq!(leads::settle(&service.ws).unwrap(), 1);
        assert_eq!(leads::settle(&service.ws).unwrap(), 0);
        let won = service.ws.store().read(|conn| customers::by_external_id(conn, "P-1")).unwrap();
        assert_eq!((won.kind.as_str(), won.acquisition_cost.unwrap().0), ("client", 750));
        assert_eq!(won.acquired_at.unwrap(), service.ws.now().plus(-10 * DAY));
        let old = service.ws.store().read(|conn| customers::by_external_id(conn, "C-0")).unwrap();
        assert_eq!((old.acquired_at, old.acquisition_cost), (None, None));

        // Somebody who bought under another key: both become one, and the lead is the client's.
        order(service, "SHOP-9", 5);
        let page = service.get("/v1/leads?source=fair").by(Role::Viewer).send().json();
        let theirs = page["items"].as_array().unwrap().iter().find(|lead| lead["customer"] == "P-2").unwrap();
        let path = format!("/v1/leads/{}/convert", theirs["id"]);
        service.post(&path).by(Role::Marketer).json(r#"{"client":"SHOP-9"}"#).send().problem(403);
        let done = service.post(&path).by(Role::Admin).json(r#"{"client":"SHOP-9"}"#).send();
        assert_eq!(done.status, 200, "{}", done.text);
        assert!(!done.json()["converted_at"].is_null(), "{}", done.text);
        let one = service.ws.store().read(|conn| customers::by_external_id(conn, "P-2")).unwrap();
        assert_eq!((one.external_id.as_str(), one.acquisition_cost.unwrap().0), ("SHOP-9", 900));
        let sources = service.get("/v1/leads/sources").by(Role::Viewer).send().json();
        let fair = sources["sources"].as_array().unwrap().iter().find(|source| source["name"] == "fair").unwrap();
        assert_eq!(
            (&fair["leads"], &fair["converted"], &fair["cost"]),
            (&json!(3), &json!(2), &json!(2_100)),
            "{sources}"
        );
        assert_eq!(sources["learned"], false);

        // Who is erased leaves the numbers.
        let gone = service.request("DELETE", "/v1/customers/P-1").by(Role::Admin).send();
        assert_eq!(gone.status, 204, "{}", gone.text);
        let sources = service.get("/v1/leads/sources").by(Role::Viewer).send().json();
        assert_eq!(sources["sources"][0]["leads"], 3);
    });
}

#[test]
fn stated_rates_serve_until_leads_teach_better_ones() {
    Service::on_both_stores(|service| {
        let source = r#"{"cost":500,"rate":0.5,"weight":10,"leads":200}"#;
        for name in ["fair", "search"] {
            let path = format!("/v1/kpis/sources/{name}");
            assert_eq!(service.put(&path).by(Role::Marketer).json(source).send().status, 201);
        }
        let rate = |name: &str| {
            let all = service.get("/v1/leads/sources").by(Role::Viewer).send().json();
            let found =
                all["sources"].as_array().unwrap().iter().find(|source| source["name"] == name).unwrap().clone();
            (found["rate"].as_f64().unwrap(), all["learned"] == true)
        };
        assert_eq!(rate("fair"), (0.5, false));
        // Of 60 leads each, all of the fair and none of the search become clients.
        let leads: Vec<Value> = (0..120)
            .map(|n| {
                let at = service.ws.now().plus(-(300 - n) * DAY);
                json!({ "customer": format!("P-{n}"), "source": if n % 2 == 0 { "fair" } else { "search" }, "occurred_at": at })
            })
            .collect();
        let sent = service.post("/v1/leads").by(Role::Marketer).json(&Value::from(leads).to_string()).send();
        assert_eq!(sent.json()["accepted"], 120, "{}", sent.text);
        let orders: Vec<String> = (0..120)
            .step_by(2)
            .map(|n| {
                let at = service.ws.now().plus(-(299 - n) * DAY);
                json!({ "customer": format!("P-{n}"), "order": format!("O-{n}"), "occurred_at": at,
                    "items": [{ "sku": "A", "quantity": 1, "amount": 5_000 }] })
                .to_string()
            })
            .collect();
        let sent = service.post("/v1/orders").by(Role::Ingest).body("application/x-ndjson", &orders.join("\n")).send();
        assert_eq!(sent.status, 200, "{}", sent.text);
        leads::settle(&service.ws).unwrap();
        // (10 x 0.5 + 60) / (10 + 60), and (10 x 0.5 + 0) / (10 + 60).
        let (fair, learned) = rate("fair");
        assert!(learned && (fair - 65.0 / 70.0).abs() < 1e-12, "{fair}");
        assert!((rate("search").0 - 5.0 / 70.0).abs() < 1e-12);
        // The cost of a source's next lead is that of leads which say none.
        let page = service.get("/v1/leads?limit=1").by(Role::Viewer).send().json();
        assert_eq!(page["items"][0]["cost"], 500);
    });
}

#[test]
fn winning_is_held_against_keeping_and_years_ahead_answer_what_if() {
    on_both_stores(|store, service| {
        let ws = &service.ws;
        let none = service.post("/v1/kpis/what-if").by(Role::Viewer).json("{}").send();
        none.problem(404);
        vizavi::operations::train::train(ws, &["lifetime".into()], &Silent).unwrap();
        vizavi::operations::score::score(ws, &Silent).unwrap();
        vizavi::reports::profit::kept::refresh(ws, &Silent).unwrap();
        let basis = what_if::basis(ws, &Silent).unwrap();
        // The first three years together are what scoring says of three years.
        let years: f64 = basis.segments.values().map(|segment| segment.value.iter().sum::<f64>()).sum();
        let scored = super::recomputed::base_value(ws);
        assert!((years / scored - 1.0).abs() < 1e-3, "{store}: {years} {scored}");
        // Value is revenue times the margin less what serving costs, in each year within what clients have in common.
        for segment in basis.segments.values().filter(|segment| segment.revenue[0] > 0.0) {
            assert!(
                segment.revenue.iter().all(|revenue| *revenue > 0.0) && segment.cost.iter().all(|cost| *cost >= 0.0)
            );
            assert!(segment.revenue[1] < segment.revenue[0], "{store}: some leave each year");
        }
        let asked = service.post("/v1/kpis/what-if").by(Role::Viewer).json(r#"{"retention_points":5}"#).send();
        assert_eq!(asked.status, 200, "{}", asked.text);
        let found = asked.json();
        let (now, then) =
            (found["all"]["retention"].as_f64().unwrap(), found["all"]["retention_then"].as_f64().unwrap());
        assert!((then - now - 0.05).abs() < 1e-9 || then == 1.0, "{store}: {found}");
        assert!(found["all"]["gain"].as_f64().unwrap() > 0.0, "{store}: {found}");
        let wrong = service.post("/v1/kpis/what-if").by(Role::Viewer).json(r#"{"rates":{"dance":1}}"#).send();
        wrong.problem(422);

        // The measured campaign as an option is what the scorecard says of it.
        let effects = campaign_effects(ws, 365, &Silent).unwrap();
        let kept = effects.iter().find(|effect| effect.name == "keep").unwrap();
        assert!(kept.measured);
        let card = vizavi::reports::scorecard::readings(ws, ws.now(), &Silent).unwrap();
        let reading = |indicator| card.series(indicator, 365).next().unwrap().clone();
        use vizavi::operations::steering::Indicator;
        assert!((reading(Indicator::IncrementalProfit).value.unwrap() - kept.profit).abs() < 1e-6, "{store}");
        assert!((reading(Indicator::RetentionCost).of.unwrap()[0] - kept.cost).abs() < 1e-6, "{store}");
        let source = r#"{"cost":500,"rate":0.2,"leads":1000}"#;
        assert_eq!(service.put("/v1/kpis/sources/fair").by(Role::Marketer).json(source).send().status, 201);
        let question = r#"{"budget":100000,"client_value":6000}"#;
        let found = service.post("/v1/kpis/budget").by(Role::Viewer).json(question).send();
        assert_eq!(found.status, 200, "{}", found.text);
        let found = found.json();
        // 200 leads of 5.00 for 1,000.00: 40 clients of 60.00, less what they cost.
        let only = &found["acquisition_only"];
        assert_eq!(only["effect"]["new_clients"].as_f64().unwrap().round(), 40.0, "{store}: {found}");
        assert_eq!(only["effect"]["base_value"].as_f64().unwrap().round(), 140_000.0, "{store}: {found}");
        for choice in found["choices"].as_array().unwrap() {
            for forgone in choice["forgone"].as_object().unwrap().values() {
                assert!(forgone.as_f64().unwrap() >= -1e-6, "{store}: {choice}");
            }
            let own = choice["objective"].as_str().unwrap();
            assert!(choice["forgone"][own].as_f64().unwrap().abs() < 1e-9, "what is chosen is not forgone: {choice}");
        }
        user::create(ws, "viewer@example.com", Role::Viewer, PASSWORD, "test").unwrap();
        let cookie = log_in(service, "viewer@example.com");
        let page = service.get("/prospects?budget=1000").header("cookie", &cookie).send().text;
        for part in ["fair", "value of the base", "keeping only", "Others lose"] {
            assert!(page.contains(part), "{store}: {part} in {page}");
        }
        let page = service.get("/scorecard?retention=5&cost=many").header("cookie", &cookie).send();
        assert_eq!(page.status, 400, "{}", page.text);
        let page = service.get("/scorecard?retention=7").header("cookie", &cookie).send().text;
        assert!(
            page.contains("What if") && page.contains("value=\"7\"") && page.contains("Satisfaction by team"),
            "{store}: {page}"
        );
        service.post("/v1/kpis/budget").by(Role::Viewer).json(r#"{"budget":0}"#).send().problem(422);
        let again = budget::budget(ws, &serde_json::from_str(question).unwrap(), &Silent).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap()["choices"], found["choices"], "{store}: the same again");
    });
}
