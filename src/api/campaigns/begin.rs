//! `GET /v1/examples`, `POST /v1/campaigns?from=EXAMPLE`

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::operations::examples;

/// From which example.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeginQuery {
    from: String,
}

/// What the new campaign is called.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginInput {
    /// Its key.
    pub name: String,
}

/// The campaigns that come with the program.
pub async fn list(ws: Ws) -> Result<HttpResponse, Problem> {
    let all = on_pool(&ws, |_| examples::all()).await?;
    Ok(HttpResponse::Ok().json(Page::whole(all)))
}

/// Begins a campaign from an example, as a draft.
pub async fn post(
    ws: Ws,
    caller: Caller,
    query: web::Query<BeginQuery>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let BeginInput { name } = body::json(&req, &bytes)?;
    let from = query.into_inner().from;
    let applied = on_pool(&ws, move |ws| examples::begin(ws, &from, &name, &caller.actor)).await?;
    Ok(HttpResponse::Created().insert_header((ETAG, etag::of(applied.campaign.version))).json(applied))
}
