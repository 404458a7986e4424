//! The service in a test, as a sentence: `Service::new().with_customer("C-1").post("/v1/orders").by(Role::Ingest).json(...)`.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::channel;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde_json::Value;
use vizavi::clock::{ManualClock, Timestamp};
use vizavi::jobs::{self, Only, Stop, Worked};
use vizavi::operations::access::{Role, key, user};
use vizavi::operations::{Options, Workspace};
use vizavi::settings::Settings;

/// The password of every user of a test.
pub const PASSWORD: &str = "correct horse battery";

/// A running service over an empty workspace.
pub struct Service {
    /// The workspace behind it.
    pub ws: Workspace,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

/// A request on its way.
pub struct Request<'a> {
    service: &'a Service,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Service {
    /// Starts on a free port; ends with the process.
    pub fn new() -> Service {
        Service::on(None)
    }

    /// The same over the database at this URL.
    pub fn on(database_url: Option<&str>) -> Service {
        Service::with(database_url, Settings::default())
    }

    /// The same with other settings.
    pub fn with(database_url: Option<&str>, settings: Settings) -> Service {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::new(Timestamp::parse("2026-02-02T09:00:00Z").expect("a time")));
        let options = Options { seed: Some(7), settings: Some(settings) };
        let ws = Workspace::open(folder.path(), database_url, clock.clone(), options).expect("a workspace");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (tell, told) = channel();
        let served = ws.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let (server, address) = vizavi::service::start_on(&served, listener).expect("the service starts");
                tell.send(address).expect("the test waits");
                server.await.expect("the service runs");
            });
        });
        let address = told.recv().expect("the service's address");
        Service { ws, clock, address, _folder: folder }
    }

    /// Runs a test on the embedded store and, where PostgreSQL is installed, on a new database.
    pub fn on_both_stores(test: impl Fn(&Service)) {
        test(&Service::new());
        if let Some(url) = crate::support::postgres::database() {
            test(&Service::on(Some(&url)));
        }
    }

    /// Does the jobs that are due.
    pub fn work(&self) -> Worked {
        jobs::work(&self.ws, &Stop::default(), true, Some(Only::Jobs)).expect("a worker")
    }

    /// A fresh key of this role.
    pub fn key_of(&self, role: Role) -> String {
        key::create(&self.ws, "test", role, None, "test").expect("a key").1
    }

    /// The number that a query of history answers.
    pub fn number(&self, sql: &str) -> i64 {
        let batches = self.ws.history().query(sql).expect("a query");
        batches[0].column(0).as_primitive::<Int64Type>().value(0)
    }

    /// The text that a query of history answers.
    pub fn text(&self, sql: &str) -> String {
        let batches = self.ws.history().query(sql).expect("a query");
        let batch = batches.iter().find(|batch| batch.num_rows() > 0).expect("a row");
        batch.column(0).as_string::<i32>().value(0).to_owned()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Adds a user of this role, named after it.
    pub fn with_user(self, role: Role) -> Service {
        user::create(&self.ws, &format!("{}@example.com", role.as_str()), role, PASSWORD, "test").expect("a user");
        self
    }

    /// Adds a customer with an e-mail address.
    pub fn with_customer(self, id: &str) -> Service {
        let profile = format!("{{\"first_name\":\"Ann\",\"last_name\":\"Example\",\"email\":\"{id}@example.com\"}}");
        let answer = self.put(&format!("/v1/customers/{id}")).by(Role::Admin).json(&profile).send();
        assert_eq!(answer.status, 201, "{}", answer.text);
        self
    }

    pub fn get(&self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    pub fn post(&self, path: &str) -> Request<'_> {
        self.request("POST", path)
    }

    pub fn put(&self, path: &str) -> Request<'_> {
        self.request("PUT", path)
    }

    pub fn request(&self, method: &'static str, path: &str) -> Request<'_> {
        Request { service: self, method, path: path.to_owned(), headers: Vec::new(), body: Vec::new() }
    }
}

impl Request<'_> {
    /// With a fresh key of this role.
    pub fn by(self, role: Role) -> Self {
        let key = self.service.key_of(role);
        self.key(&key)
    }

    /// With this key.
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a JSON body.
    pub fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    /// With a form, sent from a page of this very service.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let encoded: Vec<String> = fields.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let origin = self.service.url("");
        self.header("origin", &origin).body("application/x-www-form-urlencoded", &encoded.join("&"))
    }

    pub fn body(self, media_type: &str, body: &str) -> Self {
        self.bytes(media_type, body.as_bytes())
    }

    pub fn bytes(mut self, media_type: &str, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("content-type", media_type)
    }

    /// Sends it, and follows no redirect.
    pub fn send(self) -> Answer {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let mut request = ureq::http::Request::builder().method(self.method).uri(self.service.url(&self.path));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut answer = agent.run(request.body(self.body).expect("a request")).expect("an answer");
        let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = answer.body_mut().read_to_vec().expect("a body");
        Answer { status: answer.status().as_u16(), headers, text: String::from_utf8_lossy(&body).into_owned() }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Asserts a problem of this status that names path and request, and gives it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        assert!(problem["instance"].as_str().is_some_and(|path| path.starts_with('/')));
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10));
        problem
    }
}

/// A text in a form.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
