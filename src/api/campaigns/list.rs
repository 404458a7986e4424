//! `GET /v1/campaigns`

use actix_web::HttpResponse;

use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::campaigns::store;

/// All campaigns, by name.
pub async fn handle(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, |ws| ws.store().read(store::all)).await?)))
}
