//! `DELETE /v1/customers/{id}`

use actix_web::{HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::erase::erase;

/// Erases a person; there is no way back.
pub async fn handle(ws: Ws, caller: Caller, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let erased = on_pool(&ws, move |ws| erase(ws, &id, &caller.actor)).await?;
    if !erased.mentioned_in.is_empty() {
        tracing::warn!(
            files = erased.mentioned_in.len(),
            "files of rejected lines or messages still mention an erased person"
        );
    }
    Ok(HttpResponse::NoContent().finish())
}
