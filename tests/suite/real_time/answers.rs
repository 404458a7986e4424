//! What real time answers, over HTTP, on both stores.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vizavi::clock::HOUR;
use vizavi::customers::store as customers;
use vizavi::decisions::store as decisions;
use vizavi::operations::access::Role;

use super::shop::{CAMPAIGN, ask, later, offer, offer_now, proposed, report, settings, shop, to_the_end};
use crate::api::service::Service;
use crate::support::postgres;

fn on_both_stores(make: impl Fn(Option<&str>) -> Service, test: impl Fn(&Service)) {
    test(&make(None));
    if let Some(url) = postgres::database() {
        test(&make(Some(&url)));
    }
}

/// What is left is looked at every quarter of a second.
fn until_looked_again() {
    std::thread::sleep(std::time::Duration::from_millis(400));
}

fn now(customer: usize) -> Value {
    json!({ "customer": format!("C{customer}"), "channel": "email" })
}

#[test]
fn when_the_best_is_used_up_the_next_best_is_proposed_and_what_is_not_made_is_given_back() {
    let offers = [offer("best", 0.6, json!({ "stock": 3 })), offer("second", 0.4, json!({}))];
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({}), json!({})), 8);
    on_both_stores(make, |service| {
        to_the_end(service);
        let answers: Vec<Value> = (0..5).map(|customer| ask(service, &now(customer))).collect();
        let given: Vec<_> = answers.iter().map(|answer| proposed(answer).expect("a proposal")).collect();
        let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["best", "best", "best", "second", "second"]);
        let why = answers[3]["why"].to_string();
        assert!(why.contains("too little is left of stock:best"), "{why}");
        assert_eq!((&offer_now(service, "best")["left"], &offer_now(service, "best")["used"]), (&json!(0), &json!(3)));

        // One was shown, one was not: its piece goes to the next. Said twice, it counts once.
        assert_eq!(report(service, given[0].1, "made"), 200);
        assert_eq!((report(service, given[1].1, "not_made"), report(service, given[1].1, "not_made")), (200, 200));
        assert_eq!(report(service, given[1].1, "made"), 409, "what it held is given back");
        assert_eq!(report(service, given[0].1, "not_made"), 409, "it was made");
        assert_eq!(report(service, 1, "made"), 404);
        assert_eq!(offer_now(service, "best")["left"], 1);
        until_looked_again();
        assert_eq!(proposed(&ask(service, &now(5))).unwrap().0, "best");

        // The contact of who was shown it counts; who was not may be asked again.
        assert_eq!(ask(service, &now(0))["proposals"], json!([]));
        assert_eq!(proposed(&ask(service, &now(1))).unwrap().0, "second");
    });
}

#[test]
fn what_nobody_reports_on_lapses_with_its_hour() {
    let offers = [offer("best", 0.6, json!({ "stock": 2 })), offer("coded", 0.4, json!({}))];
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({ "budget": 100_000 }), json!({})), 6);
    on_both_stores(make, |service| {
        let body = json!({ "codes": ["X-1", "X-2", "X-3"] }).to_string();
        assert_eq!(service.post("/v1/offers/coded/codes").by(Role::Admin).json(&body).send().json()["added"], 3);
        to_the_end(service);
        let given: Vec<_> = (0..3).map(|customer| proposed(&ask(service, &now(customer))).unwrap()).collect();
        assert_eq!([&*given[0].0, &*given[1].0, &*given[2].0], ["best", "best", "coded"]);
        assert_eq!(report(service, given[0].1, "click"), 200);
        let left = |service: &Service| {
            let shown = service.get(&format!("/v1/campaigns/{CAMPAIGN}/capacity")).by(Role::Admin).send();
            assert_eq!(shown.status, 200, "{}", shown.text);
            shown.json()["items"].as_array().unwrap().iter().find(|item| item["resource"] == "budget").unwrap()["left"]
                .as_i64()
                .unwrap()
        };
        let before = left(service);
        later(service, HOUR);
        assert_eq!(service.work().failed, 0);
        // The one that was clicked stays used; the other is back; the code may have been seen, and is not given again.
        assert_eq!(offer_now(service, "best")["left"], 1);
        assert_eq!(
            (&offer_now(service, "coded")["codes"], &offer_now(service, "coded")["used"]),
            (&json!(2), &json!(1))
        );
        assert!(left(service) > before, "{} after {before}", left(service));
        assert_eq!(report(service, given[1].1, "made"), 409, "too late");
        assert_eq!(report(service, given[2].1, "not_made"), 200, "better late than never");
        assert_eq!(offer_now(service, "coded")["codes"], 3);
    });
}

