//! `GET /v1/campaigns/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::campaigns::store;

/// One campaign: where it is in its life, and its present definition with templates, which can be put back as it is.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (campaign, folder) = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let campaign = store::by_name(conn, &name)?;
            let folder = store::version(conn, campaign.id, campaign.version)?;
            Ok((campaign, folder))
        })
    })
    .await?;
    let tag = etag::of(campaign.version);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(json!({ "campaign": campaign, "folder": folder })))
}
