//! `GET /v1/audit`: who did what.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::operations::audit;

/// A page of the audit, newest first.
pub async fn list(ws: Ws, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let before = query.after(ws.id_key(), "audit")?;
    let rows = on_pool(&ws, move |ws| ws.store().read(|conn| audit::page(conn, before, limit))).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "audit", |row| row.id)))
}

/// `GET /v1/audit/check`: whether somebody changed or removed a row.
pub async fn check(ws: Ws) -> Result<HttpResponse, Problem> {
    let broken = on_pool(&ws, |ws| ws.store().read(audit::first_break)).await?;
    Ok(HttpResponse::Ok().json(json!({ "whole": broken.is_none(), "first_break": broken })))
}
