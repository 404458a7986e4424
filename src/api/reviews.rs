//! `/v1/reviews`: decisions that wait for a person's word.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::decisions::review::State;
use crate::ids::DeliveryId;
use crate::operations::reviews::{self, Word};

/// Which reviews.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewQuery {
    state: Option<State>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// A person's word.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewInput {
    /// Whether the contact may be made.
    pub decision: Word,
    /// Why.
    pub reason: String,
}

/// `GET /v1/reviews`: those that wait, or were decided.
pub async fn list(ws: Ws, query: web::Query<ReviewQuery>) -> Result<HttpResponse, Problem> {
    let ReviewQuery { state, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "reviews")?.map(DeliveryId));
    let state = state.unwrap_or(State::Waiting);
    let rows = on_pool(&ws, move |ws| reviews::list(ws, state, after, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "reviews", |row| row.delivery.0)))
}

/// `POST /v1/reviews/{delivery}`
pub async fn decide(
    ws: Ws,
    caller: Caller,
    id: web::Path<i64>,
    body: web::Json<ReviewInput>,
) -> Result<HttpResponse, Problem> {
    let (id, ReviewInput { decision, reason }) = (DeliveryId(id.into_inner()), body.into_inner());
    let shown = on_pool(&ws, move |ws| reviews::decide(ws, id, decision, &reason, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(shown))
}
