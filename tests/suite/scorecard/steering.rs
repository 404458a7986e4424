//! Targets, goals and series: versions, faults, the audit; from REST, the command line and the console.

use serde_json::json;
use vizavi::clock::DAY;
use vizavi::operations::access::Role;
use vizavi::progress::Silent;
use vizavi::reports::profit::kept;

use super::recomputed::base_value;
use crate::api::service::Service;
use crate::cli::program::Program;
use crate::console::{form_token, log_in};

/// A few clients with orders, and a scorecard that was made.
fn made(service: &Service) {
    for client in 0..6 {
        for days in [10, 200, 400] {
            let at = service.ws.now().plus(-(days + client) * DAY);
            let order = json!({ "customer": format!("C-{client}"), "order": format!("O-{client}-{days}"), "occurred_at": at,
                "items": [{ "sku": "A", "quantity": 1, "amount": 5_000 }] });
            let answer = service.post("/v1/orders").by(Role::Ingest).json(&order.to_string()).send();
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
    kept::refresh(&service.ws, &Silent).unwrap();
}

fn line<'a>(card: &'a serde_json::Value, indicator: &str) -> &'a serde_json::Value {
    let lines = card["indicators"].as_array().unwrap();
    lines.iter().find(|line| line["indicator"] == indicator).unwrap()
}

