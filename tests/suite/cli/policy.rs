//! The value of the current policy on decisions that were drawn at random.

use std::fmt::Write;

use super::program::Program;
use vizavi::random::Stream;

/// Two offers, drawn evenly: the young take `a`, the old take `b`; a taken offer brings 10.00.
fn logged(count: usize) -> String {
    let mut stream = Stream::new(3, "logged");
    let mut text =
        String::from("customer_id,occurred_at,decision_id,offer,channel,propensity,arm,converted,value,age\n");
    for i in 0..count {
        let age = 20 + stream.below(50);
        let offer = ["a", "b"][stream.below(2)];
        let likes = if (age < 45) == (offer == "a") { 0.5 } else { 0.1 };
        let converted = u8::from(stream.uniform() < likes);
        let value = if converted == 1 { "10.00" } else { "0.00" };
        writeln!(text, "C{i},2026-05-01,D{i},{offer},app,0.5,explore,{converted},{value},{age}").unwrap();
    }
    text
}

const MAPPING: &str = "[defaults]\nsource = \"log\"\n\n[[record]]\ntarget = \"decisions\"\n\n[record.fields]\n\
    customer = \"customer_id\"\noccurred_at = \"occurred_at\"\ndecision_key = \"decision_id\"\nfact_key = \"decision_id\"\n\
    offer = \"offer\"\nchannel = \"channel\"\npropensity = \"propensity\"\narm = \"arm\"\nconverted = \"converted\"\n\
    value = \"value\"\n\n[record.context]\nage = \"age\"\n";

#[test]
fn the_policy_beats_what_was_drawn_and_what_suits_most() {
    let program = Program::new(None);
    let none = program.call(&["policy", "evaluate"]);
    assert_eq!(none.code, Some(2), "no workspace yet");
    let file = program.file("log.csv", &logged(4_000));
    program.done(&["import", "decisions", &file, "--mapping", &program.file("log.toml", MAPPING)]);
    let value = program.done(&["policy", "evaluate", "--json"]).json();
    assert_eq!(value["decisions"], 4_000);
    let estimate = |of: &str| value["evaluation"][of]["estimate"].as_f64().unwrap();
    // True values a decision: drawn 3.00, the policy 5.00; their standard errors are about 0.08 and 0.15.
    assert!((estimate("logged") - 300.0).abs() < 35.0, "{value}");
    assert!((estimate("ips") - 500.0).abs() < 60.0 && (estimate("dr") - 500.0).abs() < 50.0, "{value}");
    for offer in value["offers"].as_array().unwrap() {
        assert!(offer["for_everybody"]["estimate"].as_f64().unwrap() < 400.0, "{offer}");
        assert!((0.3..0.7).contains(&offer["share"].as_f64().unwrap()), "{offer}");
    }
    assert_eq!(value["gate"]["serves"], true);
    assert_eq!(value["comparison"]["winner"], "the policy", "{}", value["comparison"]);
    let told = program.done(&["policy", "evaluate"]).out;
    assert!(told.contains("may serve") && told.contains("the policy is better than every other"), "{told}");
}
