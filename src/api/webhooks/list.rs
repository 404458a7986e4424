//! `GET /v1/webhooks`

use actix_web::HttpResponse;

use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::webhooks;

/// All webhooks, by name, without their secrets.
pub async fn handle(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, webhooks::list).await?)))
}
