//! Edits, pauses, kills and nodes that work at once, in any order: the campaign's state is always one that the last action leads to,
//! and nobody gets a step twice.

use std::collections::BTreeSet;

use serde_json::json;
use vizavi::campaigns::{Action, State};
use vizavi::clock::HOUR;
use vizavi::operations::journeys as operations;
use vizavi::random::Stream;

use super::{event, items, messages, shop, steer};
use crate::api::service::Service;
use crate::real_time::shop::later;
use crate::support::postgres;

fn state(service: &Service) -> State {
    let shown = items(service, "/v1/campaigns");
    State::parse(shown[0]["state"].as_str().unwrap()).unwrap()
}

/// Follows the table of states for an action that the service took, or refused.
fn steered(service: &Service, verb: &str, action: Action) {
    let before = state(service);
    let status = steer(service, verb);
    match before.after(action) {
        Ok(after) if status == 200 => assert_eq!(state(service), after, "{verb} from {before:?}"),
        // Approving asks for a plan of the version besides.
        Ok(_) => assert!(action == Action::Approve && status == 409, "{verb} from {before:?}: {status}"),
        Err(_) => assert_eq!((status, state(service)), (409, before), "{verb} from {before:?}"),
    }
}

fn storm(service: &Service, seed: u64) {
    let mut draws = Stream::new(seed, "storm");
    let mut version = 0;
    for _ in 0..60 {
        match draws.below(12) {
            0 => steered(service, "pause", Action::Pause),
            1 => steered(service, "resume", Action::Resume),
            2 => {
                version += 1;
                super::lifecycle::edit_title(service, &format!("version {version}"));
            }
            3 => steered(service, "plan", Action::Plan),
            4 | 5 => {
                steered(service, "plan", Action::Plan);
                steered(service, "approve", Action::Approve);
            }
            6 | 7 => event(service, &format!("C{}", draws.below(4)), "basket"),
            // Two nodes take the same steps at once: one of them is too late, and nothing of what it wrote is kept.
            8 => std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| operations::follow(&service.ws).expect("the store answers"));
                }
            }),
            _ => {
                later(service, HOUR * (1 + draws.below(12) as i64));
                service.work();
            }
        }
        let all = messages(service);
        let once: BTreeSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len(), "seed {seed}: {all:?}");
    }
}

#[test]
fn whatever_happens_nobody_gets_a_step_twice() {
    let more = json!({
        "trigger": { "on": { "of": "events", "where": { "name": "basket" } }, "again_after_days": 3_000, "lateness_hours": 72 },
        "steps": [{ "name": "second", "after_hours": 6 }, { "name": "third", "after_hours": 6 }],
    });
    let mut sent = 0;
    for seed in 0..6 {
        let service = shop(None, &more);
        storm(&service, seed);
        sent += messages(&service).len();
    }
    if let Some(url) = postgres::database() {
        let service = shop(Some(&url), &more);
        storm(&service, 100);
        sent += messages(&service).len();
    }
    assert!(sent > 20, "the storm leaves something to be seen: {sent}");
}
