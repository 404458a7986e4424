//! `POST /v1/experiments/{id}/decide`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::choose::{self, Asked};
use crate::operations::experiments;

/// Chooses a variant by the data, which are refused where they cannot carry it, or by hand where one is named.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    id: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Asked = body::json(&req, &bytes)?;
    let decided = on_pool(&ws, move |ws| {
        let campaign = experiments::campaign_of(ws, &id)?;
        choose::decide(ws, &campaign, &asked, &caller.actor)
    })
    .await?;
    Ok(HttpResponse::Ok().json(decided))
}
