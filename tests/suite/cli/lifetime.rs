//! Lifetime value from outside: import, train, show, score, one customer.

use super::program::Program;
use crate::import::{mapping, shared};

/// Nine months after the calibration of the literature ends, when the sample ends.
const END: &str = "1998-07-01T00:00:00Z";

fn near(found: &serde_json::Value, pointer: &str, published: f64, tolerance: f64) {
    let value = found.pointer(pointer).and_then(serde_json::Value::as_f64);
    let value = value.unwrap_or_else(|| panic!("no {pointer} in {found}"));
    assert!((value - published).abs() <= tolerance, "{pointer}: {value} is not {published}");
}

/// Fader, Hardie and Lee 2005, Fader and Hardie 2013, and what the Python peers find (`reference/models.md`).
#[test]
fn cdnow_imported_trained_and_shown_is_as_published() {
    let Some(file) = shared("cdnow/CDNOW_sample.txt") else { return };
    Program::on_both_stores().iter().for_each(|(_, program)| cdnow(program, &file));
}

fn cdnow(program: &Program, file: &std::path::Path) {
    let (file, mapping) = (file.display().to_string(), mapping("cdnow.toml").unwrap().display().to_string());
    program.done_at(END, &["import", "orders", &file, "--mapping", &mapping]);
    // The spec as it comes fits on the first half of history and judges on the second: the split of the literature.
    program.done_at(END, &["train", "lifetime"]);
    let shown = program.done_at(END, &["models", "show", "lifetime", "--json"]).json();
    assert_eq!(shown["parameters"]["calibration"]["as_of"], "1997-10-01T00:00:00Z", "{shown}");
    let of = |path: &str| format!("/parameters/calibration/{path}");
    for (name, value) in [("r", 0.2426), ("alpha", 4.4136), ("a", 0.7929), ("b", 2.4259)] {
        near(&shown, &of(&format!("bg_nbd/{name}")), value, 1e-4);
    }
    near(&shown, &of("bg_nbd/log_likelihood"), -9582.43, 0.01);
    for (name, value) in [("r", 0.5248), ("alpha", 6.1831), ("a", 0.8914), ("b", 1.614)] {
        near(&shown, &of(&format!("mbg_nbd/{name}")), value, 1e-3);
    }
    for (name, value, tolerance) in [("p", 6.250, 0.001), ("q", 3.744, 0.001), ("v", 15.44, 0.01)] {
        near(&shown, &of(&format!("gamma_gamma/{name}")), value, tolerance);
    }
    near(&shown, &of("gamma_gamma/log_likelihood"), -4055.92, 0.01);

    let figure = |pointer: &str| shown["metrics"].pointer(pointer).and_then(serde_json::Value::as_f64).unwrap();
    near(&shown, "/metrics/candidates/bg_nbd/mae", 0.7855, 1e-4);
    near(&shown, "/metrics/candidates/bg_nbd/rmse", 1.6080, 1e-4);
    near(&shown, "/metrics/candidates/bg_nbd/predicted", 1653.4, 0.1);
    near(&shown, "/metrics/candidates/bg_nbd/actual", 1882.0, 0.0);
    near(&shown, "/metrics/candidates/mbg_nbd/mae", 0.7648, 1e-4);
    near(&shown, "/metrics/candidates/pareto_nbd/mae", 0.7545, 1e-4);
    assert!(figure("/candidates/bg_nbd/mae") <= 0.786 && figure("/candidates/bg_nbd/auc") >= 0.772);
    assert_eq!(shown["metrics"]["chosen"], "pareto_nbd");
    assert!(figure("/mae") < figure("/candidates/bg_nbd/mae") && figure("/auc") >= 0.772);
    // Revenue of the peer: MAE 30.408 with BG/NBD.
    assert!(figure("/value/mae") < 30.5, "{}", shown["metrics"]["value"]);
    assert!(figure("/value/coverage_of_active") > 0.7, "{}", shown["metrics"]["value"]);
    assert_eq!((shown["status"].as_str(), shown["verdict"]["passed"].as_bool()), (Some("champion"), Some(true)));

    program.done_at(END, &["score"]);
    let story = program.done_at(END, &["customer", "0001", "--json"]);
    let lifetime = &story.json()["lifetime"];
    let money = |name: &str| lifetime[name].as_i64().unwrap();
    let predicted = lifetime["predicted"]["expected"].as_i64().unwrap();
    assert_eq!(money("total"), money("historic") + predicted, "{lifetime}");
    assert!(lifetime["predicted"]["low"].as_i64().unwrap() <= predicted, "{lifetime}");
    assert!(lifetime["next_order"]["at"].as_str().unwrap() > END, "{lifetime}");
    // Bought on 1997-01-01, 01-18, 08-02 and 12-12; the own gaps make the silence until July too long.
    let stage = &story.json()["stage"];
    assert!(["at_risk", "lapsed"].contains(&stage["stage"].as_str().unwrap()), "{stage}");
    let since = stage["since"].as_str().unwrap();
    assert!(("1997-12-12".."1998-07-01").contains(&since), "{stage}");
    assert!(story.json()["entries"].as_array().unwrap().iter().any(|entry| entry["kind"] == "stage"));
    // Later, scored again: whoever has lapsed since did so on a day of its own, between the two scorings.
    program.done_at("1999-07-01T00:00:00Z", &["score"]);
    let later = program.done_at("1999-07-01T00:00:00Z", &["customer", "0001", "--json"]).json();
    assert_eq!(later["stage"]["stage"], "lapsed");
    assert!(later["stage"]["since"].as_str().unwrap() < "1999-07-01", "{}", later["stage"]);
    // Who objects, or is erased, has neither value nor stage.
    program.done_at("1999-07-01T00:00:00Z", &["erase", "0001"]);
    let left = program.workspace().store().read(vizavi::segments::stage::store::all).unwrap();
    assert_eq!(left.len(), 2_356);
    assert!(story.json()["state"]["scores"].as_str().unwrap().contains("expected_orders"));
}

