//! `/v1/sending`: the switch that stops everything.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Caller;
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::operations::send;

/// Whether messages go out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sending {
    /// Everything is stopped.
    pub stopped: bool,
}

/// `GET /v1/sending`
pub async fn get(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Sending { stopped: on_pool(&ws, send::is_stopped).await? }))
}

/// `POST /v1/sending/stop`: every sender stops before its next message.
pub async fn stop(ws: Ws, caller: Caller) -> Result<HttpResponse, Problem> {
    on_pool(&ws, move |ws| send::stop_all(ws, "asked for over REST", &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(Sending { stopped: true }))
}

/// `POST /v1/sending/start`: goes on.
pub async fn start(ws: Ws, caller: Caller) -> Result<HttpResponse, Problem> {
    on_pool(&ws, move |ws| send::start_all(ws, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(Sending { stopped: false }))
}