#[test]
fn a_code_is_given_to_one_customer_at_most() {
    let offers = [offer("coded", 0.5, json!({ "code": "EVERYBODY" }))];
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({}), json!({})), 12);
    on_both_stores(make, |service| {
        let add = |codes: &[&str]| {
            let body = json!({ "codes": codes }).to_string();
            service.post("/v1/offers/coded/codes").by(Role::Admin).json(&body).send()
        };
        assert_eq!(proposed(&ask(service, &now(0))).unwrap().0, "coded");
        let added = add(&["A", "B", "C", "D"]).json();
        assert_eq!((&added["added"], &added["known"]), (&json!(4), &json!(0)));
        assert_eq!(add(&["D", "E"]).json(), json!({ "added": 1, "known": 1 }));
        assert_eq!(add(&["", "x\ny"]).problem(422)["errors"].as_array().unwrap().len(), 2);
        service.post("/v1/offers/none/codes").by(Role::Admin).json("{\"codes\":[\"A\"]}").send().problem(404);
        to_the_end(service);
        until_looked_again();
        ask(service, &now(0));
        let answers: Vec<Value> = (1..8).map(|customer| ask(service, &now(customer))).collect();
        let codes: Vec<&str> = answers.iter().filter_map(|answer| answer["proposals"][0]["code"].as_str()).collect();
        let different: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(different.len(), codes.len(), "a code was given twice: {codes:?}");
        assert!(different.is_subset(&["A", "B", "C", "D", "E"].into()), "{different:?}");
        let without = answers.iter().filter(|answer| answer["proposals"] == json!([])).count();
        assert_eq!(codes.len() + without, answers.len());
        assert_eq!(offer_now(service, "coded")["codes"], json!(5 - codes.len()));
        assert!(codes.len() >= 4, "{codes:?}");
        // What was not shown is given to somebody else.
        let first = proposed(answers.iter().find(|answer| answer["proposals"] != json!([])).unwrap()).unwrap().1;
        assert_eq!(report(service, first, "not_made"), 200);
        until_looked_again();
        let again = ask(service, &now(9));
        assert!(again["proposals"][0]["code"].is_string(), "{again}");
    });
}

#[test]
fn a_few_customers_placement_and_context() {
    let rule = json!({ "all": [
        { "field": "context.basket", "op": "ge", "value": 50 }, { "field": "placement", "op": "eq", "value": "checkout" },
    ] });
    let offers = [
        offer("for-checkout", 0.7, json!({ "placements": ["checkout"], "eligibility": rule })),
        offer("for-home", 0.6, json!({ "placements": ["home.hero"] })),
        offer("for-all", 0.4, json!({})),
    ];
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({}), json!({})), 8);
    on_both_stores(make, |service| {
        let at = |customer: usize, placement: &str, context: Value| {
            let asked = json!({ "customer": format!("C{customer}"), "channel": "email", "placement": placement,
                "context": context, "explain": false });
            ask(service, &asked)
        };
        let checkout = at(0, "checkout", json!({ "basket": 80, "page": "pay" }));
        assert_eq!(proposed(&checkout).unwrap().0, "for-checkout");
        assert_eq!((checkout["placement"].as_str(), checkout.get("why")), (Some("checkout"), None));
        assert_eq!(proposed(&at(1, "checkout", json!({ "basket": 20 }))).unwrap().0, "for-all");
        assert_eq!(proposed(&at(2, "checkout", json!({}))).unwrap().0, "for-all", "what is not known does not count");
        assert_eq!(proposed(&at(3, "home.hero", json!({ "basket": 80 }))).unwrap().0, "for-home");
        assert_eq!(proposed(&ask(service, &now(4))).unwrap().0, "for-all", "no placement asks");

        // The log knows of the moment.
        let logged = service.ws.store().read(|conn| {
            let customer = customers::by_external_id(conn, "C0")?;
            decisions::of_customer(conn, customer.id, None, 1)
        });
        let context: Value = serde_json::from_str(&logged.unwrap()[0].context).unwrap();
        let known = [&context["placement"], &context["context.basket"], &context["context.page"]];
        assert_eq!(known, [&json!("checkout"), &json!(80.0), &json!("pay")]);

        let few = ask(service, &json!({ "customers": ["C5", "C6"], "channel": "email" }));
        let of: Vec<&str> =
            few["decisions"].as_array().unwrap().iter().map(|d| d["customer"].as_str().unwrap()).collect();
        assert_eq!(of, ["C5", "C6"]);

        let refused = |body: Value, status: u16| {
            service.post("/v1/decisions").by(Role::Admin).json(&body.to_string()).send().problem(status)
        };
        for (body, key) in [
            (json!({}), "customer"),
            (json!({ "customer": "C1", "customers": ["C2"] }), "customer"),
            (json!({ "customers": ["C1", "C1"] }), "customers[1]"),
            (json!({ "customers": (0..21).map(|i| format!("C{i}")).collect::<Vec<_>>() }), "customers"),
            (json!({ "customer": "C1", "placement": "a b" }), "placement"),
            (json!({ "customer": "C1", "context": { "basket": "much" } }), "context.basket"),
            (json!({ "customer": "C1", "context": { "shoe": 42 } }), "context.shoe"),
        ] {
            assert_eq!(refused(body.clone(), 422)["errors"][0]["key"], key, "{body}");
        }
        let before = offer_now(service, "for-all")["used"].clone();
        refused(json!({ "customers": ["C7", "nobody"] }), 404);
        assert_eq!(offer_now(service, "for-all")["used"], before, "nothing is decided when one of them is not known");
    });
}

