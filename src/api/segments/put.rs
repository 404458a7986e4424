//! `PUT /v1/segments/{id}`

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::operations::segments;
use crate::reports::segments as shown;
use crate::segments::rule::{SegmentSpec, store};

/// Adds a segment by rule, or replaces its definition, and builds it.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let spec: SegmentSpec = body::json(&req, &bytes)?;
    if spec.name != *name {
        return Err(Problem::fault("name", format!("must be `{name}`, as in the address")));
    }
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        let now = ws.now();
        let kept = ws.store().write(|conn| {
            let known = store::find(conn, &spec.name)?.map(|kept| kept.version);
            if let Err(problem) = expected.check(known) {
                return Ok(Err(problem));
            }
            segments::put(ws, conn, spec, &caller.actor, now).map(Ok)
        })?;
        let Ok(kept) = kept else { return Ok(Err(kept.expect_err("just looked"))) };
        segments::build(ws, &kept.spec.name)?;
        shown::show(ws, &kept.spec.name).map(|shown| Ok((kept.version, shown)))
    })
    .await?;
    let (version, shown) = outcome?;
    let mut answer = if version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(version))).json(shown))
}
