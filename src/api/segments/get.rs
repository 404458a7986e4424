//! `GET /v1/segments/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::reports::segments::{self, SegmentShown};

/// One segment; one that a rule defines, or that was uploaded, with its ETag.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let shown = on_pool(&ws, move |ws| segments::show(ws, &name)).await?;
    let mut answer = HttpResponse::Ok();
    match &shown {
        SegmentShown::Rule(rule) => drop(answer.insert_header((ETAG, etag::of(rule.version)))),
        SegmentShown::Static(list) => drop(answer.insert_header((ETAG, etag::of(list.version)))),
        SegmentShown::Cluster(_) => {}
    }
    Ok(answer.json(shown))
}