#[test]
fn a_target_has_a_version_an_owner_and_a_status_and_stands_in_the_audit() {
    Service::on_both_stores(|service| {
        service.get("/v1/kpis/scorecard").by(Role::Viewer).send().problem(404);
        made(service);
        let card = service.get("/v1/kpis/scorecard").by(Role::Viewer).send().json();
        assert_eq!(line(&card, "retention_rate")["status"], "no_target");
        assert_eq!(line(&card, "retention_rate")["value"], 1.0);
        let target = r#"{"value":0.8,"owner":"Anna"}"#;
        let put = |body: &str| service.put("/v1/kpis/targets/retention_rate").by(Role::Marketer).json(body);
        let first = put(target).send();
        assert_eq!((first.status, first.header("etag")), (201, Some("\"1\"")), "{}", first.text);
        put(target).send().problem(428);
        put(target).header("if-match", "\"3\"").send().problem(412);
        // Points are not percent: a share is a part of 1.
        let wrong = put(r#"{"value":80,"owner":"Anna"}"#).header("if-match", "\"1\"").send().problem(422);
        assert!(wrong.to_string().contains("65 % is 0.65"), "{wrong}");
        service.put("/v1/kpis/targets/fame").by(Role::Marketer).json(target).send().problem(422);
        service.put("/v1/kpis/targets/retention_rate").by(Role::Viewer).json(target).send().problem(403);
        let market = json!({ "source": "a panel", "points": [{ "at": "2025-06-30", "value": 0.7 }, { "at": "2025-12-31", "value": 0.75 }] });
        let path = "/v1/kpis/series/market/retention_rate";
        assert_eq!(service.put(path).by(Role::Marketer).json(&market.to_string()).send().status, 201);
        let goal = json!({ "title": "Regulars stay", "indicator": "retention_rate", "owner": "Anna", "review_at": "2026-01-01",
            "actions": [{ "title": "calls", "budget": 5_000, "owner": "Boris", "review_at": "2026-03-01" }] });
        assert_eq!(service.put("/v1/kpis/goals/keep").by(Role::Marketer).json(&goal.to_string()).send().status, 201);
        let objective = r#"{"objective":"base_value"}"#;
        let chosen = service.put("/v1/kpis/objective").by(Role::Marketer).json(objective).send();
        assert_eq!(chosen.status, 201, "{}", chosen.text);

        let card = service.get("/v1/kpis").by(Role::Viewer).send().json()["scorecard"].clone();
        let kept = line(&card, "retention_rate");
        assert_eq!((&kept["status"], &kept["target"]["owner"]), (&json!("met"), &json!("Anna")));
        let other = &kept["others"][0];
        assert_eq!((&other["subject"], &other["points"][1]["value"]), (&json!("market"), &json!(0.75)));
        assert_eq!(other["difference"], 0.25);
        assert_eq!(card["objective"], "base_value");
        assert_eq!((&card["overdue"][0]["goal"], &card["overdue"][0]["days"]), (&json!("keep"), &json!(32)));
        assert!(service.get("/metrics").send().text.contains("vizavi_reviews_overdue 1\n"));
        let reviewed = service
            .post("/v1/kpis/goals/keep/reviews")
            .by(Role::Marketer)
            .json(r#"{"next":"2026-06-01","note":"on course"}"#);
        assert_eq!(reviewed.send().status, 200);
        assert_eq!(service.get("/v1/kpis/overdue").by(Role::Viewer).send().json()["items"], json!([]));
        let audit = service.get("/v1/audit").by(Role::Admin).send().text;
        for action in ["target.put", "series.put", "goal.put", "goal.review", "objective.put"] {
            assert!(audit.contains(action), "{action}: {audit}");
        }
        // Another instant is made afresh; one still to come is refused.
        let earlier = service.get("/v1/kpis/scorecard?at=2025-10-01").by(Role::Viewer).send().json();
        assert_eq!(line(&earlier, "new_clients")["value"], 6.0, "{earlier}");
        service.get("/v1/kpis/scorecard?at=2027-01-01").by(Role::Viewer).send().problem(422);
    });
}

#[test]
fn the_page_shows_figures_and_takes_targets_and_reviews() {
    let service = Service::new().with_user(Role::Marketer);
    let cookie = log_in(&service, "marketer@example.com");
    let page = || service.get("/scorecard").header("cookie", &cookie).send();
    assert!(page().text.contains("No scorecard has been made yet"));
    made(&service);
    let goal = json!({ "title": "Regulars stay <b>", "indicator": "retention_rate", "owner": "Anna", "review_at": "2026-01-01", "actions": [] });
    assert_eq!(service.put("/v1/kpis/goals/keep").by(Role::Marketer).json(&goal.to_string()).send().status, 201);
    let text = page().text;
    assert!(
        text.contains("Retention rate") && text.contains("100.0 %") && text.contains("Reviews are overdue"),
        "{text}"
    );
    assert!(text.contains("Regulars stay &lt;b&gt;") && !text.contains("Regulars stay <b>"));
    let token = form_token(&text);
    let post = |fields: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> =
            [("form_token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        service.post("/scorecard").header("cookie", &cookie).form(&all).send()
    };
    let set = post(&[("indicator", "retention_rate"), ("value", "65"), ("owner", "Anna"), ("version", "0")]);
    assert_eq!(set.status, 303, "{}", set.text);
    let stale = post(&[("indicator", "retention_rate"), ("value", "70"), ("owner", "Anna"), ("version", "0")]);
    assert_eq!(stale.status, 422, "somebody else was faster");
    assert_eq!(
        post(&[("indicator", "retention_rate"), ("value", "many"), ("owner", "A"), ("version", "1")]).status,
        422
    );
    assert_eq!(post(&[("action", "review"), ("goal", "keep"), ("next", "2026-09-01"), ("note", "fine")]).status, 303);
    let text = page().text;
    assert!(text.contains("65.0 %") && text.contains(">met<") && !text.contains("Reviews are overdue"), "{text}");
}

#[test]
fn a_file_is_applied_whole_or_not_at_all_and_shown_as_it_was() {
    Program::on_both_stores().iter().for_each(|(_, program)| file_of(program));
}

fn file_of(program: &Program) {
    program.import_company(60);
    let text = "objective = \"clients_kept\"\n\n[[targets]]\nindicator = \"retention_rate\"\nvalue = 0.9\nowner = \"Anna\"\n\n\
        [[goals]]\nname = \"keep\"\ntitle = \"Regulars stay\"\nindicator = \"retention_rate\"\nowner = \"Anna\"\nreview_at = \"2020-01-01\"\n";
    let file = program.file("kpis.toml", text);
    let done = program.done(&["kpi", "apply", &file, "--json"]).json();
    assert_eq!(done["changed"].as_array().unwrap().len(), 3, "{done}");
    assert_eq!(program.done(&["kpi", "apply", &file, "--json"]).json()["unchanged"], 3);
    let bad = program.file("bad.toml", &text.replace("0.9", "90"));
    let refused = program.call(&["kpi", "apply", &bad]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("targets[0].value"), "{}", refused.err);
    let csv = program.file("market.csv", "day,rate\n2025-12-31,71.5\n2025-06-30,70\n");
    program.done(&[
        "kpi",
        "series",
        &csv,
        "--subject",
        "market",
        "--indicator",
        "retention_rate",
        "--source",
        "panel",
        "--at",
        "day",
        "--value",
        "rate",
        "--times",
        "0.01",
    ]);
    let shown = program.done(&["kpi", "show"]).out;
    let again = program.file("again.toml", &shown);
    assert_eq!(program.done(&["kpi", "apply", &again, "--json"]).json()["changed"], json!([]), "{shown}");
    let kpi = program.done(&["kpi", "--json"]).json();
    let kept = line(&kpi["scorecard"], "retention_rate");
    assert_eq!(kept["others"][0]["points"][1]["value"], 0.715, "{kept}");
    assert_eq!(kpi["scorecard"]["objective"], "clients_kept");
    let words = program.done(&["kpi"]).out;
    assert!(words.contains("Retention rate") && words.contains("overdue: the review of keep"), "{words}");
    assert!(program.done(&["kpi", "definitions"]).out.contains("retention_rate\n  clients active at the opening"));
    program.done(&["kpi", "review", "keep", "--next", "2030-01-01", "--note", "fine"]);
    assert!(!program.done(&["kpi"]).out.contains("overdue"));
}

#[test]
fn the_value_of_the_base_is_what_scores_add_up_to() {
    let program = Program::new(None);
    program.import_company(400);
    program.done(&["train", "lifetime"]);
    program.done(&["score"]);
    let kpi = program.done(&["kpi", "--json"]).json();
    let shown = line(&kpi["scorecard"], "base_value").clone();
    let ws = program.workspace();
    let again = base_value(&ws);
    assert!(again > 0.0 && shown["value"].as_f64() == Some(again), "{shown} {again}");
    assert_eq!(shown["trend"]["points"].as_array().unwrap().len(), 1);
}
