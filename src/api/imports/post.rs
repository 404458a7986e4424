//! `POST /v1/imports`

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::receive::{Received, receive};
use super::shown::ImportShown;
use crate::api::auth::Caller;
use crate::api::idempotency;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::jobs::imports::submit;
use crate::operations::access::Permission::CustomersManage;
use crate::operations::import::target;
use crate::operations::import::upload::Upload;
use crate::operations::import::uploaded::{self, Asked, Sent};

/// How a file is to be taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    facts: Option<String>,
    file: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    again: bool,
}

/// Takes a file; a job imports it. The answer says where to ask what becomes of it.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    query: web::Query<ImportQuery>,
    req: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ImportQuery { facts, file, dry_run, again } = query.into_inner();
    // Whatever can be refused without the body is.
    let kind = facts.unwrap_or_default();
    let kind_of = target(&kind).map_err(|error| Problem::fault("facts", error.message()))?;
    caller.demand(uploaded::needed(kind_of))?;
    let Received { upload, name } = receive(&ws, &req, body).await?;
    let asked = Asked { kind, name: file.or(name), dry_run, again };
    let content = format!("{} {}", upload.digest(), upload.mapping().unwrap_or_default());
    idempotency::once_for(&ws, &caller, &req, &content, take(&ws, &caller, upload, asked)).await
}

async fn take(ws: &Ws, caller: &Caller, upload: Upload, asked: Asked) -> Result<HttpResponse, Problem> {
    let Asked { dry_run, again, .. } = asked;
    let checked = on_pool(ws, move |ws| Ok((uploaded::check(ws, &asked, &upload)?, upload)));
    let (checked, upload) = checked.await?;
    checked.makes.iter().try_for_each(|target| caller.demand(uploaded::needed(target)))?;
    let sent = Sent { import: upload.import, dry_run, again, may_merge: caller.role.may(CustomersManage) };
    let actor = caller.actor.clone();
    let shown = on_pool(ws, move |ws| ImportShown::of(ws, &submit(ws, upload, &checked, sent, &actor)?)).await?;
    let location = format!("/v1/imports/{}", shown.id);
    Ok(HttpResponse::Accepted().insert_header((LOCATION, location)).json(shown))
}
