//! `DELETE /v1/keys/{id}`

use actix_web::{HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::access::key;

/// Withdraws a key.
pub async fn handle(ws: Ws, caller: Caller, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id: i64 = id.parse().map_err(|_| Problem::fault("id", "must be the middle part of a key"))?;
    on_pool(&ws, move |ws| key::revoke(ws, id, &caller.actor)).await?;
    Ok(HttpResponse::NoContent().finish())
}
