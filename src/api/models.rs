//! `/v1/models`: what was trained, what serves, and having another fit serve.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::auth::Caller;
use super::page::Page;
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::ids::ModelVersionId;
use crate::models::registry;
use crate::operations::models as base;

/// `GET /v1/models`
pub async fn list(ws: Ws) -> Result<HttpResponse, Problem> {
    let fits = on_pool(&ws, |ws| ws.store().read(|conn| registry::list(conn, None))).await?;
    Ok(HttpResponse::Ok().json(Page::whole(fits)))
}

/// `GET /v1/models/{id}`: the version that serves, or the newest, with its card and its drift.
pub async fn get(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| base::show(ws, &name)).await?))
}

/// Which version is to serve.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// Its id.
    pub version: i64,
}

/// `POST /v1/models/{id}/promote`
pub async fn promote(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Promotion = body::json(&req, &bytes)?;
    let version = ModelVersionId(asked.version);
    let serving = on_pool(&ws, move |ws| base::promote(ws, &name, version, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(serving))
}

/// `POST /v1/models/{id}/rollback`
pub async fn rollback(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| base::rollback(ws, &name, &caller.actor)).await?))
}
