//! Writes that are sent again: with the same Idempotency-Key and body the first answer comes back and nothing is done twice.

use actix_web::body::{BoxBody, to_bytes_limited};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

use super::auth::{self, Caller};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::clock::{DAY, MINUTE};
use crate::error::Result;
use crate::operations::Workspace;
use crate::storage::schema::idempotency;

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// How long an answer is kept.
const KEPT: i64 = DAY;
/// After this a first request without an answer is taken for dead with its process.
const ABANDONED: i64 = 5 * MINUTE;
/// Larger answers are not kept.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// What is known of a key.
enum Found {
    /// Never seen: go on.
    New,
    /// The answer of the first request.
    Answered { status: u16, headers: Vec<(String, String)>, body: String },
    /// Another request had this key.
    OtherRequest,
    /// The first request is still at work.
    AtWork,
}

/// Passes a request on, unless its key has been answered before.
pub async fn once(
    ws: Ws,
    caller: &Caller,
    mut req: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(req.method());
    let Some(key) = req.headers().get(&HEADER).filter(|_| writes).cloned() else { return next.call(req).await };
    match first_time(&ws, caller, &mut req, &key).await {
        Ok((key, None)) => {
            let answer = next.call(req).await;
            if !answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                forget(&ws, caller, key).await?;
                return answer;
            }
            let (request, answer) = answer?.into_parts();
            Ok(ServiceResponse::new(request, keep(&ws, caller, key, answer).await?))
        }
        Ok((_, Some(kept))) => Ok(req.into_response(kept)),
        Err(error) => Ok(auth::refuse(req, error)),
    }
}

/// The same for a body that was streamed to where it stays, and is known by its digest: does `work`, unless the request's key
/// has been answered before.
pub async fn once_for(
    ws: &Ws,
    caller: &Caller,
    req: &HttpRequest,
    content: &str,
    work: impl Future<Output = Result<HttpResponse, Problem>>,
) -> Result<HttpResponse, Problem> {
    let Some(key) = req.headers().get(&HEADER) else { return work.await };
    let digest = digest(req, content.as_bytes());
    let (key, kept) = look_up(ws, caller, key, digest).await?;
    if let Some(kept) = kept {
        return Ok(kept);
    }
    match work.await {
        Ok(answer) => keep(ws, caller, key, answer).await,
        Err(problem) => {
            forget(ws, caller, key).await?;
            Err(problem)
        }
    }
}

/// The key, and the kept answer when there is one. The body is read and put back.
async fn first_time(
    ws: &Ws,
    caller: &Caller,
    req: &mut ServiceRequest,
    key: &HeaderValue,
) -> Result<(String, Option<HttpResponse>), Error> {
    let content = read_body(req).await?;
    let digest = digest(req.request(), &content);
    req.set_payload(Payload::from(content));
    Ok(look_up(ws, caller, key, digest).await?)
}

