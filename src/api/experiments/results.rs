//! `GET /v1/experiments/{id}/results`

use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::experiments;

/// Arms, effects, verdict and warnings of every run, with all sums that they were made of.
pub async fn handle(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| experiments::results(ws, &id)).await?))
}
