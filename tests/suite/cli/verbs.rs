//! Verbs and options are contracts that scripts call.

use super::program::Program;

#[test]
fn help_lists_the_verbs_that_scripts_call() {
    let program = Program::new(None);
    let help = program.done(&["--help"]);
    for verb in [
        "import",
        "train",
        "score",
        "models",
        "segments",
        "customer",
        "erase",
        "history",
        "campaign",
        "experiment",
        "policy",
        "serve",
        "user",
        "key",
        "kpi",
        "work",
        "migrate",
    ] {
        let line = help.out.lines().find(|line| line.trim_start().starts_with(&format!("{verb} ")));
        assert!(line.is_some() || help.out.lines().any(|line| line.trim() == verb), "{verb} in\n{}", help.out);
    }
    let campaign = program.done(&["campaign", "--help"]).out;
    for verb in ["apply", "plan", "approve", "run", "pause", "resume", "cancel", "results"] {
        assert!(campaign.contains(&format!("\n  {verb} ")), "{verb} in\n{campaign}");
    }
    assert!(!program.data().exists(), "help makes nothing");
    assert!(program.done(&["--version"]).out.starts_with("vizavi "));
}

#[test]
fn experiments_are_analysed_offline() {
    let program = Program::new(None);
    let file = program
        .file("stats.json", r#"[{"id": "x", "kind": "srm", "inputs": {"users": [500, 500], "weights": [1, 1]}}]"#);
    let answer = program.done(&["experiment", "analyse", &file]).json();
    assert_eq!((answer[0]["id"].as_str(), answer[0]["result"]["p_value"].as_f64()), (Some("x"), Some(1.0)));
    let broken = program.file("broken.json", "{\n  \"id\": 1,\n  \"kind\" \"mean\"\n}");
    let said = program.call(&["experiment", "analyse", &broken]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("broken.json:3:"), "{}", said.err);
}

#[test]
fn migrate_brings_the_schema_once() {
    for (store, program) in Program::on_both_stores() {
        let applied = program.done(&["migrate", "--json"]).json();
        assert!(applied.as_array().unwrap().iter().any(|name| name == "060_jobs"), "{store}: {applied}");
        assert_eq!(program.done(&["migrate", "--json"]).json(), serde_json::json!([]), "{store}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let program = Program::new(None);
    program.done(&["migrate"]);
    let mut child = program.start(super::program::TEN, &["campaign", "list"]);
    drop(child.stdout.take());
    assert_eq!(super::program::finished(child).code, Some(0));
}
