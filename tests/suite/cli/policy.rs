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

/// Half of the customers have bought five times before the decision, the others once; afterwards it is the other way round. Whoever
/// had bought often takes the offer.
fn orders_and_silent_log(customers: usize) -> (String, String) {
    let mut stream = Stream::new(5, "silent");
    let mut orders = String::from("customer_id,order_id,occurred_at,sku,quantity,amount\n");
    let mut log =
        String::from("customer_id,occurred_at,decision_id,offer,channel,propensity,arm,converted,value,age\n");
    for i in 0..customers {
        let (before, after) = if i % 2 == 0 { (5, 1) } else { (1, 5) };
        for n in 0..before {
            writeln!(orders, "C{i},O{i}-{n},2026-0{}-1{}T10:00:00Z,A,1,20.00", 1 + n % 4, i % 9).unwrap();
        }
        for n in 0..after {
            writeln!(orders, "C{i},P{i}-{n},2026-05-2{}T10:00:00Z,A,1,20.00", n + 1).unwrap();
        }
        let (offered, likes) = (stream.uniform() < 0.7, if i % 2 == 0 { 0.5 } else { 0.1 });
        let offer = if offered { "a" } else { "none" };
        let converted = u8::from(stream.uniform() < if offered { likes } else { 0.05 });
        let p = if offered { 0.7 } else { 0.3 };
        let day = 1 + i * 14 / customers;
        writeln!(log, "C{i},2026-05-{day:02},D{i},{offer},app,{p},explore,{converted},0.00,").unwrap();
    }
    (orders, log)
}

#[test]
fn what_a_log_does_not_say_of_a_customer_is_looked_up_as_of_then() {
    let program = Program::new(None);
    let (orders, log) = orders_and_silent_log(3_000);
    program.done(&["import", "orders", &program.file("orders.csv", &orders)]);
    let file = program.file("log.csv", &log);
    program.done(&["import", "decisions", &file, "--mapping", &program.file("log.toml", MAPPING)]);
    let trained = program.done(&["train", "response", "--json"]).json();
    let auc = trained[0]["metrics"]["auc"].as_f64().unwrap_or_else(|| panic!("{trained}"));
    // As of the decisions those who bought often are the better half; as of today they would be the worse one.
    assert!((0.66..0.85).contains(&auc), "{auc}");
    let card = program.done(&["models", "show", "response"]).out;
    assert!(card.contains("freq"), "{card}");
}
