//! `GET /v1/experiments/{id}`

use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::experiments;

/// One experiment, with all that is needed to recompute who is in which arm.
pub async fn handle(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| experiments::get(ws, &id)).await?))
}
