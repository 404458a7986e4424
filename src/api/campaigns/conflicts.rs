//! `POST /v1/conflicts`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::operations::conflicts;

/// Which campaigns are compared.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConflictsInput {
    /// Their names; all that may run when empty.
    pub campaigns: Vec<String>,
}

/// Who competes for whom now, and what it costs.
pub async fn handle(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let ConflictsInput { campaigns } = body::json(&req, &bytes)?;
    let found = on_pool(&ws, move |ws| conflicts::conflicts(ws, &campaigns)).await?;
    Ok(HttpResponse::Ok().json(found))
}
