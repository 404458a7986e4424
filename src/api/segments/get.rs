//! `GET /v1/segments/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::reports::segments::{self, SegmentShown};

/// One segment; one that a rule defines with its ETag.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let shown = on_pool(&ws, move |ws| segments::show(ws, &name)).await?;
    let mut answer = HttpResponse::Ok();
    if let SegmentShown::Rule(rule) = &shown {
        answer.insert_header((ETAG, etag::of(rule.version)));
    }
    Ok(answer.json(shown))
}
