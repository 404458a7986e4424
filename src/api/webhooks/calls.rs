//! `GET /v1/webhooks/{id}/events`

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::webhooks;
use crate::webhooks::CallState;

/// Which events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallQuery {
    state: Option<CallState>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// What became of each event, the latest first, with every attempt.
pub async fn handle(ws: Ws, name: web::Path<String>, query: web::Query<CallQuery>) -> Result<HttpResponse, Problem> {
    let CallQuery { state, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let list = format!("webhooks/{name}/events");
    let (limit, before) = (page.limit()?, page.after(ws.id_key(), &list)?);
    let rows = on_pool(&ws, move |ws| webhooks::calls(ws, &name, state, before, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), &list, |row| row.position)))
}
