//! `GET /v1/campaigns/{id}/journeys`, `GET /v1/campaigns/{id}/steps`

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::ids::JourneyId;
use crate::operations::journeys;

/// Which journeys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JourneyQuery {
    state: Option<State>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// Where a journey is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Active,
    Done,
    Reached,
    Held,
}

/// The journeys of a campaign, in the order in which they began.
pub async fn list(ws: Ws, name: web::Path<String>, query: web::Query<JourneyQuery>) -> Result<HttpResponse, Problem> {
    let JourneyQuery { state, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "journeys")?.map(JourneyId));
    let state = state.map(|state| match state {
        State::Active => "active",
        State::Done => "done",
        State::Reached => "reached",
        State::Held => "held",
    });
    let rows = on_pool(&ws, move |ws| journeys::journeys(ws, &name, state, after, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "journeys", |row| row.journey.0)))
}

/// The steps of a campaign, each with how many journeys are where.
pub async fn steps(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let steps = on_pool(&ws, move |ws| journeys::steps(ws, &name)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(steps)))
}
