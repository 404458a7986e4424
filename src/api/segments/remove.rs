//! `DELETE /v1/segments/{id}`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::operations::segments;
use crate::segments::rule::store;

/// Removes a segment by rule that nothing names.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        ws.store().write(|conn| {
            let kept = store::by_name(conn, &name)?;
            if let Err(problem) = expected.check(Some(kept.version)) {
                return Ok(Err(problem));
            }
            segments::remove(conn, &name, &caller.actor, ws.now()).map(Ok)
        })
    })
    .await?;
    outcome?;
    Ok(HttpResponse::NoContent().finish())
}
