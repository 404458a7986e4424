//! `GET /v1/campaigns/{id}/results`

use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::results;

/// What each run earned against its holdout, with interval, checks and verdict.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| results::results(ws, &name)).await?))
}
