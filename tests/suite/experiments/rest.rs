//! Test share, wait, decide, rest: once.

use serde_json::json;
use vizavi::clock::{DAY, HOUR};
use vizavi::operations::access::Role;

use super::{decisions, deliveries, drawn, get, order, run, subject, tested, trying, work};
use crate::api::service::Service;
use crate::real_time::shop::later;

const CUSTOMERS: usize = 240;
const SHARE: f64 = 0.5;

fn tried(url: Option<&str>, decide: &str, otherwise: &str) -> (Service, i64) {
    let test = json!({ "share": SHARE, "wait_hours": 72, "decide": decide, "otherwise": otherwise });
    let service = trying(url, 0.0, subject(json!({ "planned": 40, "test": test })), CUSTOMERS);
    let id = run(&service, "june");
    let made = deliveries(&service, id).len();
    let in_test = (0..CUSTOMERS).filter(|i| tested(&format!("C{i}"), SHARE)).count();
    assert!(made > in_test * 8 / 10 && made <= in_test, "{made} messages to {in_test} in the test");
    (service, id)
}

/// Half of those with variant b buy, and a tenth of the others.
fn b_is_better(service: &Service) {
    let every = |i: usize| if drawn(&format!("C{i}")) == "b" { 2 } else { 10 };
    let buys = |i: &usize| tested(&format!("C{i}"), SHARE) && i.is_multiple_of(every(*i));
    order(service, "first", (0..CUSTOMERS).filter(buys).map(|i| format!("C{i}")));
}

fn runs(service: &Service) -> Vec<(String, i64)> {
    let runs = get(service, "/v1/campaigns/now/runs")["items"].as_array().unwrap().clone();
    runs.iter().map(|run| (run["occasion"].as_str().unwrap().to_owned(), run["id"].as_i64().unwrap())).collect()
}

/// Nobody has two deliveries over both runs, and all who could be contacted have one.
fn everybody_once(service: &Service, test: i64, rest: i64) {
    let mut customers: Vec<i64> = [test, rest]
        .into_iter()
        .flat_map(|run| deliveries(service, run))
        .map(|delivery| delivery["customer_id"].as_i64().unwrap())
        .collect();
    let all = customers.len();
    customers.sort_unstable();
    customers.dedup();
    assert_eq!((customers.len(), all), (all, all), "nobody is written to twice");
    assert!(all > CUSTOMERS * 9 / 10, "{all} of {CUSTOMERS}");
}

#[test]
fn the_data_decide_after_the_wait_and_the_rest_gets_the_winner_once() {
    for url in [None, crate::support::postgres::database()] {
        let (service, test) = tried(url.as_deref(), "automatic", "control");
        b_is_better(&service);
        later(&service, HOUR);
        work(&service);
        assert_eq!(runs(&service).len(), 1, "the wait is not over");
        later(&service, 3 * DAY);
        work(&service);
        let after = runs(&service);
        assert_eq!(after.len(), 2, "{after:?}");
        let (occasion, rest) = &after[0];
        assert_eq!(occasion, "june/rest");
        later(&service, DAY);
        work(&service);
        work(&service);
        assert_eq!(runs(&service).len(), 2, "once");
        everybody_once(&service, test, *rest);
        for (id, decision) in decisions(&service, CUSTOMERS) {
            if !tested(&id, SHARE) && !decision["variant"].is_null() {
                assert_eq!(decision["variant"], "b", "{id}");
            }
        }
        let detail = get(&service, "/v1/experiments/now:subject");
        let kept = &detail["tests"][0];
        assert_eq!((kept["state"].as_str(), kept["variant"].as_str()), (Some("done"), Some("b")), "{kept}");
        assert_eq!(kept["rest_run_id"].as_i64(), Some(*rest));
        let late = service.post("/v1/experiments/now:subject/decide").by(Role::Admin).json(r#"{"variant":"a"}"#).send();
        late.problem(409);
        let body = json!({ "occasion": "june/rest" }).to_string();
        let by_hand = service.post("/v1/campaigns/now/runs").by(Role::Admin).json(&body).send();
        by_hand.problem(422);
    }
}

#[test]
fn without_a_winner_the_rest_gets_the_control_or_waits_for_a_person() {
    let (service, test) = tried(None, "automatic", "control");
    later(&service, 3 * DAY);
    work(&service);
    let after = runs(&service);
    assert_eq!(after.len(), 2, "nobody bought: the control goes to the rest");
    assert_eq!(get(&service, "/v1/experiments/now:subject")["tests"][0]["variant"], "a");
    everybody_once(&service, test, after[0].1);

    let (service, test) = tried(None, "automatic", "wait");
    later(&service, 3 * DAY);
    work(&service);
    assert_eq!(runs(&service).len(), 1);
    assert_eq!(get(&service, "/v1/experiments/now:subject")["state"], "asking");
    let decide = |body: &str| service.post("/v1/experiments/now:subject/decide").by(Role::Marketer).json(body).send();
    decide("{}").problem(409);
    let chosen = decide(r#"{"variant":"b"}"#);
    assert_eq!((chosen.status, &chosen.json()["holds_for"]), (200, &json!("rest")), "{}", chosen.text);
    decide(r#"{"variant":"a"}"#).problem(409);
    work(&service);
    let after = runs(&service);
    assert_eq!(after.len(), 2);
    everybody_once(&service, test, after[0].1);
}

#[test]
fn a_person_decides_where_the_definition_says_so_and_a_cancelled_campaign_has_no_rest() {
    let (service, _) = tried(None, "by_hand", "control");
    b_is_better(&service);
    later(&service, 3 * DAY);
    work(&service);
    assert_eq!(runs(&service).len(), 1, "whatever the data say");
    assert_eq!(get(&service, "/v1/experiments/now:subject")["tests"][0]["state"], "asking");
    let cancelled = service.post("/v1/campaigns/now/cancel").by(Role::Admin).json("{}").send();
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    let chosen = service.post("/v1/experiments/now:subject/decide").by(Role::Admin).json("{}").send();
    assert_eq!(chosen.status, 200, "the data carry a winner: {}", chosen.text);
    work(&service);
    assert_eq!(runs(&service).len(), 1);
    assert_eq!(get(&service, "/v1/experiments/now:subject")["tests"][0]["state"], "abandoned");
}
