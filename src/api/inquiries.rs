//! `/v1/inquiries`: what customers ask in reply to messages.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::operations::incoming::inquiries;

/// Which inquiries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InquiryQuery {
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET`: a page of them.
pub async fn list(ws: Ws, query: web::Query<InquiryQuery>) -> Result<HttpResponse, Problem> {
    let InquiryQuery { state, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "inquiries")?);
    let state = state.unwrap_or_else(|| "open".to_owned());
    let rows = on_pool(&ws, move |ws| inquiries::list(ws, &state, after, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "inquiries", |row| row.id)))
}

/// `POST /v1/inquiries/{id}/close`
pub async fn close(ws: Ws, caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| inquiries::close(ws, *id, &caller.actor)).await?))
}
