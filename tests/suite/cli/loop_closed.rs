//! The whole loop by the command line alone: files in, models, a campaign planned, approved, run, and measured.

use super::company::definition;
use super::program::{Program, TEN};

#[test]
fn a_company_without_history_is_told_what_is_missing() {
    let program = Program::new(None);
    program.done(&["migrate"]);
    let all = program.done(&["train"]);
    assert!(all.out.contains("churn: not trained") && all.out.contains("import some first"), "{}", all.out);
    let named = program.call(&["train", "churn"]);
    assert_eq!(named.code, Some(1));
    assert!(named.err.contains("not trained: churn"), "{}", named.err);
}

#[test]
fn win_back_from_files_to_results() {
    for (store, program) in Program::on_both_stores() {
        program.import_company(200);
        let trained = program.done(&["train", "--json"]).json();
        let names: Vec<&str> = trained.as_array().unwrap().iter().filter_map(|model| model["name"].as_str()).collect();
        assert_eq!(names, ["churn", "lifetime", "response", "retention", "rfm", "segments"], "{store}");
        assert!(program.done(&["score"]).out.starts_with("200 customers, 200 of them"), "{store}");
        assert!(program.done(&["models", "show", "churn"]).out.contains("# Model `churn`"), "{store}");
        assert!(program.done(&["segments", "list"]).out.lines().count() > 2, "{store}");

        let folder = program.campaign("win-back", &definition(""));
        program.done(&["campaign", "apply", &folder]);
        let again = program.done(&["campaign", "apply", &folder]);
        assert!(again.out.contains("nothing changed"), "{store}: {}", again.out);
        let early = program.call(&["campaign", "run", "win-back"]);
        assert_eq!((early.code, early.err.contains("approve the campaign first")), (Some(1), true), "{store}");
        let plan = program.done(&["campaign", "plan", "win-back"]).out;
        for part in
            ["200  audience", "no_consent 20", "proven gap", "The holdout (", "| Subject: Ann", "ten-off by email"]
        {
            assert!(plan.contains(part), "{store}: `{part}` in\n{plan}");
        }
        program.done(&["campaign", "approve", "win-back"]);
        let run = program.done(&["campaign", "run", "win-back", "--occasion", "june", "--json"]).json();
        let sum = &run["reconciliation"];
        assert!(sum["planned"].as_i64() > Some(50), "{store}: {sum}");
        assert_eq!((&sum["planned"], sum["open"].as_i64()), (&run["sending"]["sent"], Some(0)), "{store}: {sum}");
        let recipients = program.recipients();
        assert_eq!(Some(recipients.len() as i64), sum["sent"].as_i64(), "{store}");
        assert_each_once(store, &recipients);

        let twice = program.call(&["campaign", "run", "win-back", "--occasion", "june"]);
        assert_eq!((twice.code, twice.err.contains("has had its run")), (Some(1), true), "{store}: {}", twice.err);
        closes(store, &program);
    }
}

/// Some of them buy; after the window the run is closed by a job, and its results are final.
fn closes(store: &str, program: &Program) {
    let mut orders = String::from("customer_id,occurred_at,order_id,sku,quantity,amount\n");
    for i in (0..200).step_by(3) {
        orders += &format!("C{i},2026-06-05T12:00:00Z,N{i},s1,1,40.00\n");
    }
    program.done(&["import", "orders", &program.file("june.csv", &orders)]);
    let later = "2026-06-20T10:00:00Z";
    program.done_at(later, &["work", "--once"]);
    let results = program.done_at(later, &["campaign", "results", "win-back", "--json"]).json();
    let run = &results["runs"][0];
    assert_eq!((run["is_final"].as_bool(), run["occasion"].as_str()), (Some(true), Some("june")), "{store}");
    let converted: i64 = run["arms"].as_array().unwrap().iter().filter_map(|arm| arm["converted"].as_i64()).sum();
    assert_eq!(converted, 67, "{store}: every third customer bought");
    let words = program.done_at(later, &["campaign", "results", "win-back"]).out;
    assert!(words.contains("(final)") && words.contains("p-value") && words.contains("Planned "), "{store}: {words}");
    let trained = program.done_at(later, &["train", "response", "--json"]).json();
    let learned =
        trained[0]["metrics"]["trained"].as_i64().unwrap() + trained[0]["metrics"]["judged"].as_i64().unwrap();
    assert_eq!(learned, 200, "{store}: the decisions have re-entered history with their outcomes");
    let story = program.done_at(later, &["customer", "C3"]).out;
    assert!(story.contains("order N3") && story.contains("decision"), "{store}: {story}");
    assert!(TEN < later);
}

/// Nobody stands in the list twice.
pub fn assert_each_once(store: &str, recipients: &[String]) {
    let twice: Vec<&String> = recipients.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "{store}: two messages to {twice:?}");
}
