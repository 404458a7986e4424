//! `/v1/jobs`: background work.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::error::Error;
use crate::ids::JobId;
use crate::jobs::{State, by_hand, queue};

/// Which jobs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobQuery {
    state: Option<State>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/jobs`: newest first.
pub async fn list(ws: Ws, query: web::Query<JobQuery>) -> Result<HttpResponse, Problem> {
    let JobQuery { state, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "jobs")?.map(JobId));
    let rows = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let after = after.map(|id| Ok::<_, Error>((queue::get(conn, id)?.created_at, id))).transpose()?;
            queue::page(conn, state, after, limit)
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "jobs", |row| row.id.0)))
}

/// `GET /v1/jobs/{id}`
pub async fn get(ws: Ws, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    let id = JobId(id.into_inner());
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| ws.store().read(|conn| queue::get(conn, id))).await?))
}

/// `POST /v1/jobs/{id}/retry`: has a job tried again that was laid aside or cancelled.
pub async fn retry(ws: Ws, caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    let id = JobId(id.into_inner());
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| by_hand::retry(ws, id, &caller.actor)).await?))
}

/// `POST /v1/jobs/{id}/cancel`: calls a job off.
pub async fn cancel(ws: Ws, caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    let id = JobId(id.into_inner());
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| by_hand::cancel(ws, id, &caller.actor)).await?))
}
