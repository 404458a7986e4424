//! `GET /v1/offers/{id}/together`

use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::together::together;

/// Who buys what a bundle offers together.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = on_pool(&ws, move |ws| together(ws, &name)).await?;
    Ok(HttpResponse::Ok().json(found))
}
