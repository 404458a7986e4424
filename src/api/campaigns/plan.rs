//! `/v1/campaigns/{id}/plan`

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::campaigns::store;
use crate::error::Error;
use crate::operations::plan;

/// `POST`: the dry run, as of now.
pub async fn post(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let plan = on_pool(&ws, move |ws| plan::plan(ws, &name, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(plan))
}

/// `GET`: the last dry run of the present version.
pub async fn get(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (plan, _) = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let campaign = store::by_name(conn, &name)?;
            store::plan_of(conn, campaign.id, campaign.version)?
                .ok_or_else(|| Error::not_found("the present version has not been planned; POST to plan it"))
        })
    })
    .await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(plan))
}
