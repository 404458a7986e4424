//! Rendering: one layout, the templates of the console compiled once, everything escaped.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use handlebars::Handlebars;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Kind};
use crate::operations::access::{Permission, Session};

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("templates/", $name, ".hbs")))),*]
    };
}

static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    for (name, text) in templates![
        "layout",
        "login",
        "overview",
        "campaigns",
        "campaign",
        "customers",
        "customer",
        "segments",
        "profit",
        "profit_make",
        "scorecard",
        "service",
        "prospects",
        "reviews",
        "message",
        "unsubscribe",
        "webhooks",
        "jobs",
        "job",
        "preferences",
        "bar",
        "state",
    ] {
        engine.register_template_string(name, text).expect("a template of our own, compiled in the tests");
    }
    engine
});

/// What a page shows beside its own part.
#[derive(Debug, Default)]
pub struct Frame {
    /// Who is logged in.
    pub session: Option<Session>,
    /// Whether all sending is stopped.
    pub stopped: bool,
    /// Which part of the navigation this is.
    pub here: &'static str,
    /// What has just been done.
    pub notice: String,
    /// What has just failed.
    pub fault: Option<Error>,
    /// The page's language, where it is not English.
    pub lang: Option<&'static str>,
}

impl Frame {
    /// The frame of a request's session.
    pub fn of(req: &HttpRequest, here: &'static str, stopped: bool) -> Frame {
        let session = req.extensions().get::<Session>().cloned();
        Frame { session, stopped, here, ..Frame::default() }
    }
}

/// Renders `body` with `page` into the layout.
pub fn render(status: StatusCode, frame: &Frame, title: &str, body: &str, page: impl Serialize) -> HttpResponse {
    let session = frame.session.as_ref();
    let parts = [
        ("Overview", "/"),
        ("Scorecard", "/scorecard"),
        ("Profit", "/profit"),
        ("Campaigns", "/campaigns"),
        ("Reviews", "/reviews"),
        ("Customers", "/customers"),
        ("Prospects", "/prospects"),
        ("Service", "/service"),
        ("Segments", "/segments"),
        ("Webhooks", "/webhooks"),
        ("Jobs", "/jobs"),
    ];
    let nav = parts.map(|(name, href)| json!({ "name": name, "href": href, "here": frame.here == href }));
    let fault = frame.fault.as_ref().map(|error| {
        let list: Vec<String> = error.fault_list().iter().map(ToString::to_string).collect();
        json!({ "message": error.message(), "list": list })
    });
    let view = json!({
        "title": title,
        "lang": frame.lang.unwrap_or("en"),
        "body": body,
        "page": serde_json::to_value(page).unwrap_or(Value::Null),
        "nav": nav,
        "user": session.map(|session| &session.email),
        "role": session.map(|session| session.role.as_str()),
        "form_token": session.map(|session| &session.form_token),
        "may_run": session.is_some_and(|session| session.role.may(Permission::CampaignsRun)),
        "stopped": frame.stopped,
        "notice": frame.notice,
        "fault": fault,
        "width": if session.is_some() { "" } else { "narrow" },
    });
    match ENGINE.render("layout", &view) {
        Ok(html) => HttpResponse::build(status).content_type(ContentType::html()).body(html),
        Err(error) => {
            tracing::error!(%error, body, "a page could not be rendered");
            HttpResponse::InternalServerError().content_type(ContentType::html()).body("This page could not be made.")
        }
    }
}

/// A page that says one thing.
pub fn message(status: StatusCode, heading: &str, lines: &[&str]) -> HttpResponse {
    let page = json!({ "heading": heading, "lines": lines, "back": "/", "back_name": "To the overview" });
    render(status, &Frame::default(), heading, "message", page)
}

/// A page that says what went wrong.
pub fn failure(error: &Error) -> HttpResponse {
    let (status, heading) = status_of(error);
    if status.is_server_error() {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(message = error.message(), cause, "a page failed");
    }
    let mut lines = vec![error.message().to_owned()];
    lines.extend(error.fault_list().iter().map(ToString::to_string));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    message(status, heading, &lines)
}

/// The status and heading of an error.
pub fn status_of(error: &Error) -> (StatusCode, &'static str) {
    match error.kind() {
        Kind::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be used"),
        Kind::Conflict => (StatusCode::CONFLICT, "Not now"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Try again later"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something failed here"),
    }
}

/// What nobody answers to: a page for browsers; the API makes a problem of the bare status.
pub async fn not_found(req: HttpRequest) -> HttpResponse {
    let accepts = req.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/html") && !req.path().starts_with("/v1") {
        return message(StatusCode::NOT_FOUND, "Not found", &["There is nothing at this address."]);
    }
    HttpResponse::NotFound().finish()
}

/// `GET /assets/style.css`
pub async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", include_str!("templates/style.css"))
}

/// `GET /assets/icon.svg`
pub async fn icon() -> HttpResponse {
    asset("image/svg+xml", include_str!("templates/icon.svg"))
}

fn asset(media_type: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(text)
}
