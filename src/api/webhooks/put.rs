//! `PUT /v1/webhooks/{id}`

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::operations::webhooks::{self, WebhookInput};
use crate::webhooks::store;

/// Adds a webhook, whose answer shows its secret once, or changes one.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let input: WebhookInput = body::json(&req, &bytes)?;
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        ws.store().write(|conn| {
            let known = store::find(conn, &name)?.map(|known| known.version);
            if let Err(problem) = expected.check(known) {
                return Ok(Err(problem));
            }
            webhooks::put(ws, conn, &name, &input, &caller.actor).map(Ok)
        })
    })
    .await?;
    let made = outcome?;
    let mut answer = if made.secret.is_some() { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(made.webhook.webhook.version))).json(made))
}
