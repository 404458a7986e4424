//! `POST /v1/webhooks/{id}/replay`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::webhooks;
use crate::webhooks::queue::Again;

/// Sends events again that were accepted or given up.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Again = body::json(&req, &bytes)?;
    let count = on_pool(&ws, move |ws| webhooks::again(ws, &name, &asked, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(json!({ "events": count })))
}
