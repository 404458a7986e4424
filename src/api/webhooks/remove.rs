//! `DELETE /v1/webhooks/{id}`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::operations::webhooks;
use crate::webhooks::store;

/// Removes a webhook with all that waits for it.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        ws.store().write(|conn| {
            let known = store::by_name(conn, &name)?;
            if let Err(problem) = expected.check(Some(known.version)) {
                return Ok(Err(problem));
            }
            webhooks::remove(ws, conn, &name, &caller.actor).map(Ok)
        })
    })
    .await?;
    outcome?;
    Ok(HttpResponse::NoContent().finish())
}
