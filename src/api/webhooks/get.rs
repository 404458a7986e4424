//! `GET /v1/webhooks/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};

use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::operations::webhooks;

/// One webhook, with its ETag.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let shown = on_pool(&ws, move |ws| webhooks::show(ws, &name)).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag::of(shown.webhook.version))).json(shown))
}
