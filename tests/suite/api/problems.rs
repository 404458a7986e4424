//! Whatever goes wrong is a problem that names the fault and the fix.

use vizavi::operations::access::Role;

use super::service::Service;

#[test]
fn a_problem_has_the_shape_of_rfc_9457() {
    let service = Service::new();
    let body = "{\"name\":\"a b\",\"benefit\":{\"percent\":200},\"base_rate\":3}";
    let answer = service.put("/v1/offers/a%20b").by(Role::Marketer).json(body).send();
    let mut problem = answer.problem(422);
    problem["request_id"] = "0123456789abcdef".into();
    insta::assert_json_snapshot!(problem, @r#"
    {
      "type": "/docs#problem-422",
      "title": "Unprocessable Entity",
      "status": 422,
      "detail": "the offer `a b` cannot be used",
      "instance": "/v1/offers/a%20b",
      "request_id": "0123456789abcdef",
      "errors": [
        {
          "key": "name",
          "message": "must be 1 to 100 letters, digits, `-`, `_` or `.`"
        },
        {
          "key": "base_rate",
          "message": "3 is outside 0..1"
        },
        {
          "key": "benefit.percent",
          "message": "200 is outside 0..100"
        }
      ]
    }
    "#);
}

#[test]
fn what_the_protocol_refuses_is_a_problem_too() {
    let service = Service::new();
    let put = |media: &str, body: &str| service.put("/v1/offers/x").by(Role::Admin).body(media, body).send();
    service.get("/v1/nothing").by(Role::Admin).send().problem(404);
    let wrong = service.request("DELETE", "/v1/offers").by(Role::Admin).send();
    wrong.problem(405);
    assert_eq!(wrong.header("allow"), Some("GET"));
    put("text/plain", "{}").problem(415);
    put("application/json", "{\"name\":").problem(400);
    let deep = format!("{{\"name\":\"x\",\"eligibility\":{}", "{\"not\":".repeat(100_000));
    put("application/json", &deep).problem(400);
    put("application/json", &format!("\"{}\"", "x".repeat(1024 * 1024))).problem(413);
    for body in [
        "{\"name\":\"x\",\"benefit\":\"information\",\"tenant_id\":1}",
        "{\"name\":\"x\",\"name\":\"x\",\"benefit\":\"information\"}",
        "{\"name\":\"x\",\"benefit\":\"information\",\"stock\":1e400}",
        "{\"name\":\"x\",\"benefit\":\"information\",\"stock\":9223372036854775808}",
        "{\"name\":\"x\",\"benefit\":\"information\",\"cost\":0.3}",
        "{\"name\":\"x\",\"benefit\":\"information\",\"valid_from\":\"292277026596-01-01T00:00:00Z\"}",
        "{\"name\":\"x\",\"benefit\":\"information\",\"base_rate\":\"NaN\"}",
    ] {
        let answer = put("application/json", body);
        assert!([400, 422].contains(&answer.status), "{body}: {}", answer.text);
        answer.problem(answer.status);
    }
    assert_eq!(service.get("/healthz").send().status, 200);
}

#[test]
fn control_characters_and_impossible_addresses_are_refused() {
    let service = Service::new();
    for profile in [
        "{\"email\":\"a@b.c\\r\\nBcc: x@y.z\"}",
        "{\"first_name\":\"Ann\\u0000\"}",
        "{\"email\":\"a@@b\"}",
        "{\"zone\":\"Mars/Base\"}",
        "{\"attributes\":{\"deep\":{\"x\":1}}}",
        "{\"kind\":\"king\"}",
    ] {
        let answer = service.put("/v1/customers/C-1").by(Role::Ingest).json(profile).send();
        assert!(!answer.problem(422)["errors"].as_array().unwrap().is_empty(), "{profile}");
    }
    service.get("/v1/customers/C-1").by(Role::Viewer).send().problem(404);
}

#[test]
fn every_answer_tells_browsers_what_they_may_not_do() {
    let service = Service::new();
    for path in ["/docs", "/healthz", "/login", "/v1/offers", "/nothing"] {
        let answer = service.get(path).send();
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("script-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
    }
}
