//! The console from outside: sessions, forms, escaping; and a browser, where one is installed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vizavi::clock::HOUR;
use vizavi::jobs::{Work, queue};
use vizavi::operations::access::{Role, user};

use crate::api::service::{PASSWORD, Service};

/// Logs in; gives the cookie.
pub fn log_in(service: &Service, email: &str) -> String {
    let answer = service.post("/login").form(&[("email", email), ("password", PASSWORD), ("next", "/")]).send();
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{}", answer.text);
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    cookie.split(';').next().expect("name and value").to_owned()
}

/// The token that forms of a page carry.
pub fn form_token(page: &str) -> String {
    let rest = page.split("name=\"form_token\" value=\"").nth(1).expect("a form");
    rest.split('"').next().expect("its token").to_owned()
}

#[test]
fn every_page_needs_a_session_and_leads_to_the_log_in() {
    let service = Service::new().with_user(Role::Viewer);
    for path in [
        "/",
        "/campaigns",
        "/customers",
        "/customers/C-1",
        "/campaigns/x",
        "/segments",
        "/profit",
        "/scorecard",
        "/prospects",
        "/service",
        "/reviews",
        "/webhooks",
        "/jobs",
        "/jobs/7",
    ] {
        let answer = service.get(path).send();
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.header("location").is_some_and(|to| to.starts_with("/login")));
    }
    let wrong = service.post("/login").form(&[("email", "viewer@example.com"), ("password", "wrong")]).send();
    assert!(wrong.status == 401 && wrong.header("set-cookie").is_none());
    let cookie = log_in(&service, "viewer@example.com");
    let page = service.get("/").header("cookie", &cookie).send();
    assert_eq!(page.status, 200);
    assert!(page.text.contains("What this base is worth") && !page.text.contains("Stop all sending"));
    user::set_password(&service.ws, "viewer@example.com", "another long one", "test").unwrap();
    assert_eq!(service.get("/").header("cookie", &cookie).send().status, 303, "a new password ends the session");
}

#[test]
fn a_form_counts_only_with_the_sessions_token_and_from_this_very_site() {
    let service = Service::new().with_user(Role::Marketer);
    let cookie = log_in(&service, "marketer@example.com");
    let token = form_token(&service.get("/").header("cookie", &cookie).send().text);
    let stopped = || vizavi::operations::send::is_stopped(&service.ws).unwrap();
    let post = || service.post("/sending/stop").header("cookie", &cookie);
    let body = format!("form_token={token}");
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(post().form(&[]).send().status, 403, "no token");
    assert_eq!(post().form(&[("form_token", "guess")]).send().status, 403, "a wrong token");
    assert_eq!(post().body(kind, &body).send().status, 403, "no origin");
    assert_eq!(post().header("origin", "https://evil.example").body(kind, &body).send().status, 403);
    assert_eq!(post().header("origin", "null").body(kind, &body).send().status, 403);
    assert!(!stopped());
    assert_eq!(post().form(&[("form_token", &token)]).send().status, 303);
    assert!(stopped());
    let page = service.get("/").header("cookie", &cookie).send().text;
    assert!(page.contains("All sending stopped") && page.contains("Start sending"));
}

#[test]
fn what_a_role_may_not_do_has_no_button_and_is_refused() {
    let service = Service::new().with_user(Role::Viewer).with_user(Role::Marketer);
    let cookie = log_in(&service, "viewer@example.com");
    let other = log_in(&service, "marketer@example.com");
    let token = form_token(&service.get("/").header("cookie", &cookie).send().text);
    for path in ["/sending/stop", "/campaigns/x/run", "/campaigns/x/approve", "/campaigns/x/test-send"] {
        let answer = service.post(path).header("cookie", &cookie).form(&[("form_token", &token)]).send();
        assert_eq!(answer.status, 403, "{path}");
        let crossed = service.post(path).header("cookie", &other).form(&[("form_token", &token)]).send();
        assert_eq!(crossed.status, 403, "{path}: the token of another session");
    }
}

#[test]
fn every_job_has_a_page_from_which_it_is_cancelled_and_tried_again() {
    let service = Service::new().with_user(Role::Viewer).with_user(Role::Marketer);
    let work = Work::CampaignRun { campaign: "win-back".into(), due: service.ws.now() };
    let now = service.ws.now();
    let put = |conn: &mut _| queue::enqueue(conn, service.ws.id_key(), &work, "1", now.plus(HOUR), now);
    assert!(service.ws.store().write(put).unwrap());
    let viewer = log_in(&service, "viewer@example.com");
    let read = |path: &str, cookie: &str| service.get(path).header("cookie", cookie).send();
    let list = read("/jobs?state=waiting", &viewer).text;
    let path = list.split("href=\"").find(|part| part.starts_with("/jobs/")).expect("a job");
    let path = path.split('"').next().expect("its page");
    assert!(list.contains("Start win-back, due"), "{list}");
    assert!(!read("/jobs?state=dead", &viewer).text.contains("Start win-back"));
    assert!(read("/", &viewer).text.contains(path), "the overview leads to it");
    let page = read(path, &viewer).text;
    assert!(page.contains("0 of 8") && page.contains("href=\"/campaigns/win-back\""), "{page}");
    assert!(!page.contains("Try again") && !page.contains("name=\"action\""), "a viewer has no button");

    let marketer = log_in(&service, "marketer@example.com");
    let token = form_token(&read(path, &marketer).text);
    let act = |action: &str| {
        service.post(path).header("cookie", &marketer).form(&[("form_token", &token), ("action", action)]).send()
    };
    assert_eq!(act("retry").status, 409, "what waits is not tried again");
    assert_eq!(act("cancel").status, 303);
    let page = read(path, &marketer).text;
    assert!(page.contains("cancelled by user:") && page.contains("Try again"), "{page}");
    assert_eq!(act("retry").status, 303);
    assert!(read(path, &marketer).text.contains("Not before"));
    assert_eq!(read("/jobs/8", &viewer).status, 404);
}

