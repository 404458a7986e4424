//! `/v1/models`, `/v1/overview`, and one customer's timeline: what analysts and staff read.

use actix_web::{HttpResponse, web};

use super::page::Page;
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::models::registry;
use crate::reports::{overview as base, timeline as story};

/// `GET /v1/models`
pub async fn models(ws: Ws) -> Result<HttpResponse, Problem> {
    let fits = on_pool(&ws, |ws| ws.store().read(|conn| registry::list(conn, None))).await?;
    Ok(HttpResponse::Ok().json(Page::whole(fits)))
}

/// `GET /v1/models/{id}`: the version that serves, or the newest, with its card.
pub async fn model(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let fit = on_pool(&ws, move |ws| ws.store().read(|conn| registry::show(conn, &name))).await?;
    Ok(HttpResponse::Ok().json(fit))
}

/// `GET /v1/overview`
pub async fn overview(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, base::overview).await?))
}

/// `GET /v1/customers/{id}/timeline`
pub async fn timeline(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| story::timeline(ws, &id)).await?))
}
