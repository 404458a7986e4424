//! At least and at most so many of some customers are contacted, in runs and in real time; and what stands in where nothing pays.

use serde_json::{Value, json};
use vizavi::customers::store as customers;
use vizavi::operations::access::Role;

use super::shop::{CAMPAIGN, ask, offer, proposed, report, settings, shop, to_the_end};
use crate::api::service::Service;
use crate::support::postgres;

const CUSTOMERS: usize = 24;

/// Each shop gets a store of its own.
fn on_both_stores(test: impl Fn(&dyn Fn() -> Option<String>)) {
    test(&|| None);
    if postgres::database().is_some() {
        test(&postgres::database);
    }
}

/// Of 24 customers every other one lives in Sofia, where only the poor offer is to be had.
fn two_cities(url: Option<String>, share: Value, of_channel: Value) -> Service {
    let where_in = |op: &str| json!({ "field": "zone", "op": op, "value": "Europe/Sofia" });
    let offers = [
        offer("rich", 0.6, json!({ "eligibility": where_in("ne") })),
        offer("poor", 0.3, json!({ "eligibility": where_in("eq") })),
    ];
    let mut sofia = json!({ "name": "sofia", "who": where_in("eq") });
    sofia.as_object_mut().unwrap().extend(share.as_object().unwrap().clone());
    let service = shop(url.as_deref(), settings(), &offers, (json!({ "shares": [sofia] }), of_channel), CUSTOMERS);
    for i in 0..CUSTOMERS {
        let zone = if i % 2 == 0 { "Europe/Sofia" } else { "Europe/London" };
        let profile = json!({ "first_name": "Ann", "email": format!("C{i}@example.com"), "zone": zone });
        let put = service.put(&format!("/v1/customers/C{i}")).by(Role::Admin).header("If-Match", "*");
        let answer = put.json(&profile.to_string()).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    service
}

/// Who is planned to be written to: in Sofia, and elsewhere.
fn planned(service: &Service) -> (usize, usize) {
    let run = service.post(&format!("/v1/campaigns/{CAMPAIGN}/runs")).by(Role::Admin).json("{}").send();
    assert_eq!(run.status, 201, "{}", run.text);
    let list =
        service.get(&format!("/v1/deliveries?run={}&limit=100", run.json()["run"])).by(Role::Admin).send().json();
    let written: Vec<i64> =
        list["items"].as_array().unwrap().iter().map(|i| i["customer_id"].as_i64().unwrap()).collect();
    let in_sofia = |i: &usize| i.is_multiple_of(2);
    let known = |i: usize| service.ws.store().read(|conn| customers::by_external_id(conn, &format!("C{i}"))).ok();
    let is_written_to = |i: &usize| known(*i).is_some_and(|customer| written.contains(&customer.id.0));
    let sofia = (0..CUSTOMERS).filter(in_sofia).filter(is_written_to).count();
    (sofia, written.len() - sofia)
}

#[test]
fn a_promise_is_not_outbid_and_says_what_it_costs() {
    on_both_stores(|url| {
        let ten = json!({ "capacity": 10 });
        assert_eq!(planned(&two_cities(url(), json!({ "at_most": 1.0 }), ten.clone())), (0, 10), "the rich outbid all");
        let service = two_cities(url(), json!({ "at_least": 0.25 }), ten);
        let path = format!("/v1/campaigns/{CAMPAIGN}/what-if");
        let asked = json!({ "limits": { "share:sofia/least": 5 } }).to_string();
        let answer = service.post(&path).by(Role::Admin).json(&asked).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        assert!(answer["gain"].as_i64().unwrap() < 0, "more promised costs: {answer}");
        let prices = answer["then"]["prices"].to_string();
        assert!(prices.contains("one contact fewer promised to sofia is worth"), "{prices}");
        let wrong = json!({ "limits": { "share:varna": 1 } }).to_string();
        service.post(&path).by(Role::Admin).json(&wrong).send().problem(422);
        assert_eq!(planned(&service), (3, 7));
    });
}

#[test]
fn a_limit_holds_for_the_run_and_for_real_time_together() {
    on_both_stores(|url| {
        let service = two_cities(url(), json!({ "at_most": 0.5 }), json!({ "capacity": 100 }));
        to_the_end(&service);
        let now = |customer: usize| json!({ "customer": format!("C{customer}"), "channel": "email" });
        let asked: Vec<Value> = (0..8).map(|i| ask(&service, &now(2 * i))).collect();
        let given: Vec<_> = asked.iter().filter_map(proposed).collect();
        assert_eq!(given.len(), 6, "half of twelve");
        assert!(asked[7]["why"].to_string().contains("too little is left of share:sofia"), "{}", asked[7]["why"]);
        assert_eq!(report(&service, given[0].1, "not_made"), 200);
        // The run that follows finds one place left in Sofia, and all of the others.
        assert_eq!(planned(&service), (1, 12));
    });
}

#[test]
fn a_share_that_cannot_be_is_refused_with_its_field() {
    let service = two_cities(None, json!({ "at_most": 0.5 }), json!({}));
    let folder = service.get(&format!("/v1/campaigns/{CAMPAIGN}")).by(Role::Admin).send();
    let mut spec = folder.json()["folder"]["spec"].clone();
    assert_eq!(spec["shares"][0]["name"], "sofia", "{}", folder.text);
    spec["shares"] = json!([
        { "name": "a", "who": { "field": "zone", "op": "eq", "value": "x" }, "at_least": 0.6, "at_most": 0.5 },
        { "name": "a", "who": { "field": "zone", "op": "eq", "value": "x" } },
    ]);
    let templates = json!({ "a/en/subject.hbs": "Hello", "a/en/text.hbs": "Hello" });
    let body = json!({ "spec": spec, "templates": templates }).to_string();
    let path = format!("/v1/campaigns/{CAMPAIGN}");
    let problem = service.put(&path).by(Role::Admin).header("If-Match", "*").json(&body).send().problem(422);
    let keys: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["shares[0].at_least", "shares[1].name", "shares[1]"], "{problem}");
    spec["shares"] = json!([{ "name": "b", "who": { "field": "moon", "op": "eq", "value": "x" }, "at_most": 0.5 }]);
    let body = json!({ "spec": spec, "templates": templates }).to_string();
    let problem = service.put(&path).by(Role::Admin).header("If-Match", "*").json(&body).send().problem(422);
    assert!(problem.to_string().contains("share b: who"), "{problem}");
}