#[test]
fn hours_and_days_of_a_channel_are_kept() {
    let offers = [offer("o", 0.5, json!({}))];
    let channel = json!({ "per_hour": 2, "per_day": 5 });
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({}), channel.clone()), 12);
    on_both_stores(make, |service| {
        let mut given = Vec::new();
        let mut next = 0;
        for _ in 0..4 {
            for _ in 0..3 {
                let made = proposed(&ask(service, &now(next)));
                if let Some((_, decision)) = &made {
                    assert_eq!(report(service, *decision, "made"), 200);
                }
                given.push(made.is_some());
                next += 1;
            }
            later(service, HOUR);
        }
        // Two in each hour, and on the third hour one is left of the day.
        let hour = |n: usize| given[3 * n..3 * n + 3].iter().filter(|given| **given).count();
        assert_eq!([hour(0), hour(1), hour(2), hour(3)], [2, 2, 1, 0]);
    });
}

#[test]
fn prices_rise_with_what_is_used_ahead_of_time_and_every_process_sees_it() {
    let offers = [offer("o", 0.5, json!({}))];
    let make = |url: Option<&str>| shop(url, settings(), &offers, (json!({}), json!({ "capacity": 20 })), 12);
    let price = |real_time: &vizavi::operations::decide_now::RealTime| {
        let shown = real_time.capacity(CAMPAIGN).unwrap();
        let email = shown.iter().find(|shown| shown.resource == "channel:email").unwrap();
        (email.left, email.price, email.words.clone())
    };
    on_both_stores(make, |service| {
        let other = vizavi::operations::decide_now::RealTime::new(&service.ws);
        assert_eq!(price(&other), (20, 0.0, String::new()), "nothing is scarce yet");
        for customer in 0..2 {
            assert!(proposed(&ask(service, &now(customer))).is_some());
        }
        let (left, risen, words) = price(&other);
        assert_eq!(left, 18);
        assert!(risen > 0.0 && words.starts_with("one more email is worth"), "{risen} {words}");
        let shown = service.get(&format!("/v1/campaigns/{CAMPAIGN}/capacity")).by(Role::Admin).send().json();
        assert_eq!(shown["items"][0]["price"].as_f64(), Some(risen), "{shown}");
        // Half a day later as much as two of twenty is no haste.
        later(service, 12 * HOUR);
        assert_eq!(price(&other).1, 0.0);
    });
}

/// A channel that states no hours proposes by any that is not quiet: all hours but 12 and 13 are here, and those are proposed.
#[test]
fn any_hour_is_one_that_is_not_quiet() {
    let offers = [offer("o", 0.5, json!({}))];
    let quiet = |hours: [u8; 2]| vizavi::settings::Settings { quiet_hours: hours, ..settings() };
    let make = |url: Option<&str>| shop(url, quiet([14, 12]), &offers, (json!({}), json!({ "hours": [] })), 4);
    on_both_stores(make, |service| {
        for customer in 0..4 {
            let answer = ask(service, &json!({ "customer": format!("C{customer}"), "campaign": CAMPAIGN }));
            let from = answer["proposals"][0]["from"].as_str().unwrap_or_else(|| panic!("a proposal in {answer}"));
            assert!(["T12:00", "T13:00"].iter().any(|hour| from.contains(hour)), "{from}");
        }
    });
}