/// Contracts of 30 days, of which 15 in a hundred are given up at each renewal, and no orders at all.
#[test]
fn contracts_are_valued_without_any_order() {
    Program::on_both_stores().iter().for_each(|(_, program)| contracts(program));
}

fn contracts(program: &Program) {
    let mut text = String::from("customer_id,subscription_id,status,occurred_at,price,period_days\n");
    let mut stream = vizavi::random::Stream::new(3, "contracts");
    let day = |days: i64| {
        let at = vizavi::clock::Timestamp::parse("2025-01-01").unwrap().plus(days * vizavi::clock::DAY);
        at.to_string()[..10].to_owned()
    };
    let mut running = 0;
    for i in 0..3_000 {
        let began = i % 200;
        text += &format!("K{i},S{i},started,{},30.00,30\n", day(began));
        let mut ends = began;
        while stream.uniform() > 0.15 && ends < 400 {
            ends += 30;
        }
        if ends + 30 < 400 {
            text += &format!("K{i},S{i},ended,{},,\n", day(ends + 30));
        } else {
            running = i;
        }
    }
    let file = program.file("contracts.csv", &text);
    let at = "2026-02-05T00:00:00Z";
    program.done_at(at, &["import", "subscriptions", &file]);
    program.done_at(at, &["train", "lifetime"]);
    let shown = program.done_at(at, &["models", "show", "lifetime", "--json"]).json();
    let figure = |pointer: &str| shown.pointer(pointer).and_then(serde_json::Value::as_f64).unwrap();
    let (predicted, actual) = (figure("/metrics/contracts/predicted"), figure("/metrics/contracts/actual"));
    assert!((predicted / actual - 1.0).abs() < 0.25, "{predicted} {actual}");
    // A chance of 0.15 for everybody: the mean of the beta distribution.
    let (alpha, beta) = (figure("/parameters/contracts/whole/alpha"), figure("/parameters/contracts/whole/beta"));
    assert!((alpha / (alpha + beta) - 0.15).abs() < 0.04, "{alpha} {beta}");
    program.done_at(at, &["score"]);
    let lifetime = program.done_at(at, &["customer", &format!("K{running}"), "--json"]).json()["lifetime"].clone();
    assert!(lifetime["predicted"]["expected"].as_i64().unwrap() > 0, "{lifetime}");
    assert_eq!(lifetime["of_contracts"], lifetime["predicted"]["expected"]);
    let kpi = program.done_at(at, &["kpi", "--json"]).json();
    let stages = kpi["stages"]["stages"].as_array().unwrap();
    let in_stage = |name: &str| stages.iter().find(|s| s["stage"] == name).unwrap()["customers"].as_i64().unwrap();
    assert!(in_stage("active") > 0 && in_stage("lapsed") > 1_000 && in_stage("prospect") == 0, "{kpi}");
}
