//! Notes, tasks, owners, referrals; the summary, what to say, satisfaction by team; and that all of it is merged and forgotten.

use serde_json::{Value, json};
use vizavi::clock::DAY;
use vizavi::operations::access::Role;
use vizavi::operations::merge;

use crate::api::service::Service;
use crate::console::{form_token, log_in};

fn ready(service: &Service) {
    for id in ["C-1", "C-2", "C-3"] {
        let profile = format!("{{\"first_name\":\"Ann\",\"last_name\":\"Example\",\"email\":\"{id}@example.com\"}}");
        assert_eq!(service.put(&format!("/v1/customers/{id}")).by(Role::Admin).json(&profile).send().status, 201);
    }
}

fn interaction(service: &Service, customer: &str, reason: &str, outcome: &str, key: &str) {
    let at = service.ws.now().plus(-DAY);
    let body = json!({ "customer": customer, "direction": "in", "channel": "call", "reason": reason, "outcome": outcome,
        "occurred_at": at, "key": key });
    let answer = service.post("/v1/interactions").by(Role::Ingest).json(&body.to_string()).send();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn post(service: &Service, path: &str, body: &Value, status: u16) -> Value {
    let answer = service.post(path).by(Role::Marketer).json(&body.to_string()).send();
    assert_eq!(answer.status, status, "{path}: {}", answer.text);
    answer.json()
}

#[test]
fn whoever_takes_over_knows_what_is_open_and_what_to_say() {
    Service::on_both_stores(|service| {
        ready(service);
        post(service, "/v1/customers/C-1/notes", &json!({ "text": "Prefers calls\nin the morning" }), 201);
        let due = service.ws.now().plus(2 * DAY);
        let task = post(
            service,
            "/v1/customers/C-1/tasks",
            &json!({ "text": "Call back", "owner": "Boris", "due_at": due }),
            201,
        );
        let owner =
            service.put("/v1/customers/C-1/owner").by(Role::Marketer).json(r#"{"owner":"Anna","team":"north"}"#).send();
        assert_eq!(owner.status, 200, "{}", owner.text);
        service.post("/v1/customers/C-1/notes").by(Role::Viewer).json(r#"{"text":"x"}"#).send().problem(403);
        service.post("/v1/customers/nobody/notes").by(Role::Marketer).json(r#"{"text":"x"}"#).send().problem(404);
        service.post("/v1/customers/C-1/notes").by(Role::Marketer).json(r#"{"text":"  "}"#).send().problem(422);
        let said = |path: &str| service.get(path).by(Role::Viewer).send().json();
        let summary = said("/v1/customers/C-1/summary");
        assert_eq!(
            (&summary["owner"]["team"], &summary["tasks"][0]["owner"]),
            (&json!("north"), &json!("Boris")),
            "{summary}"
        );
        assert_eq!(summary["notes"][0]["text"], "Prefers calls\nin the morning");
        assert_eq!(said("/v1/tasks?owner=Boris")["items"][0]["customer"], "C-1");
        assert_eq!(said("/v1/tasks?owner=Anna")["items"], json!([]));

        // With an open complaint the complaint comes first, and nothing is offered.
        interaction(service, "C-1", "complaint", "open", "c1");
        let advice = said("/v1/customers/C-1/advice");
        assert_eq!((&advice["action"], &advice["offer"]), (&json!("recover"), &Value::Null), "{advice}");
        interaction(service, "C-1", "complaint", "closed", "c2");
        assert_ne!(said("/v1/customers/C-1/advice")["action"], "recover");

        let path = format!("/v1/tasks/{}/close", task["id"]);
        post(service, &path, &json!({}), 200);
        service.post(&path).by(Role::Marketer).json("{}").send().problem(409);
        service.post("/v1/tasks/7/close").by(Role::Marketer).json("{}").send().problem(404);
        let text = service.get("/v1/audit").by(Role::Admin).send().text;
        assert!(text.contains("note.add") && text.contains("owner.put") && !text.contains("morning"), "{text}");
    });
}

#[test]
fn referrals_are_facts_and_people_who_are_brought_count_once() {
    Service::on_both_stores(|service| {
        ready(service);
        let refer =
            |by: &str, who: &str| post(service, "/v1/referrals", &json!({ "customer": by, "referred": who }), 200);
        assert_eq!(refer("C-1", "P-1"), json!({ "accepted": 1, "known": 0 }));
        assert_eq!(refer("C-2", "P-1"), json!({ "accepted": 0, "known": 1 }));
        assert_eq!(refer("C-1", "C-3")["accepted"], 1);
        service
            .post("/v1/referrals")
            .by(Role::Marketer)
            .json(r#"{"customer":"C-1","referred":"C-1"}"#)
            .send()
            .problem(422);
        service
            .post("/v1/referrals")
            .by(Role::Marketer)
            .json(r#"{"customer":"nobody","referred":"P-9"}"#)
            .send()
            .problem(404);
        assert_eq!(service.number("SELECT count(*) FROM event WHERE name = 'referral'"), 2);
        let said = |path: &str| service.get(path).by(Role::Viewer).send().json();
        assert_eq!(said("/v1/customers/C-1/summary")["brought"], json!(["C-3", "P-1"]));
        assert_eq!(said("/v1/customers/P-1")["kind"], "prospect");
        // What is known of an alias is known of the survivor; what was a bringing of oneself is none.
        post(service, "/v1/customers/C-1/notes", &json!({ "text": "Likes tea" }), 201);
        merge::merge(&service.ws, &[("C-1".into(), "C-2".into())], "test").unwrap();
        let merged = said("/v1/customers/C-2/summary");
        assert_eq!((&merged["brought"], &merged["notes"][0]["text"]), (&json!(["C-3", "P-1"]), &json!("Likes tea")));
        // Forgotten with the person.
        assert_eq!(service.request("DELETE", "/v1/customers/C-2").by(Role::Admin).send().status, 204);
        let left = |sql: &str| {
            use diesel::prelude::*;
            #[derive(QueryableByName)]
            struct Count {
                #[diesel(sql_type = diesel::sql_types::BigInt)]
                n: i64,
            }
            let rows: Vec<Count> = service.ws.store().read(|conn| Ok(diesel::sql_query(sql).load(conn)?)).unwrap();
            rows[0].n
        };
        for table in ["customer_note", "customer_task", "account_owner", "referral"] {
            assert_eq!(left(&format!("SELECT count(*) AS n FROM {table}")), 0, "{table}");
        }
    });
}

#[test]
fn satisfaction_is_told_by_the_team_that_looks_after_the_customer() {
    Service::on_both_stores(|service| {
        ready(service);
        for (customer, team) in [("C-1", "north"), ("C-2", "north")] {
            let body = json!({ "owner": "Anna", "team": team }).to_string();
            assert_eq!(
                service.put(&format!("/v1/customers/{customer}/owner")).by(Role::Marketer).json(&body).send().status,
                200
            );
        }
        for (customer, mark, key) in [("C-1", 10, "a"), ("C-1", 9, "b"), ("C-2", 2, "c"), ("C-3", 7, "d")] {
            interaction(service, customer, "survey", &format!("answer_{mark}"), key);
        }
        interaction(service, "C-2", "complaint", "open", "e");
        interaction(service, "C-2", "survey", "answer_later", "f");
        let teams = service.get("/v1/kpis/satisfaction?days=30").by(Role::Viewer).send().json();
        let north = teams["items"].as_array().unwrap().iter().find(|team| team["team"] == "north").unwrap();
        assert_eq!(
            (&north["answers"], &north["mean"], &north["complaints"]),
            (&json!(3), &json!(7.0), &json!(1)),
            "{teams}"
        );
        assert!((north["promoters_less_detractors"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12);
        let nobody = teams["items"].as_array().unwrap().iter().find(|team| team["team"] == "none").unwrap();
        assert_eq!((&nobody["answers"], &nobody["customers"]), (&json!(1), &json!(0)));
        service.get("/v1/kpis/satisfaction?days=0").by(Role::Viewer).send().problem(422);
    });
}

#[test]
fn the_customers_page_says_what_to_say_and_takes_notes_and_tasks() {
    let service = Service::new().with_user(Role::Marketer).with_user(Role::Viewer);
    ready(&service);
    interaction(&service, "C-1", "complaint", "open", "c1");
    let cookie = log_in(&service, "marketer@example.com");
    let page = || service.get("/customers/C-1").header("cookie", &cookie).send().text;
    let text = page();
    assert!(text.contains("Solve the complaint, and make good") && text.contains("I am sorry"), "{text}");
    let token = form_token(&text);
    let send = |fields: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> =
            [("form_token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        service.post("/customers/C-1/service").header("cookie", &cookie).form(&all).send().status
    };
    assert_eq!(send(&[("action", "note"), ("text", "Likes <i>tea</i>")]), 303);
    assert_eq!(send(&[("action", "task"), ("text", "Call back"), ("owner", "Boris"), ("due", "2026-01-01")]), 303);
    assert_eq!(send(&[("action", "owner"), ("owner", "Anna"), ("team", "north")]), 303);
    assert_eq!(send(&[("action", "dance")]), 422);
    let text = page();
    for part in ["Likes &lt;i&gt;tea", "Call back", "overdue", "Looked after by Anna, north"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let viewer = log_in(&service, "viewer@example.com");
    let seen = service.get("/customers/C-1").header("cookie", &viewer).send().text;
    assert!(seen.contains("Call back") && !seen.contains("Write down"));
}
