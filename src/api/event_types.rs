//! `/v1/event-types`: which properties an event of a name may carry.

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::auth::Caller;
use super::page::Page;
use super::problem::Problem;
use super::{Ws, body, etag, on_pool};
use crate::history::event_types::EventType;
use crate::operations::event_types;

/// A declaration with its name.
#[derive(Serialize)]
struct Shown {
    name: String,
    #[serde(flatten)]
    declared: EventType,
}

/// `GET /v1/event-types`
pub async fn list(ws: Ws) -> Result<HttpResponse, Problem> {
    let all = on_pool(&ws, event_types::declared).await?;
    let shown = all.0.into_iter().map(|(name, declared)| Shown { name, declared });
    Ok(HttpResponse::Ok().json(Page::whole(shown.collect())))
}

/// `GET /v1/event-types/{name}`
pub async fn get(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let name = name.into_inner();
    let of = name.clone();
    let (declared, version) = on_pool(&ws, move |ws| event_types::one(ws, &of)).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag::of(version))).json(Shown { name, declared }))
}

/// `PUT /v1/event-types/{name}`
pub async fn put(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let (name, declared): (String, EventType) = (name.into_inner(), body::json(&req, &bytes)?);
    let expected = etag::expected(&req);
    let (of, event) = (name.clone(), declared.clone());
    let version =
        on_pool(&ws, move |ws| event_types::put(ws, &of, &event, &caller.actor, |known| expected.check(known)))
            .await??;
    let mut answer = if version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(version))).json(Shown { name, declared }))
}
