//! Variants over offers and hours, weights that move, and weights that are changed.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::Role;

use super::{decisions, drawn, get, order, run, subject, trying, work};
use crate::api::service::Service;
use crate::real_time::shop::{later, offer, settings, shop};

#[test]
fn a_variant_makes_its_own_offers_at_its_own_hours() {
    let variants = json!([
        { "name": "a", "weight": 1, "offers": ["ten"] },
        { "name": "b", "weight": 1, "offers": ["five"], "hours": [15], "decides": "rates" },
    ]);
    let more = json!({ "experiments": [{ "name": "subject", "variants": variants, "goal": "profit" }] });
    let offers = [offer("ten", 0.5, json!({})), offer("five", 0.4, json!({}))];
    let service = shop(None, settings(), &offers, (more, json!({})), 80);
    run(&service, "june");
    let mut seen = [0, 0];
    for (id, decision) in decisions(&service, 80) {
        let Some(made) = decision["offer"].as_str() else { continue };
        let variant = drawn(&id);
        assert_eq!(made, if variant == "a" { "ten" } else { "five" }, "{id}");
        if variant == "b" {
            assert!(decision["slot_from"].as_str().unwrap().contains("T15:"), "{decision}");
        }
        seen[usize::from(variant == "b")] += 1;
    }
    assert!(seen.iter().all(|&seen| seen > 25), "{seen:?}");
    let results = get(&service, "/v1/experiments/now:subject/results");
    let experiment = &results["runs"][0]["experiment"];
    assert_eq!((&experiment["population"], &experiment["goal"]), (&json!("assigned"), &json!("profit")));
}

fn weights(service: &Service) -> Vec<(String, f64)> {
    let arms = get(service, "/v1/experiments/now:subject")["arms"].as_array().unwrap().clone();
    arms.iter().map(|arm| (arm["name"].as_str().unwrap().to_owned(), arm["share"].as_f64().unwrap())).collect()
}

#[test]
fn moving_weights_follow_matured_outcomes_keep_the_floor_and_are_logged() {
    for url in [None, crate::support::postgres::database()] {
        let service = trying(url.as_deref(), 0.0, subject(json!({ "allocation": "thompson", "floor": 0.05 })), 320);
        run(&service, "june");
        let b: Vec<String> = decisions(&service, 320)
            .into_iter()
            .filter(|(_, decision)| decision["variant"] == "b")
            .map(|(id, decision)| {
                assert_eq!(decision["variant_propensity"], json!(0.5), "{decision}");
                id
            })
            .collect();
        order(&service, "first", b.into_iter().step_by(3));
        assert!((weights(&service)[1].1 - 0.5).abs() < 1e-9, "outcomes are not matured yet");
        later(&service, 10 * DAY);
        work(&service);
        let moved = weights(&service);
        assert!(moved[1].1 > 0.9 && (moved[0].1 - 0.05).abs() < 0.01, "b is better: {moved:?}");
        later(&service, 20 * DAY);
        run(&service, "july");
        let of_b = decisions(&service, 320).values().filter(|decision| decision["variant"] == "b").count();
        assert!(of_b > 250, "{of_b}");
        let results = get(&service, "/v1/experiments/now:subject/results");
        let across = &results["across_runs"]["comparisons"][0]["effect"]["Ok"];
        assert_eq!(across["periods"], 2, "{across}");
        assert!(across["stratified"]["point_estimate"].as_f64().is_some(), "{across}");
        let periods = get(&service, "/v1/experiments/now:subject")["periods"].as_array().unwrap().clone();
        assert_eq!(periods.len(), 4, "two runs of two variants");
        assert!(periods[0]["units"].as_i64() > Some(100) && periods[2]["units"].is_null(), "{periods:?}");
    }
}

/// Who changes when weights change from even to 70 : 30.
#[test]
fn other_weights_move_as_few_customers_as_they_can() {
    let service = trying(None, 0.0, subject(json!({})), 0);
    let before = get(&service, "/v1/experiments/now:subject")["assignment"]["variants"].clone();
    assert_eq!(before, json!([[5_000, "a"], [10_000, "b"]]));
    let shown = get(&service, "/v1/campaigns/now");
    let mut folder = shown["folder"].clone();
    folder["spec"]["experiments"][0]["variants"] =
        json!([{ "name": "a", "weight": 3 }, { "name": "b", "weight": 7, "template": "a" }]);
    let answer =
        service.put("/v1/campaigns/now").by(Role::Admin).header("if-match", "*").json(&folder.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let after: Value = get(&service, "/v1/experiments/now:subject")["assignment"]["variants"].clone();
    assert_eq!(after, json!([[3_000, "a"], [10_000, "b"]]), "two thousand of ten thousand change");
}
