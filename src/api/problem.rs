//! Errors as HTTP: RFC 9457 `application/problem+json`. The only place of the API that knows which kind has which status.
//!
//! | kind | status |
//! |---|---|
//! | NotFound | 404 |
//! | Invalid | 422 |
//! | Conflict | 409 |
//! | Unavailable | 503, with Retry-After |
//! | Internal | 500 |

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::error::{Error, Fault, Kind};

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, as it is answered.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of a problem.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// Where the kind of problem is described.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, and what to do.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// The id under which the log knows this request.
    pub request_id: String,
    /// Each fault of the input, with its key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemFault>,
}

/// One fault of the input.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemFault {
    /// The file, for definitions that came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The key, dotted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What is wrong with it, and the fix.
    pub message: String,
}

impl Problem {
    /// A problem that only the edge knows.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem { status, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// The body does not have the form it must have.
    pub fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// One value is wrong.
    pub fn fault(key: &str, message: impl Into<String>) -> Problem {
        Error::faults("the request cannot be used", vec![Fault::at(key, message)]).into()
    }

    /// The same problem with a header beside it.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &'static str) -> Problem {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// Gives each fault another line, or none.
    pub(super) fn renumber(&mut self, line: impl Fn(u64) -> Option<u64>) {
        for fault in &mut self.errors {
            fault.line = fault.line.and_then(&line);
        }
    }

    pub(super) fn clone_for_answer(&self) -> Problem {
        let (detail, errors, headers) = (self.detail.clone(), self.errors.clone(), self.headers.clone());
        Problem { status: self.status, detail, errors, headers }
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What a status without a body of its own says.
    pub fn of_status(status: StatusCode) -> Problem {
        let detail = match status {
            StatusCode::NOT_FOUND => "there is nothing at this address; see /docs",
            StatusCode::METHOD_NOT_ALLOWED => "this address does not take this method; see the Allow header",
            StatusCode::PAYLOAD_TOO_LARGE => "the body is too large; JSON may have 1 MB, NDJSON 16 MB",
            StatusCode::REQUEST_TIMEOUT => "the request took too long to arrive",
            status if status.is_server_error() => "something failed here; the log knows more under the request id",
            _ => "the request cannot be understood",
        };
        Problem::new(status, detail)
    }

    /// The problem as the body of an answer to `instance`.
    pub fn body(&self, instance: &str, request_id: &str) -> ProblemBody {
        let title = self.status.canonical_reason().unwrap_or("Problem");
        ProblemBody {
            kind: format!("/docs#problem-{}", self.status.as_u16()),
            title: title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors.iter().cloned().map(ProblemFault::from).collect(),
        }
    }

    /// The whole answer.
    pub fn answer(&self, instance: &str, request_id: &str) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.clone()));
        }
        answer.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        let body = serde_json::to_string(&self.body(instance, request_id));
        answer.body(body.expect("a problem is texts and numbers"))
    }
}

impl From<Fault> for ProblemFault {
    fn from(fault: Fault) -> ProblemFault {
        ProblemFault { file: fault.file, line: fault.line, key: fault.key, message: fault.message }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let status = match error.kind() {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(message = error.message(), cause, "a request failed");
        }
        let errors = error.fault_list().to_vec();
        let problem = Problem { errors, ..Problem::new(status, error.message()) };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return problem.with_header(header::RETRY_AFTER, "5");
        }
        problem
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Without the request at hand; [`super::request_id`] answers again with path and id.
    fn error_response(&self) -> HttpResponse {
        self.answer("", "")
    }
}
