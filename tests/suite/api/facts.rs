//! Facts as they happen.

use vizavi::operations::access::Role;

use super::service::Service;

const ORDER: &str =
    "{\"customer\":\"C-1\",\"order\":\"O-1\",\"items\":[{\"sku\":\"A\",\"quantity\":2,\"amount\":4200}]}";

#[test]
fn an_order_counts_once_however_often_it_is_sent() {
    let service = Service::new().with_customer("C-1");
    let post = || service.post("/v1/orders").by(Role::Ingest).json(ORDER).send();
    let first = post();
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json()["accepted"], 1);
    assert_eq!(post().json()["accepted"], 0);
    let story = service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send();
    assert_eq!(story.text.matches("order O-1").count(), 1, "{}", story.text);
}

#[test]
fn lines_that_cannot_be_used_are_named_and_nothing_is_recorded() {
    let service = Service::new().with_customer("C-1");
    let lines = format!("{ORDER}\n{{\"customer\":\"C-1\"}}\n\n{{\"order\": nonsense}}\n");
    let answer = service.post("/v1/orders").by(Role::Ingest).body("application/x-ndjson", &lines).send();
    let problem = answer.problem(422);
    let named: Vec<i64> = problem["errors"].as_array().unwrap().iter().filter_map(|e| e["line"].as_i64()).collect();
    assert_eq!(named, [2, 4]);
    assert!(!service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send().text.contains("order O-1"));
}

#[test]
fn a_complaint_opens_and_closes() {
    let service = Service::new().with_customer("C-1");
    let post = |key: &str, outcome: &str| {
        let body = format!(
            "{{\"customer\":\"C-1\",\"key\":\"{key}\",\"direction\":\"in\",\"channel\":\"call\",\
             \"reason\":\"complaint\",\"outcome\":\"{outcome}\"}}"
        );
        let answer = service.post("/v1/interactions").by(Role::Ingest).json(&body).send();
        assert_eq!(answer.status, 200, "{}", answer.text);
        service.get("/v1/customers/C-1").by(Role::Viewer).send().json()["state"]["open_complaints"].clone()
    };
    assert_eq!(post("i-1", "open"), 1);
    assert_eq!(post("i-2", "solved"), 0);
}

