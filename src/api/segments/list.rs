//! `GET /v1/segments`

use actix_web::HttpResponse;

use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::reports::segments;

/// All segments: those that a model found, and those that a rule defines.
pub async fn handle(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, segments::list).await?)))
}
