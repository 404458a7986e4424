//! `GET /v1/imports/{id}`

use actix_web::{HttpResponse, web};

use super::find;
use super::shown::ImportShown;
use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::operations::access::Permission::JobsRead;

/// How far an import is, or what it came to.
pub async fn handle(ws: Ws, caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    let shown = on_pool(&ws, move |ws| ImportShown::of(ws, &find(ws, &caller, JobsRead, *id)?)).await?;
    Ok(HttpResponse::Ok().json(shown))
}
