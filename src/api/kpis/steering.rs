//! `/v1/kpis/{targets,goals,sources,series,objective}`: what the company steers by, each edit with its version.

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::api::auth::Caller;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::clock::Timestamp;
use crate::operations::steering::{self, Definition, ObjectiveSpec, store};

/// `GET`: all of a kind, by name.
pub async fn list<T: Definition + Send + 'static>(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, |ws| ws.store().read(store::all::<T>)).await?)))
}

/// `GET /{name}`
pub async fn get<T: Definition + Send + 'static>(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    one::<T>(&ws, name.into_inner()).await
}

/// `GET /v1/kpis/series/{subject}/{indicator}`
pub async fn get_of<T: Definition + Send + 'static>(
    ws: Ws,
    name: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (subject, indicator) = name.into_inner();
    one::<T>(&ws, format!("{subject}/{indicator}")).await
}

/// `GET /v1/kpis/objective`
pub async fn objective(ws: Ws) -> Result<HttpResponse, Problem> {
    one::<ObjectiveSpec>(&ws, ObjectiveSpec::NAME.to_owned()).await
}

async fn one<T: Definition + Send + 'static>(ws: &Ws, name: String) -> Result<HttpResponse, Problem> {
    let kept = on_pool(ws, move |ws| ws.store().read(|conn| store::by_name::<T>(conn, &name))).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag::of(kept.version))).json(kept))
}

/// `PUT /{name}`
pub async fn put<T: Definition + Send + 'static>(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    keep::<T>(&ws, caller, name.into_inner(), &req, &bytes).await
}

/// `PUT /v1/kpis/series/{subject}/{indicator}`
pub async fn put_of<T: Definition + Send + 'static>(
    ws: Ws,
    caller: Caller,
    name: web::Path<(String, String)>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let (subject, indicator) = name.into_inner();
    keep::<T>(&ws, caller, format!("{subject}/{indicator}"), &req, &bytes).await
}

/// `PUT /v1/kpis/objective`
pub async fn put_objective(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    keep::<ObjectiveSpec>(&ws, caller, ObjectiveSpec::NAME.to_owned(), &req, &bytes).await
}

async fn keep<T: Definition + Send + 'static>(
    ws: &Ws,
    caller: Caller,
    name: String,
    req: &HttpRequest,
    bytes: &Bytes,
) -> Result<HttpResponse, Problem> {
    let spec: T = body::json(req, bytes)?;
    let expected = etag::expected(req);
    let kept =
        on_pool(ws, move |ws| steering::put(ws, &name, spec, &caller.actor, |known| expected.check(known))).await??;
    let mut answer = if kept.version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(kept.version))).json(kept))
}

/// `DELETE /{name}`
pub async fn remove<T: Definition + Send + 'static>(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    on_pool(&ws, move |ws| steering::remove::<T>(ws, &name, &caller.actor)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /v1/kpis/series/{subject}/{indicator}`
pub async fn remove_of<T: Definition + Send + 'static>(
    ws: Ws,
    caller: Caller,
    name: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (subject, indicator) = name.into_inner();
    on_pool(&ws, move |ws| steering::remove::<T>(ws, &format!("{subject}/{indicator}"), &caller.actor)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a review came to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The action that was looked at; the goal itself when absent.
    #[serde(default)]
    action: Option<String>,
    /// When it is to be looked at again.
    next: Timestamp,
    /// What was found; it stands in the audit.
    #[serde(default)]
    note: String,
}

/// `POST /v1/kpis/goals/{name}/reviews`: a goal, or one of its actions, was looked at.
pub async fn review(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let Review { action, next, note } = body::json(&req, &bytes)?;
    let kept =
        on_pool(&ws, move |ws| steering::review(ws, &name, action.as_deref(), next, &note, &caller.actor)).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag::of(kept.version))).json(kept))
}
