//! `POST /v1/keys`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::clock::Timestamp;
use crate::operations::access::{Role, key};

/// What a key is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyInput {
    /// In people's words.
    pub name: String,
    /// `viewer`, `marketer`, `admin`, `ingest` or `decide`.
    pub role: String,
    /// From when on it is refused; never when absent.
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Timestamp>,
}

/// Makes a key; the answer shows it, and nothing shows it again.
pub async fn handle(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let input: KeyInput = body::json(&req, &bytes)?;
    let role = Role::parse(&input.role).map_err(|error| Problem::fault("role", error.message()))?;
    let made = on_pool(&ws, move |ws| key::create(ws, &input.name, role, input.expires_at, &caller.actor)).await?;
    let (row, shown) = made;
    Ok(HttpResponse::Created().json(json!({ "key": shown, "details": row })))
}