#[test]
fn what_stands_in_is_proposed_to_who_asks_where_nothing_pays() {
    // A rate below what buyers do by themselves, and a discount for all of them: it loses money on everybody.
    let nobody = json!({ "field": "zone", "op": "eq", "value": "Europe/Sofia" });
    let offers = [
        offer("good", 0.6, json!({ "stock": 2, "eligibility": nobody })),
        offer("greeting", 0.0, json!({ "benefit": { "amount": 500 } })),
    ];
    on_both_stores(|url| {
        let make = |more: Value| shop(url().as_deref(), settings(), &offers, (more, json!({})), 4);
        let now = |customer: usize| json!({ "customer": format!("C{customer}"), "channel": "email" });
        assert_eq!(proposed(&ask(&make(json!({})), &now(0))), None, "nothing pays");
        let service = make(json!({ "fallback": "greeting" }));
        let answer = ask(&service, &now(0));
        assert_eq!(proposed(&answer).unwrap().0, "greeting");
        assert!(answer["why"].to_string().contains("standing in"), "{}", answer["why"]);
        // It is a contact like any other: it counts against the caps once it is made.
        assert_eq!(report(&service, proposed(&answer).unwrap().1, "made"), 200);
        assert_eq!(proposed(&ask(&service, &now(0))), None, "once in twelve hours");
        // Nobody is there to see it, so that it would be a message which loses money.
        assert_eq!(proposed(&ask(&service, &json!({ "customer": "C1" }))), None);
        let stop = json!({ "customer": "C2", "channel": "email", "granted": false, "source": "test" }).to_string();
        assert_eq!(service.post("/v1/consents").by(Role::Admin).json(&stop).send().status, 200);
        assert_eq!(proposed(&ask(&service, &now(2))), None, "who did not agree gets nothing");
        assert_eq!(planned(&service), (0, 0), "a run does not send it");
    });
}
