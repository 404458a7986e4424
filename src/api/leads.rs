//! `/v1/leads`: prospects with source and cost, their scores, and their conversion.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::operations::leads::{self, NewLead};

/// Which leads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadQuery {
    source: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET`: a page of them.
pub async fn list(ws: Ws, query: web::Query<LeadQuery>) -> Result<HttpResponse, Problem> {
    let LeadQuery { source, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "leads")?);
    let rows = on_pool(&ws, move |ws| leads::list(ws, source.as_deref(), after, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "leads", |row| row.lead.id)))
}

/// `POST`: one, or an array of them; all or none.
pub async fn post(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let rows: Vec<NewLead> = body::one_or_many(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| leads::record(ws, &rows, &caller.actor)).await?))
}

/// `GET /v1/leads/sources`
pub async fn sources(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, leads::sources).await?))
}

/// Which client the person of a lead is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    client: String,
}

/// `POST /v1/leads/{id}/convert`
pub async fn convert(
    ws: Ws,
    caller: Caller,
    id: web::Path<i64>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let Conversion { client } = body::json(&req, &bytes)?;
    let lead = on_pool(&ws, move |ws| leads::convert(ws, *id, &client, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(lead))
}
