//! `POST /v1/campaigns/{id}/{approve,pause,resume,cancel,close}`

use actix_web::{HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::campaigns::store::Campaign;
use crate::error::Result;
use crate::operations::{Workspace, steer};

type Verb = fn(&Workspace, &str, &str) -> Result<Campaign>;

async fn act(ws: Ws, caller: Caller, name: web::Path<String>, verb: Verb) -> Result<HttpResponse, Problem> {
    let campaign = on_pool(&ws, move |ws| verb(ws, &name, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(campaign))
}

/// Somebody answers for the planned version.
pub async fn approve(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    act(ws, caller, name, steer::approve).await
}

/// Stops sending.
pub async fn pause(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    act(ws, caller, name, steer::pause).await
}

/// Goes on where it stopped.
pub async fn resume(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    act(ws, caller, name, steer::resume).await
}

/// Ends the campaign; what was not sent is taken back.
pub async fn cancel(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    act(ws, caller, name, steer::cancel).await
}

/// Ends the campaign when it has done what it was for.
pub async fn close(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    act(ws, caller, name, steer::close).await
}
