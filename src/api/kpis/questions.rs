//! `/v1/kpis/what-if` and `/v1/kpis/budget`: what would be, and where money goes.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Bytes;

use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::progress::Silent;
use crate::reports::{budget as budgets, what_if as years};

/// `POST /v1/kpis/what-if`
pub async fn what_if(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let question: years::Question = body::json(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| years::what_if(ws, &question, &Silent)).await?))
}

/// `POST /v1/kpis/budget`
pub async fn budget(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let question: budgets::Question = body::json(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| budgets::budget(ws, &question, &Silent)).await?))
}
