//! `GET /v1/experiments`

use actix_web::HttpResponse;

use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::experiments;

/// All experiments, by id.
pub async fn handle(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, experiments::list).await?)))
}
