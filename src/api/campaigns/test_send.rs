//! `POST /v1/campaigns/{id}/test-send`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::test_send::{TestSend, test_send};

/// Sends one message, as a customer would get it, to an address of ours.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let what: TestSend = body::json(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| test_send(ws, &name, &what, &caller.actor)).await?))
}
