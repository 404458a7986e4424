//! Several workers, schedules, and a worker that is killed.

use std::time::{Duration, Instant};

use super::loop_closed::assert_each_once;
use super::program::{Program, Said, TEN, finished};

const NINE: &str = "2026-06-01T09:00:00Z";
const SCHEDULE: &str = "[schedule]\ncron = \"0 10 * * *\"\nzone = \"UTC\"\n";

fn sent(said: &Said) -> i64 {
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said.json()["sending"]["sent"].as_i64().unwrap()
}

fn reconciliation(program: &Program, at: &str) -> serde_json::Value {
    let results = program.done_at(at, &["campaign", "results", "win-back", "--json"]).json();
    assert_eq!(results["runs"].as_array().unwrap().len(), 1, "one run: {results}");
    results["runs"][0]["reconciliation"].clone()
}

#[test]
fn two_processes_on_one_store_send_one_campaign_and_nobody_gets_two_messages() {
    for (store, program) in Program::on_both_stores() {
        // A process claims 200 at once, and is slow enough that the other finds something left.
        program.ready(900, "");
        program.file("data/vizavi.toml", "[mail]\nconnections = 1\n");
        program.done(&["campaign", "run", "win-back", "--no-send"]);
        let workers: Vec<_> = (0..2).map(|_| program.start(TEN, &["work", "--once", "--json"])).collect();
        let sums: Vec<i64> = workers.into_iter().map(|worker| sent(&finished(worker))).collect();
        let sum = reconciliation(&program, TEN);
        assert!(sums.iter().all(|&sent| sent > 0), "{store}: one did it all: {sums:?}");
        assert_eq!(Some(sums.iter().sum::<i64>()), sum["planned"].as_i64(), "{store}: {sums:?} {sum}");
        assert_eq!((sum["sent"].as_i64(), sum["open"].as_i64()), (sum["planned"].as_i64(), Some(0)), "{store}: {sum}");
        let recipients = program.recipients();
        assert_eq!(Some(recipients.len() as i64), sum["sent"].as_i64(), "{store}");
        assert_each_once(store, &recipients);
    }
}

#[test]
fn a_scheduled_run_starts_once_with_two_workers() {
    for (store, program) in Program::on_both_stores() {
        program.ready_at(NINE, 200, SCHEDULE);
        assert_eq!(sent(&program.done_at(NINE, &["work", "--once", "--json"])), 0, "{store}: not yet");
        let workers: Vec<_> = (0..2).map(|_| program.start(TEN, &["work", "--once", "--json"])).collect();
        let sums: Vec<i64> = workers.into_iter().map(|worker| sent(&finished(worker))).collect();
        let sum = reconciliation(&program, TEN);
        assert_eq!(Some(sums.iter().sum::<i64>()), sum["sent"].as_i64(), "{store}: {sums:?} {sum}");
        assert_eq!((&sum["sent"], sum["open"].as_i64()), (&sum["planned"], Some(0)), "{store}: {sum}");
        assert_each_once(store, &program.recipients());
        let campaign = program.done(&["campaign", "list", "--json"]).json()[0].clone();
        assert_eq!(campaign["next_run_at"], "2026-06-02T10:00:00Z", "{store}");
        assert_eq!(sent(&program.done(&["work", "--once", "--json"])), 0, "{store}: nothing is left");
    }
}

#[test]
fn a_run_that_would_start_too_late_is_held() {
    let program = Program::new(None);
    program.ready_at(NINE, 50, SCHEDULE);
    let late = "2026-06-01T13:00:00Z";
    assert_eq!(sent(&program.done_at(late, &["work", "--once", "--json"])), 0);
    let results = program.done_at(late, &["campaign", "results", "win-back", "--json"]).json();
    assert_eq!(results["runs"], serde_json::json!([]));
    let campaign = program.done_at(late, &["campaign", "list", "--json"]).json()[0].clone();
    assert_eq!(campaign["next_run_at"], "2026-06-02T10:00:00Z");
}

#[test]
fn a_worker_killed_while_it_sends_doubles_and_loses_nobody() {
    for (store, program) in Program::on_both_stores() {
        program.ready(800, "");
        program.done(&["campaign", "run", "win-back", "--no-send"]);
        let planned = reconciliation(&program, TEN)["planned"].as_i64().unwrap();
        let mut worker = program.start(TEN, &["work", "--once"]);
        let begun = Instant::now();
        while program.recipients().len() < 20 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{store}: nothing is sent");
            assert!(worker.try_wait().unwrap().is_none(), "{store}: it ended before it could be killed");
        }
        // SIGKILL: nothing can be tidied up.
        worker.kill().unwrap();
        worker.wait().unwrap();
        let before = program.recipients().len() as i64;
        assert!(before < planned, "{store}: it was killed too late to say anything");

        // Leases have ended by then.
        let later = "2026-06-01T10:20:00Z";
        program.done_at(later, &["work", "--once"]);
        let sum = reconciliation(&program, later);
        let count = |name: &str| sum[name].as_i64().unwrap();
        let recipients = program.recipients();
        assert_each_once(store, &recipients);
        assert_eq!(count("open"), 0, "{store}: {sum}");
        assert_eq!(count("sent") + count("held"), planned, "{store}: lost: {sum}");
        assert_eq!(recipients.len() as i64, count("sent"), "{store}: each file is known as sent: {sum}");
    }
}

#[test]
fn a_worker_that_goes_on_ends_on_a_signal() {
    let program = Program::new(None);
    program.done(&["migrate"]);
    let worker = program.start(TEN, &["work"]);
    std::thread::sleep(Duration::from_millis(1_500));
    let signalled = Instant::now();
    let status = std::process::Command::new("kill").args(["-TERM", &worker.id().to_string()]).status().unwrap();
    assert!(status.success());
    let said = finished(worker);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with("Jobs: "), "{}", said.out);
    assert!(signalled.elapsed() < Duration::from_secs(5));
}
