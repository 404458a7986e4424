//! `POST /v1/campaigns/{id}/what-if`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::what_if::{self, Question};

/// What the campaign would do under other limits, beside what it would do under its own. Keeps nothing.
pub async fn handle(ws: Ws, req: HttpRequest, name: web::Path<String>, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let Question { limits } = body::json(&req, &bytes)?;
    let answer = on_pool(&ws, move |ws| what_if::what_if(ws, &name, limits)).await?;
    Ok(HttpResponse::Ok().json(answer))
}
