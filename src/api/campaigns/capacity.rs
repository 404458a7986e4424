//! `GET /v1/campaigns/{id}/capacity`

use actix_web::{HttpResponse, web};

use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::decide_now::RealTime;

/// What is left of everything that is scarce, and what one more of it is worth now.
pub async fn handle(ws: Ws, real_time: web::Data<RealTime>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let shown = on_pool(&ws, move |_| real_time.capacity(&name)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(shown)))
}
