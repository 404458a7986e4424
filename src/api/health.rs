//! Whether the process lives, and whether it can do its work.

use actix_web::HttpResponse;
use serde_json::json;

use super::problem::Problem;
use super::{Ws, on_pool};
use crate::storage::workspace;

/// `GET /healthz`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the store answers too.
pub async fn ready(ws: Ws) -> Result<HttpResponse, Problem> {
    on_pool(&ws, |ws| ws.store().read(|conn| workspace::get(conn, "link_secret")).map(drop)).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })))
}
