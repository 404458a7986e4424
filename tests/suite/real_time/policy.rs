//! Whatever has happened to customers, an answer keeps to consent, suppression, complaints, rests, caps, quiet hours and holdouts as
//! they are at that moment; looked at by code of its own.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vizavi::clock::{DAY, HOUR, Timestamp};
use vizavi::operations::access::Role;
use vizavi::random::Stream;
use vizavi::settings::Settings;

use super::shop::{ask, later, offer, report, settings, shop};
use crate::api::service::Service;

const CUSTOMERS: usize = 24;

/// What is known of one customer.
#[derive(Default)]
struct Known {
    agreed: bool,
    suppressed: bool,
    complaints: i64,
    last_order: Option<Timestamp>,
    contacts: Vec<Timestamp>,
}

impl Known {
    /// Why the standard policy forbids a contact at this instant, if it does.
    fn forbids(&self, at: Timestamp) -> Option<&'static str> {
        let within = |since: Option<Timestamp>, hours: i64| since.is_some_and(|since| at.0 - since.0 < hours * HOUR);
        let contacts = |days: i64| self.contacts.iter().filter(|contact| at.0 - contact.0 < days * DAY).count();
        let hour = at.0.rem_euclid(DAY) / HOUR;
        [
            (!self.agreed, "no consent"),
            (self.suppressed, "suppressed"),
            (self.complaints > 0, "open complaint"),
            (within(self.last_order, 24), "after a purchase"),
            (within(self.contacts.last().copied(), 12), "cool-down"),
            (contacts(1) >= 1 || contacts(7) >= 3 || contacts(30) >= 8, "cap"),
            (!(8..21).contains(&hour), "quiet hours"),
        ]
        .into_iter()
        .find_map(|(forbidden, why)| forbidden.then_some(why))
    }
}

/// Something happens to a customer, through the API.
fn happen(service: &Service, key: &str, stream: &mut Stream, customer: usize, known: &mut Known, n: usize) {
    let (id, now) = (format!("C{customer}"), service.ws.now());
    let post = |path: &str, body: Value| {
        let answer = service.post(path).key(key).json(&body.to_string()).send();
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text);
    };
    match stream.below(6) {
        0 => {
            known.agreed = !known.agreed;
            let body = json!({ "customer": id, "channel": "email", "granted": known.agreed, "source": "test" });
            post("/v1/consents", body);
        }
        1 if stream.below(4) == 0 => {
            known.suppressed = true;
            post(
                "/v1/suppressions",
                json!({ "channel": "email", "address": format!("{id}@example.com"), "reason": "request" }),
            );
        }
        2 => {
            let opens = known.complaints == 0;
            let outcome = if opens { "open" } else { "solved" };
            known.complaints = i64::from(opens);
            post(
                "/v1/interactions",
                json!({ "customer": id, "key": format!("i{n}"), "direction": "in", "channel": "call",
                    "reason": "complaint", "outcome": outcome }),
            );
        }
        3 => {
            known.last_order = Some(now);
            let items = json!([{ "sku": "A", "quantity": 1, "amount": 10_000 }]);
            post("/v1/orders", json!({ "customer": id, "order": format!("N{n}"), "items": items }));
        }
        _ => {}
    }
}

#[test]
fn answers_obey_policy_consent_and_holdout_as_they_are_at_that_moment() {
    let settings = Settings { holdout: 0.2, exploration: 0.3, quiet_hours: [21, 8], ..settings() };
    let offers = [offer("a", 0.5, json!({ "stock": 60 })), offer("b", 0.4, json!({}))];
    let (mut asked, mut proposed, mut refused) = (0, 0, BTreeMap::<&str, usize>::new());
    for seed in 0..3 {
        let service = shop(None, settings.clone(), &offers, (json!({ "holdout": 0.1 }), json!({})), CUSTOMERS);
        let key = service.key_of(Role::Admin);
        let mut stream = Stream::new(seed, "moments");
        let bought = Timestamp::parse("2026-01-20T10:00:00Z").unwrap();
        let mut known: Vec<Known> =
            (0..CUSTOMERS).map(|_| Known { agreed: true, last_order: Some(bought), ..Known::default() }).collect();
        let mut held_out = BTreeMap::new();
        for n in 0..220 {
            let customer = stream.below(CUSTOMERS);
            happen(&service, &key, &mut stream, customer, &mut known[customer], n);
            later(&service, stream.below(5) as i64 * HOUR);
            let now = service.ws.now();
            let answer = ask(&service, &json!({ "customer": format!("C{customer}"), "channel": "email" }));
            asked += 1;
            let arm = answer["arm"].as_str().unwrap().to_owned();
            let is_held_out = arm.ends_with("holdout");
            assert_eq!(*held_out.entry(customer).or_insert(is_held_out), is_held_out, "an arm is for good");
            let proposals = answer["proposals"].as_array().unwrap();
            let forbids = known[customer].forbids(now);
            if let Some(why) = forbids.or(is_held_out.then_some("holdout")) {
                *refused.entry(why).or_default() += 1;
                assert!(proposals.is_empty(), "seed {seed}, {n}: {why} forbids it: {answer}");
            }
            if let Some(proposal) = proposals.first() {
                proposed += 1;
                let decision = proposal["decision"].as_i64().unwrap();
                if stream.below(2) == 0 {
                    assert_eq!(report(&service, decision, "made"), 200);
                    known[customer].contacts.push(now);
                } else {
                    assert_eq!(report(&service, decision, "not_made"), 200);
                }
            }
        }
        assert!(held_out.values().any(|held_out| *held_out), "nobody was held out");
    }
    assert!(proposed > 30, "{proposed} of {asked} were proposed something; {refused:?}");
    for why in ["no consent", "suppressed", "open complaint", "after a purchase", "cap", "quiet hours", "holdout"] {
        assert!(refused.contains_key(why), "{why} never came up: {refused:?}");
    }
}
