//! `POST /v1/customers/{id}/aliases`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::customers::store;
use crate::error::{Error, Fault};
use crate::operations::merge::merge;

/// Another key of the same person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasInput {
    /// The key that becomes an alias: its customer, if there is one, becomes this one.
    pub external_id: String,
}

/// What the merge did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AliasAdded {
    /// The key that survives.
    pub external_id: String,
    /// Whether the two were one customer before.
    pub already: bool,
    /// Sealed facts that moved.
    pub facts: usize,
}

/// Merges another key into this customer; there is no way back.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    id: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let input: AliasInput = body::json(&req, &bytes)?;
    let id = id.into_inner();
    let added = on_pool(&ws, move |ws| {
        let key = input.external_id;
        if key.trim().is_empty() || key.len() > 200 || key.chars().any(char::is_control) {
            let fault = Fault::at("external_id", "must be 1 to 200 characters without control characters");
            return Err(Error::faults("the key cannot be an alias", vec![fault]));
        }
        let survivor = ws.store().read(|conn| store::by_external_id(conn, &id))?;
        let merged = merge(ws, &[(key, id)], &caller.actor)?;
        Ok(AliasAdded { external_id: survivor.external_id, already: merged.merged == 0, facts: merged.facts })
    })
    .await?;
    Ok(HttpResponse::Ok().json(added))
}
