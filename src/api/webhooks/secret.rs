//! `POST /v1/webhooks/{id}/secret`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::operations::webhooks;

/// Gives a webhook another secret; the answer shows it, and nothing shows it again.
pub async fn handle(ws: Ws, caller: Caller, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let made = on_pool(&ws, move |ws| webhooks::new_secret(ws, &name, &caller.actor)).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag::of(made.webhook.webhook.version))).json(made))
}
