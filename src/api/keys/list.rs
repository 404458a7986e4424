//! `GET /v1/keys`

use actix_web::HttpResponse;

use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::access::key;

/// All keys, without their secrets.
pub async fn handle(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, key::list).await?)))
}
