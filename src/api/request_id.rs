//! Gives every request an id, counts and logs it, and turns whatever went wrong into a problem that names both.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};

use super::metrics::Metrics;
use super::problem::Problem;

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request being answered.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The middleware, for `actix_web::middleware::from_fn`.
pub async fn give(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = fresh();
    req.extensions_mut().insert(RequestId(id.clone()));
    let metrics = req.app_data::<web::Data<Metrics>>().cloned();
    let path = req.path().to_owned();
    let started = std::time::Instant::now();
    let mut answer = match next.call(req).await {
        Ok(answer) => finish(answer.map_into_boxed_body(), &id),
        // Guards and handlers answer with a response; only what is wrong with the service itself comes here.
        Err(error) => return Err(InternalError::from_response("refused", of_error(&error).answer(&path, &id)).into()),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(HEADER, value);
    }
    let (status, elapsed) = (answer.status().as_u16(), started.elapsed());
    if let Some(metrics) = metrics {
        metrics.count(status, elapsed);
    }
    // The pattern, not the path: a path can hold a customer's key.
    let route = answer.request().match_pattern().unwrap_or_default();
    let (method, millis) = (answer.request().method().as_str(), elapsed.as_millis() as u64);
    tracing::info!(request_id = id, method, route, status, millis, "answered");
    Ok(answer)
}

/// An error's answer is made again, with path and id; an answer that is a bare status gets a body.
fn finish(answer: ServiceResponse<BoxBody>, id: &str) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    let failed = status.is_client_error() || status.is_server_error();
    let problem = match answer.response().error() {
        Some(error) => of_error(error),
        None if failed && matches!(answer.response().body().size(), BodySize::None | BodySize::Sized(0)) => {
            Problem::of_status(status)
        }
        None => return answer,
    };
    let (request, old) = answer.into_parts();
    let mut new: HttpResponse = problem.answer(request.path(), id);
    for (name, value) in old.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH && !new.headers().contains_key(name) {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, new)
}

fn of_error(error: &Error) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone_for_answer(),
        None => Problem::of_status(error.as_response_error().status_code()),
    }
}

fn fresh() -> String {
    let mut bytes = [0u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        // An id only has to tell requests of one log apart.
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        bytes = COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    }
    crate::ids::hex(&bytes)
}
