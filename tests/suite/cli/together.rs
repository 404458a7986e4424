//! Several campaigns that decide together: planned, run, and started by their schedules.

use std::collections::BTreeSet;

use serde_json::Value;
use vizavi::campaigns::store;

use super::company::definition;
use super::loop_closed::assert_each_once;
use super::program::{Program, TEN};

const NINE: &str = "2026-06-01T09:00:00Z";
const SCHEDULE: &str = "[schedule]\ncron = \"0 10 * * *\"\nzone = \"UTC\"\n";

/// A second campaign beside win-back, for the same clients with an offer of its own.
fn with_second(program: &Program, at: &str, more: &str) {
    let offer = "name,title,percent,base_rate\nfive-off,5 % off,5,0.25\n";
    program.done_at(at, &["import", "offers", &program.file("five.csv", offer)]);
    let spring = definition(more).replace("\"win-back\"", "\"spring\"").replace("ten-off", "five-off");
    program.done_at(at, &["campaign", "apply", &program.campaign("spring", &spring)]);
    program.done_at(at, &["campaign", "plan", "spring"]);
    program.done_at(at, &["campaign", "approve", "spring"]);
}

fn of<'a>(found: &'a Value, list: &str, campaign: &str) -> &'a Value {
    let all = found[list].as_array().unwrap();
    all.iter().find(|one| one["campaign"] == campaign).unwrap_or_else(|| panic!("no {campaign} in {found}"))
}

#[test]
fn each_client_is_left_to_one_campaign_and_all_of_them_start_or_none() {
    for (store, program) in Program::on_both_stores() {
        program.ready(300, "");
        with_second(&program, TEN, "priority = \"low\"");
        let states = || program.done(&["campaign", "list", "--json"]).out;
        let before = states();
        let plan = program.done(&["campaign", "plan", "win-back", "spring", "--json"]).json();
        assert_eq!(before, states(), "{store}: nothing is kept");
        let (first, second) = (of(&plan, "campaigns", "win-back"), of(&plan, "campaigns", "spring"));
        assert_eq!((&first["priority"], &second["priority"]), (&"normal".into(), &"low".into()), "{store}");
        assert!(plan["value"].as_f64().unwrap() <= plan["bound"].as_f64().unwrap() + 1.0, "{store}: {plan}");
        assert!(plan["gap"].as_f64().unwrap() < 0.01, "{store}: {plan}");
        assert!(second["left_to_others"].as_u64().unwrap() > 0, "{store}: the low one takes what is left: {second}");
        assert_eq!(first["left_to_others"], 0, "{store}: the other one chooses first");

        let wrong = program.call(&["campaign", "run", "win-back", "nobody", "--json"]);
        assert_ne!(wrong.code, Some(0), "{store}");
        assert_eq!(before, states(), "{store}: all of them, or none");
        assert_eq!(program.call(&["campaign", "plan", "win-back", "spring", "--limit", "budget=1"]).code, Some(2));
        assert_eq!(
            program.call(&["campaign", "run", "win-back", "win-back"]).code,
            Some(2),
            "{store}: one is not several"
        );

        let ran = program.done(&["campaign", "run", "win-back", "spring", "--json"]).json();
        let contacts = |name: &str| of(&ran, "runs", name)["forecast"]["contacts"].as_u64().unwrap();
        let (first, second) = (contacts("win-back"), contacts("spring"));
        assert!(first > 0 && first + second == plan["contacts"].as_u64().unwrap(), "{store}: {first} {second}");
        let recipients = program.recipients();
        assert_eq!(recipients.len() as u64, first + second, "{store}");
        assert_each_once(store, &recipients);

        let calendar = program.done(&["campaign", "calendar", "--json"]).json();
        let today = calendar["days"].as_array().unwrap().iter().find(|day| day["date"] == "2026-06-01").unwrap();
        assert_eq!(today["contacts"]["win-back"].as_u64(), Some(first), "{store}: {today}");
        assert_eq!(today["total"].as_u64(), Some(first + second), "{store}: {today}");
        let clients: i64 = calendar["clients"].as_object().unwrap().values().map(|count| count.as_i64().unwrap()).sum();
        assert_eq!(clients, 300, "{store}");
    }
}

#[test]
fn runs_that_are_due_at_once_are_decided_together() {
    for (kind, program) in Program::on_both_stores() {
        program.ready_at(NINE, 300, SCHEDULE);
        with_second(&program, NINE, SCHEDULE);
        let calendar = program.done_at(NINE, &["campaign", "calendar", "--json"]).json();
        let expected: BTreeSet<&String> = (calendar["days"].as_array().unwrap().iter())
            .flat_map(|day| day["expected"].as_object().unwrap().keys())
            .collect();
        assert_eq!(expected.len(), 2, "{kind}: both are to come: {calendar}");
        let workers: Vec<_> = (0..2).map(|_| program.start(TEN, &["work", "--once", "--json"])).collect();
        for worker in workers {
            let said = super::program::finished(worker);
            assert_eq!(said.code, Some(0), "{kind}: {}{}", said.out, said.err);
        }
        // One worker may have started both while the other one asked again a moment later.
        program.done_at("2026-06-01T10:30:00Z", &["work", "--once"]);
        assert_each_once(kind, &program.recipients());
        let summaries = program.workspace().store().read(|conn| {
            let of = |conn: &mut _, name: &str| {
                let campaign = store::by_name(conn, name)?;
                store::runs(conn, campaign.id)
            };
            Ok([of(conn, "win-back")?, of(conn, "spring")?])
        });
        let summaries = summaries.unwrap();
        assert!(summaries.iter().all(|runs| runs.len() == 1), "{kind}: one run each: {summaries:?}");
        let left = summaries.iter().flatten().filter(|run| run.summary.contains("other_campaign"));
        assert!(left.count() > 0, "{kind}: who is wanted by both is left to one of them");
    }
}
