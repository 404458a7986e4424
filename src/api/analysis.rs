//! `/v1/overview`, and one customer's timeline: what analysts and staff read.

use actix_web::{HttpResponse, web};

use super::problem::Problem;
use super::{Ws, on_pool};
use crate::reports::{overview as base, timeline as story};

/// `GET /v1/overview`
pub async fn overview(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, base::overview).await?))
}

/// `GET /v1/customers/{id}/timeline`
pub async fn timeline(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| story::timeline(ws, &id)).await?))
}