async fn look_up(
    ws: &Ws,
    caller: &Caller,
    key: &HeaderValue,
    digest: String,
) -> Result<(String, Option<HttpResponse>), Problem> {
    let key = key.to_str().ok().filter(|key| (1..=200).contains(&key.len())).map(str::to_owned);
    let key = key.ok_or_else(|| Problem::fault("Idempotency-Key", "must have 1 to 200 visible ASCII characters"))?;
    let (of, looked_for) = (caller.actor.clone(), key.clone());
    match on_pool(ws, move |ws| begin(ws, &of, &looked_for, &digest)).await? {
        Found::New => Ok((key, None)),
        Found::Answered { status, headers, body } => Ok((key, Some(replay(status, &headers, body)))),
        Found::OtherRequest => Err(Problem::fault("Idempotency-Key", "was used for another request; make a new one")),
        Found::AtWork => {
            let detail = "the first request with this Idempotency-Key is still at work; ask again";
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
    }
}

async fn read_body(req: &mut ServiceRequest) -> Result<Bytes, Error> {
    // Within the limit that the route has set for its body.
    let (request, payload) = req.parts_mut();
    Bytes::from_request(request, payload).await
}

/// What makes two requests the same: method, path with query, body.
fn digest(req: &HttpRequest, content: &[u8]) -> String {
    let mut hasher = Sha256::new();
    for part in [req.method().as_str().as_bytes(), req.uri().to_string().as_bytes(), content] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    crate::ids::hex(&hasher.finalize())
}

fn begin(ws: &Workspace, caller: &str, key: &str, digest: &str) -> Result<Found> {
    let now = ws.now();
    ws.store().write(|conn| {
        let old = idempotency::table.filter(idempotency::started_at.lt(now.plus(-KEPT).0));
        diesel::delete(old).execute(conn)?;
        let dead = idempotency::table
            .find((caller, key))
            .filter(idempotency::status.is_null())
            .filter(idempotency::started_at.lt(now.plus(-ABANDONED).0));
        diesel::delete(dead).execute(conn)?;
        let row: Option<(String, Option<i32>, String, String)> = idempotency::table
            .find((caller, key))
            .select((idempotency::request_hash, idempotency::status, idempotency::headers, idempotency::body))
            .first(conn)
            .optional()?;
        let Some((hash, status, headers, body)) = row else {
            diesel::insert_into(idempotency::table)
                .values((
                    idempotency::caller.eq(caller),
                    idempotency::idempotency_key.eq(key),
                    idempotency::request_hash.eq(digest),
                    idempotency::started_at.eq(now.0),
                    idempotency::headers.eq("[]"),
                    idempotency::body.eq(""),
                ))
                .execute(conn)?;
            return Ok(Found::New);
        };
        Ok(match status {
            _ if hash != digest => Found::OtherRequest,
            None => Found::AtWork,
            Some(status) => Found::Answered {
                status: u16::try_from(status).unwrap_or(500),
                headers: serde_json::from_str(&headers)?,
                body,
            },
        })
    })
}

fn replay(status: u16, headers: &[(String, String)], body: String) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = HttpResponse::build(status);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            answer.insert_header((name, value));
        }
    }
    answer.insert_header((HeaderName::from_static("idempotency-replayed"), "true"));
    answer.body(body)
}

/// Keeps the answer of the first request.
async fn keep(ws: &Ws, caller: &Caller, key: String, answer: HttpResponse) -> Result<HttpResponse, Problem> {
    let (head, content) = answer.into_parts();
    let too_large = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer is too large to be kept");
    let content = to_bytes_limited(content, LARGEST_ANSWER).await.ok().and_then(Result::ok).ok_or_else(too_large)?;
    let kept: Vec<(String, String)> = [header::CONTENT_TYPE, header::ETAG, header::LOCATION]
        .iter()
        .filter_map(|name| Some((name.to_string(), head.headers().get(name)?.to_str().ok()?.to_owned())))
        .collect();
    let (status, text) = (i32::from(head.status().as_u16()), String::from_utf8_lossy(&content).into_owned());
    let caller = caller.actor.clone();
    on_pool(ws, move |ws| {
        let headers = serde_json::to_string(&kept)?;
        ws.store().write(|conn| {
            diesel::update(idempotency::table.find((&caller, &key)))
                .set((idempotency::status.eq(status), idempotency::headers.eq(headers), idempotency::body.eq(text)))
                .execute(conn)?;
            Ok(())
        })
    })
    .await?;
    Ok(head.set_body(BoxBody::new(content)))
}

/// Forgets the key of a request that failed, so that the caller can try again.
async fn forget(ws: &Ws, caller: &Caller, key: String) -> Result<(), Problem> {
    let caller = caller.actor.clone();
    on_pool(ws, move |ws| {
        ws.store().write(|conn| {
            diesel::delete(idempotency::table.find((caller, key))).execute(conn)?;
            Ok(())
        })
    })
    .await
}
