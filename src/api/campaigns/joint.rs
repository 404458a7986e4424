//! `POST /v1/plans` and `POST /v1/runs`: several campaigns at once.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::{joint, run};

/// Which campaigns decide together.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JointInput {
    /// Their names, two or more.
    pub campaigns: Vec<String>,
}

/// The same for a run.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JointRunInput {
    /// Their names, two or more.
    pub campaigns: Vec<String>,
    /// A name that no other run of any of them has; this instant when absent.
    pub occasion: Option<String>,
}

/// Which of them would write to whom, and what it is worth; nothing is kept.
pub async fn plan(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let JointInput { campaigns } = body::json(&req, &bytes)?;
    let plan = on_pool(&ws, move |ws| joint::plan(ws, &campaigns)).await?;
    Ok(HttpResponse::Ok().json(plan))
}

/// Starts a run of each, decided together: all, or none.
pub async fn run(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let JointRunInput { campaigns, occasion } = body::json(&req, &bytes)?;
    super::runs::check_occasion(occasion.as_deref())?;
    let started =
        on_pool(&ws, move |ws| run::start_together(ws, &campaigns, occasion.as_deref(), &caller.actor)).await?;
    Ok(HttpResponse::Created().json(Page::whole(started)))
}
