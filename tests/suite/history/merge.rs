//! Two keys of one person.

use vizavi::customers::merge_request::{self, MergeRequest};
use vizavi::operations::access::Role;
use vizavi::operations::history;
use vizavi::operations::import::{Import, import};
use vizavi::progress::Silent;

use crate::api::service::Service;

fn order(service: &Service, customer: &str, order: &str, amount: i64) {
    let body = format!(
        r#"{{"customer":"{customer}","order":"{order}","items":[{{"sku":"A","quantity":1,"amount":{amount}}}]}}"#
    );
    let answer = service.post("/v1/orders").by(Role::Ingest).json(&body).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn alias(service: &Service, survivor: &str, alias: &str) -> serde_json::Value {
    let path = format!("/v1/customers/{survivor}/aliases");
    let answer = service.post(&path).by(Role::Admin).json(&format!(r#"{{"external_id":"{alias}"}}"#)).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn state(service: &Service, customer: &str) -> (String, i64, i64) {
    let shown = service.get(&format!("/v1/customers/{customer}")).by(Role::Viewer).send().json();
    let number = |field: &str| shown["state"][field].as_i64().unwrap_or_default();
    (shown["external_id"].as_str().unwrap_or_default().to_owned(), number("orders"), number("revenue"))
}

fn on_both_stores(test: impl Fn(&str, Service)) {
    test("SQLite", Service::new());
    if let Some(url) = crate::support::postgres::database() {
        test("PostgreSQL", Service::on(Some(&url)));
    }
}

#[test]
fn what_either_key_did_is_the_survivors_sealed_or_not_and_later_too() {
    on_both_stores(|store, service| {
        let service = service.with_customer("A").with_customer("B").with_customer("C");
        order(&service, "A", "a-1", 100);
        service.ws.history().seal_tail(service.ws.now()).unwrap();
        order(&service, "A", "a-2", 20);
        order(&service, "B", "b-1", 3);
        assert_eq!(alias(&service, "B", "A")["already"], false, "{store}");
        assert_eq!(state(&service, "A"), ("B".to_owned(), 3, 123), "{store}: the alias leads to the survivor");
        // The same order again, under either key, is known; a new one counts for the survivor.
        order(&service, "A", "a-1", 100);
        order(&service, "A", "a-3", 4000);
        assert_eq!(state(&service, "B"), ("B".to_owned(), 4, 4123), "{store}");
        // A chain and a circle lead to the same customer.
        assert_eq!(alias(&service, "C", "B")["already"], false, "{store}");
        assert_eq!(alias(&service, "C", "A")["already"], true, "{store}");
        assert_eq!(alias(&service, "A", "C")["already"], true, "{store}");
        assert_eq!(state(&service, "A"), ("C".to_owned(), 4, 4123), "{store}");
        let of_history = || {
            let sql = "SELECT count(DISTINCT customer_id), sum(amount) FROM order_item";
            let rows = service.ws.history().query(sql).unwrap();
            let number = |at: usize| {
                use arrow::array::AsArray;
                rows[0].column(at).as_primitive::<arrow::datatypes::Int64Type>().value(0)
            };
            (number(0), number(1))
        };
        assert_eq!(of_history(), (1, 4123), "{store}");
        let compacted = history::compact(&service.ws, vizavi::history::Depth::Full).unwrap();
        assert!(compacted.hidden > 0, "{store}: {compacted:?}");
        assert_eq!(of_history(), (1, 4123), "{store}");
        let checked = history::check(&service.ws, &Silent).unwrap();
        assert!(checked.findings.is_empty(), "{store}: {:?}", checked.findings);
        let audit = service.get("/v1/audit").by(Role::Admin).send().text;
        assert_eq!(audit.matches("customer.merge").count(), 2, "{store}: {audit}");
    });
}

#[test]
fn a_withdrawal_of_either_key_holds() {
    let service = Service::new().with_customer("A").with_customer("B");
    for (customer, granted) in [("A", false), ("B", true)] {
        let body = format!(r#"{{"customer":"{customer}","channel":"email","granted":{granted},"source":"form"}}"#);
        let answer = service.post("/v1/consents").by(Role::Admin).json(&body).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    alias(&service, "B", "A");
    let consents = service
        .ws
        .store()
        .read(|conn| vizavi::customers::store::consents_of(conn, service.ws.id_key().customer("B")))
        .unwrap();
    assert_eq!((consents.len(), consents[0].granted), (1, false));
}

#[test]
fn only_an_administrator_merges_and_only_into_somebody() {
    let service = Service::new().with_customer("B");
    let body = r#"{"external_id":"A"}"#;
    assert_eq!(service.post("/v1/customers/B/aliases").by(Role::Ingest).json(body).send().status, 403);
    service.post("/v1/customers/nobody/aliases").by(Role::Admin).json(body).send().problem(404);
    service.post("/v1/customers/B/aliases").by(Role::Admin).json(r#"{"external_id":" "}"#).send().problem(422);
    // A key that is unknown so far leads to the survivor from now on.
    alias(&service, "B", "A");
    order(&service, "A", "a-1", 100);
    assert_eq!(state(&service, "B"), ("B".to_owned(), 1, 100));
}

fn import_customers(service: &Service, text: &str) -> vizavi::history::import::Report {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("customers.csv");
    std::fs::write(&file, text).unwrap();
    let what = Import { kind: "customers".into(), file, mapping: None, dry_run: false, again: false, sorted: None };
    import(&service.ws, service.ws.history(), &what, &Silent).unwrap()
}

#[test]
fn an_import_makes_one_customer_of_two_keys_and_the_next_one_does_what_a_killed_one_left() {
    on_both_stores(|store, service| {
        let service = service.with_customer("A").with_customer("B");
        order(&service, "A", "a-1", 100);
        service.ws.history().seal_tail(service.ws.now()).unwrap();
        order(&service, "B", "b-1", 20);
        let report = import_customers(&service, "customer_id,country,merge_into\nA,BG,B\nC,FR,NEW\nD,,D\nB,DE,\n");
        assert_eq!((report.accepted, report.rejected), (3, 1), "{store}: nobody becomes one with himself");
        assert_eq!(state(&service, "A"), ("B".to_owned(), 2, 120), "{store}");
        assert_eq!(state(&service, "C").0, "NEW", "{store}: a survivor who was unknown is added");
        let profile = service.get("/v1/customers/B").by(Role::Viewer).send().json();
        assert_eq!(profile["country"], "DE", "{store}: what the survivor's own line says stays");
        // The import was there, and then the machine was gone; one of the requests can be met no more.
        let now = service.ws.now();
        let request = |id, from: &str, into: &str| MergeRequest {
            id,
            external_id: from.into(),
            into_external_id: into.into(),
            requested_at: now,
        };
        let left = [request(1, "B", "NEW"), request(2, "B", "erased since")];
        service.ws.store().write(|conn| merge_request::add(conn, &left)).unwrap();
        import_customers(&service, "customer_id\nE\n");
        assert_eq!(state(&service, "A"), ("NEW".to_owned(), 2, 120), "{store}");
        assert!(service.ws.store().read(|conn| merge_request::oldest(conn, 10)).unwrap().is_empty(), "{store}");
        let again = import_customers(&service, "customer_id,merge_into\nB,NEW\n");
        assert_eq!((again.accepted, state(&service, "B")), (1, ("NEW".to_owned(), 2, 120)), "{store}");
    });
}
