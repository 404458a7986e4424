//! `DELETE /v1/segments/{id}`

use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::operations::segments;
use crate::segments::rule::store;
use crate::segments::uploaded::store as uploaded;

/// Removes a segment, by rule or uploaded, that nothing names.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        ws.store().write(|conn| {
            let version = match uploaded::find(conn, &name)? {
                Some(list) => list.version,
                None => store::by_name(conn, &name)?.version,
            };
            if let Err(problem) = expected.check(Some(version)) {
                return Ok(Err(problem));
            }
            segments::remove(conn, &name, &caller.actor, ws.now()).map(Ok)
        })
    })
    .await?;
    outcome?;
    Ok(HttpResponse::NoContent().finish())
}
