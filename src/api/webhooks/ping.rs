//! `POST /v1/webhooks/{id}/ping`

use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::webhooks;

/// Posts a test at once, and answers what came of it.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| webhooks::ping(ws, &name)).await?))
}
