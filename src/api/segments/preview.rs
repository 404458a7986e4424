//! `POST /v1/segments/preview`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::segments;
use crate::segments::rule::SegmentSpec;

/// What a segment would be: its count, some members, and how many can be written to. Keeps nothing.
pub async fn handle(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let spec: SegmentSpec = body::json(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| segments::preview(ws, spec)).await?))
}