#[test]
fn whatever_a_customer_is_called_is_shown_as_text() {
    let service = Service::new().with_user(Role::Viewer);
    let evil = "<img src=x onerror=alert(1)>";
    let profile = json!({ "first_name": evil, "last_name": "\"><script>alert(2)</script>", "address": evil,
        "country": evil, "attributes": { evil: evil } });
    let put = service.put("/v1/customers/C%3Cb%3E1").by(Role::Ingest).json(&profile.to_string()).send();
    assert_eq!(put.status, 201, "{}", put.text);
    let cookie = log_in(&service, "viewer@example.com");
    for path in ["/customers", "/customers?q=%3Cimg", "/customers?q=%22%3E%3Cscript%3E", "/customers/C%3Cb%3E1"] {
        let page = service.get(path).header("cookie", &cookie).send();
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("<img") && !page.text.contains("<script") && !page.text.contains("<b>1"), "{path}");
    }
    let missing = service.get("/customers/%3Cscript%3E").header("cookie", &cookie).send();
    assert!(missing.status == 404 && !missing.text.contains("<script>"));
}

/// A browser that is driven by the WebDriver protocol; it ends with its driver.
struct Browser {
    driver: std::process::Child,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// None, when no driver is installed.
    fn start() -> Option<Browser> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let driver = std::process::Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .ok()?;
        let profile = tempfile::tempdir().expect("a profile folder");
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--window-size=1280,1600".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        let url = format!("http://127.0.0.1:{port}/session");
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            if let Ok(mut answer) = ureq::post(&url).send_json(&wanted) {
                let made: Value = answer.body_mut().read_json().expect("an answer of the driver");
                let id = made["value"]["sessionId"].as_str().expect("a session").to_owned();
                return Some(Browser { driver, session: format!("{url}/{id}"), _profile: profile });
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("chromedriver does not answer");
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}", self.session);
        let mut answer = ureq::post(&url).send_json(&body).unwrap_or_else(|error| panic!("{path} {body}: {error}"));
        let answered: Value = answer.body_mut().read_json().expect("JSON");
        answered["value"].clone()
    }

    fn open(&self, url: &str) {
        self.post("url", json!({ "url": url }));
    }

    /// The element that a CSS selector names; waits for it.
    fn find(&self, selector: &str) -> String {
        self.post("timeouts", json!({ "implicit": 10_000 }));
        let found = self.post("element", json!({ "using": "css selector", "value": selector }));
        found.as_object().and_then(|map| map.values().next()?.as_str()).expect("an element").to_owned()
    }

    fn click(&self, selector: &str) {
        self.post(&format!("element/{}/click", self.find(selector)), json!({}));
    }

    fn write(&self, selector: &str, text: &str) {
        self.post(&format!("element/{}/value", self.find(selector)), json!({ "text": text }));
    }

    fn text(&self, selector: &str) -> String {
        let url = format!("{}/element/{}/text", self.session, self.find(selector));
        let mut answer = ureq::get(&url).call().expect("a text");
        let answered: Value = answer.body_mut().read_json().expect("JSON");
        answered["value"].as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn in_a_browser_one_logs_in_opens_a_campaign_and_presses_a_button() {
    let Some(browser) = Browser::start() else {
        eprintln!("skipped: chromedriver is not installed");
        return;
    };
    let service = Service::new().with_user(Role::Marketer);
    let offer = "{\"name\":\"ten\",\"benefit\":{\"percent\":10}}";
    assert_eq!(service.put("/v1/offers/ten").by(Role::Marketer).json(offer).send().status, 201);
    let folder = json!({
        "spec": { "name": "win-back", "title": "Win back", "offers": ["ten"], "channels": [{ "channel": "email" }] },
        "templates": { "a/en/subject.hbs": "Hello", "a/en/text.hbs": "Hello {{customer.name}}" },
    });
    let applied = service.put("/v1/campaigns/win-back").by(Role::Marketer).json(&folder.to_string()).send();
    assert_eq!(applied.status, 201, "{}", applied.text);

    browser.open(&service.url("/campaigns"));
    browser.write("#email", "marketer@example.com");
    browser.write("#password", PASSWORD);
    browser.click("button.primary");
    browser.click("a[href='/campaigns/win-back']");
    assert!(browser.text("h1").starts_with("Win back"));
    browser.click("button[value=cancel]");
    assert!(browser.text("[role=status]").contains("Cancelled"));
    assert_eq!(browser.text("h1 .badge"), "cancelled");
    browser.click("form[action='/sending/stop'] button");
    assert!(browser.text(".top .badge").contains("stopped"));
}