#[test]
fn every_bad_field_of_every_route_is_named() {
    let service = Service::new();
    let past = r#""occurred_at":"2026-02-01""#;
    let cases: &[(&str, String, &str)] = &[
        ("orders", r#"{"customer":" ","order":"O","items":[{"sku":"A","quantity":1,"amount":1}]}"#.into(), "customer"),
        ("orders", r#"{"customer":"C","order":"","items":[{"sku":"A","quantity":1,"amount":1}]}"#.into(), "order"),
        ("orders", r#"{"customer":"C","order":"O","items":[]}"#.into(), "items"),
        (
            "orders",
            r#"{"customer":"C","order":"O","currency":"USD","items":[{"sku":"A","quantity":1,"amount":1}]}"#.into(),
            "currency",
        ),
        (
            "orders",
            r#"{"customer":"C","order":"O","items":[{"sku":"A","quantity":0,"amount":1}]}"#.into(),
            "items[0].quantity",
        ),
        (
            "orders",
            r#"{"customer":"C","order":"O","items":[{"sku":"A","quantity":1,"amount":-1}]}"#.into(),
            "items[0].amount",
        ),
        (
            "orders",
            r#"{"customer":"C","order":"O","items":[{"sku":"A","quantity":1,"amount":9000000000000000}]}"#.into(),
            "items[0].amount",
        ),
        (
            "orders",
            r#"{"customer":"C","order":"O","items":[{"sku":"A\u0000","quantity":1,"amount":1}]}"#.into(),
            "items[0].sku",
        ),
        ("orders", r#"{"customer":"C","order":"O","when":1,"items":[]}"#.into(), "when"),
        ("interactions", r#"{"customer":"C","direction":"up","channel":"call","reason":"order"}"#.into(), "direction"),
        ("interactions", r#"{"customer":"C","direction":"in","channel":"","reason":"order"}"#.into(), "channel"),
        (
            "interactions",
            r#"{"customer":"C","direction":"in","channel":"call","reason":"x","duration_s":-1}"#.into(),
            "duration_s",
        ),
        ("interactions", r#"{"customer":"C","direction":"in","channel":"call","reason":"x","cost":-1}"#.into(), "cost"),
        ("events", r#"{"customer":"C","name":"a\nb"}"#.into(), "name"),
        ("events", r#"{"customer":"C","name":"n","occurred_at":"1899-12-31"}"#.into(), "occurred_at"),
        ("events", r#"{"customer":"C","name":"n","occurred_at":"2026-02-02T09:06:00Z"}"#.into(), "occurred_at"),
        ("events", format!(r#"{{"customer":"{}","name":"n"}}"#, "x".repeat(201)), "customer"),
        ("events", format!(r#"{{"customer":"C","name":"n","key":"{}"}}"#, "x".repeat(201)), "key"),
        ("subscriptions", format!(r#"{{"customer":"C","subscription":"S","status":"begun",{past}}}"#), "status"),
        (
            "subscriptions",
            r#"{"customer":"C","subscription":"S","status":"started","period_days":0}"#.into(),
            "period_days",
        ),
        ("claims", r#"{"customer":"C","claim":"K","status":"maybe"}"#.into(), "status"),
        ("claims", r#"{"customer":"C","claim":"K","status":"paid","amount":-5}"#.into(), "amount"),
    ];
    let key = service.key_of(Role::Ingest);
    for (route, body, field) in cases {
        let answer = service.post(&format!("/v1/{route}")).key(&key).json(body).send();
        let problem = answer.problem(422);
        assert_eq!(problem["errors"][0]["key"], *field, "{route} {body}: {problem}");
    }
    for body in [r#"{"customer":"C","name":"n","value":NaN}"#, r#"{"customer":"C","name":"n","value":1e999}"#, "[", ""]
    {
        service.post("/v1/events").key(&key).json(body).send().problem(400);
    }
    for table in ["order_item", "interaction", "event", "subscription", "claim"] {
        assert_eq!(service.number(&format!("SELECT count(*) AS n FROM {table}")), 0);
    }
}

#[test]
fn contracts_and_claims_become_facts() {
    Service::on_both_stores(|service| {
        let post = |route: &str, lines: &str| {
            let answer = service.post(route).by(Role::Ingest).body("application/x-ndjson", lines).send();
            assert_eq!(answer.status, 200, "{}", answer.text);
            answer.json()["accepted"].as_i64().unwrap()
        };
        let steps = "{\"customer\":\"C-1\",\"subscription\":\"S\",\"status\":\"started\",\"plan\":\"basic\",\"price\":990,\
                     \"period_days\":30,\"occurred_at\":\"2025-01-01\",\"paid_until\":\"2027-01-01\"}\n\
                     {\"customer\":\"C-1\",\"subscription\":\"S\",\"status\":\"ended\",\"occurred_at\":\"2026-01-01\"}\n";
        assert_eq!((post("/v1/subscriptions", steps), post("/v1/subscriptions", steps)), (2, 0));
        assert_eq!(service.number("SELECT sum(price) AS n FROM subscription WHERE subscription_key = 'S'"), 990);
        let steps = "{\"customer\":\"C-1\",\"claim\":\"K\",\"status\":\"opened\",\"kind\":\"warranty\",\"key\":\"1\"}\n\
                     {\"customer\":\"C-1\",\"claim\":\"K\",\"status\":\"paid\",\"amount\":4200,\"key\":\"2\"}\n";
        assert_eq!(post("/v1/claims", steps), 2);
        assert_eq!(service.number("SELECT sum(amount) AS n FROM claim WHERE status = 'paid'"), 4200);
        let story = service.get("/v1/customers/C-1/timeline").by(Role::Viewer).send().json();
        let titles: Vec<&str> =
            story["entries"].as_array().unwrap().iter().map(|entry| entry["title"].as_str().unwrap()).collect();
        for title in ["contract S started", "contract S ended", "claim K paid"] {
            assert!(titles.contains(&title), "{titles:?}");
        }
    });
}

#[test]
fn faults_name_the_line_as_it_stands_in_the_body() {
    let service = Service::new();
    let good = r#"{"customer":"C-1","name":"visit","key":"1"}"#;
    let lines = format!("\n{good}\n\n{{\"customer\":\"C-1\",\"name\":\"\"}}\n");
    let answer = service.post("/v1/events").by(Role::Ingest).body("application/x-ndjson", &lines).send();
    assert_eq!(answer.problem(422)["errors"][0]["line"], 4);
    assert_eq!(service.number("SELECT count(*) AS n FROM event"), 0);
}

#[test]
fn too_much_at_once_is_refused_in_plain_words() {
    let service = Service::new();
    let key = service.key_of(Role::Ingest);
    let post = |body: &str| service.post("/v1/events").key(&key).body("application/x-ndjson", body).send();
    let line = "{\"customer\":\"C-1\",\"name\":\"visit\"}\n";
    let problem = post(&line.repeat(10_001)).problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("10000"), "{problem}");
    post(&"x".repeat(16 * 1024 * 1024 + 1)).problem(413);
    let problem = post(&format!("{line}{{\"customer\":\"{}\"}}\n", "x".repeat(70_000))).problem(422);
    assert_eq!(problem["errors"][0]["line"], 2);
    assert_eq!(service.number("SELECT count(*) AS n FROM event"), 0);
}

#[test]
fn the_same_request_again_gets_the_same_bytes_and_another_one_is_refused() {
    Service::on_both_stores(|service| {
        let key = service.key_of(Role::Ingest);
        let lines = "{\"customer\":\"C-1\",\"name\":\"visit\"}\n{\"customer\":\"C-2\",\"name\":\"visit\"}\n";
        let post = |body: &str| {
            let request = service.post("/v1/events").key(&key).header("idempotency-key", "batch-7");
            request.body("application/x-ndjson", body).send()
        };
        let (first, again) = (post(lines), post(lines));
        assert_eq!((first.status, again.status), (200, 200));
        assert_eq!((first.text.as_str(), again.text.as_str()), (r#"{"accepted":2,"known":0}"#, first.text.as_str()));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        post(&lines[..lines.len() / 2]).problem(422);
        assert_eq!(service.number("SELECT count(*) AS n FROM event"), 2);
    });
}

#[test]
fn a_message_about_bad_input_repeats_no_personal_data() {
    let service = Service::new();
    let body = r#"{"customer":"ana.petrova@example.com","name":"","properties":{"search":"Rose Street 17"}}"#;
    let answer = service.post("/v1/events").by(Role::Ingest).json(body).send();
    answer.problem(422);
    assert!(!answer.text.contains("petrova") && !answer.text.contains("Rose"), "{}", answer.text);
}
