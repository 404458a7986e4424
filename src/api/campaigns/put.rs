//! `PUT /v1/campaigns/{id}`

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::campaigns::folder::Folder;
use crate::campaigns::store;
use crate::error::Kind;
use crate::operations::apply::apply;

/// Applies a definition with its templates: a new campaign, a new version, or nothing when nothing changed.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let folder: Folder = body::json(&req, &bytes)?;
    if folder.spec.name != *name {
        return Err(Problem::fault("spec.name", format!("must be `{name}`, as in the address")));
    }
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        let known = match ws.store().read(|conn| store::by_name(conn, &folder.spec.name)) {
            Ok(campaign) => Some(campaign.version),
            Err(error) if error.kind() == Kind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Err(problem) = expected.check(known) {
            return Ok(Err(problem));
        }
        let applied = apply(ws, &folder, &caller.actor)?;
        Ok(Ok((known.is_none(), applied)))
    })
    .await?;
    let (new, applied) = outcome?;
    let mut answer = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(applied.campaign.version))).json(applied))
}
