//! What a plan promises, and what it would promise under other limits. On both stores.

use serde_json::Value;

use super::company::definition;
use super::program::Program;

const LIMITED: &str = "budget = 2_000";

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("a whole number, not {value}"))
}

#[test]
fn a_plan_has_an_interval_its_segments_and_what_more_would_bring_and_questions_keep_nothing() {
    for (store, program) in Program::on_both_stores() {
        program.import_company(300);
        let ages = (0..300).map(|i| format!("C{i},{}\n", if i % 3 == 0 { "old" } else { "young" })).collect::<String>();
        let mapping = "[[record]]\ntarget = \"customers\"\n[record.fields]\ncustomer = \"customer_id\"\n[record.attributes]\nage = \"age\"\n";
        let files = [program.file("ages.csv", &format!("customer_id,age\n{ages}")), program.file("ages.toml", mapping)];
        program.done(&["import", "customers", &files[0], "--mapping", &files[1]]);
        let settings = std::fs::read_to_string(program.path("data/vizavi.toml")).unwrap_or_default();
        program.file("data/vizavi.toml", &format!("protected_attributes = [\"age\"]\n{settings}"));
        program.done(&["train"]);
        program.done(&["score"]);
        program.done(&["campaign", "apply", &program.campaign("win-back", &definition(LIMITED))]);
        let plan = program.done(&["campaign", "plan", "win-back", "--json"]).json();
        let forecast = &plan["forecast"];
        let (profit, promised) = (number(&forecast["profit"]), number(&forecast["promised"]));
        let [least, most] = [0, 1].map(|end| number(&forecast["interval"][end]));
        // Nothing was tried yet: half as much and half more are within one deviation.
        assert!(least < profit && profit < most && profit == promised && profit > 0, "{store}: {forecast}");
        let segments: Vec<&Value> = forecast["by_segment"].as_object().unwrap().values().collect();
        let sum = |key: &str| segments.iter().map(|part| number(&part[key])).sum::<i64>();
        assert_eq!((sum("customers"), sum("contacts")), (300, number(&forecast["contacts"])), "{store}");
        // Cents are rounded segment by segment.
        assert!((sum("profit") - profit).abs() <= segments.len() as i64, "{store}: {forecast}");
        let ages = &plan["disparity"][0];
        let young = ages["groups"].as_array().unwrap().iter().find(|group| group["value"] == "young").unwrap();
        assert!(ages["attribute"] == "age" && number(&young["customers"]) > 150, "{store}: {ages}");
        let contacted = ages["groups"].as_array().unwrap().iter().map(|group| number(&group["contacted"])).sum::<i64>();
        assert_eq!(contacted, number(&forecast["contacts"]), "{store}: one contact each");
        let budget = plan["relaxed"].as_array().unwrap().iter().find(|one| one["limit"] == "budget").unwrap();
        assert_eq!(number(&budget["raised_by"]), 200, "{store}");
        assert!((1..=number(&budget["at_most"]) + 1).contains(&number(&budget["brings"])), "{store}: {budget}");

        let ask = |limits: &[&str]| {
            let arguments = limits.iter().flat_map(|limit| ["--limit", limit]);
            let plan = ["campaign", "plan", "win-back", "--json"];
            program.done(&plan.into_iter().chain(arguments).collect::<Vec<_>>()).json()
        };
        let more = ask(&["budget=2200"]);
        let value = |side: &str| number(&more[side]["proof"]["value"]);
        assert_eq!(value("then") - value("now"), number(&budget["brings"]), "{store}: the same in another way");
        let nothing = ask(&["channel:email=0"]);
        assert_eq!(number(&nothing["then"]["forecast"]["contacts"]), 0, "{store}");
        assert_eq!(-number(&nothing["gain"]), number(&nothing["now"]["forecast"]["profit"]), "{store}");
        let kept = program.done(&["campaign", "plan", "win-back", "--json"]).json();
        assert_eq!(kept["forecast"], plan["forecast"], "{store}: the questions changed nothing");
        let text = program.done(&["campaign", "plan", "win-back", "--limit", "budget=2200"]).out;
        assert!(text.contains("nothing was kept") && text.contains("95 % interval"), "{store}: {text}");

        for (wrong, named) in [
            ("budget=much", "--limit"),
            ("budget=-1", "limits.budget"),
            ("channel:pigeon=1", "no channel `pigeon`"),
            ("stock:gold=1", "no offer `gold`"),
            ("luck=1", "stock:OFFER, share:NAME"),
        ] {
            let said = program.call(&["campaign", "plan", "win-back", "--limit", wrong]);
            assert!(said.code == Some(2) && said.err.contains(named), "{store}: {wrong}: {:?} {}", said.code, said.err);
        }
    }
}
