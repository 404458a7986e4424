//! `POST /v1/segments/lookalike`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::segmentation::{self, Asked};

/// Finds customers who resemble the members of a segment, and keeps them as a segment that every scoring brings up to date.
pub async fn handle(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let asked: Asked = body::json(&req, &bytes)?;
    let kept = on_pool(&ws, move |ws| segmentation::lookalike(ws, &asked, &caller.actor)).await?;
    Ok(HttpResponse::Created().json(kept))
}
