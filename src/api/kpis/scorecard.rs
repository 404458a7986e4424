//! `/v1/kpis/scorecard`: every indicator with definition, window, target, owner, trend and status.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::clock::Timestamp;
use crate::error::Error;
use crate::operations::Workspace;
use crate::operations::steering::{Goal, store};
use crate::progress::Silent;
use crate::reports::profit::kept;
use crate::reports::scorecard::{card, kept_card, readings};

/// As of when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsOf {
    at: Option<Timestamp>,
}

/// `GET`: as of the last scoring; as of another instant made afresh, which reads all of history.
pub async fn show(ws: Ws, asked: web::Query<AsOf>) -> Result<HttpResponse, Problem> {
    let at = asked.into_inner().at;
    let read = move |ws: &Workspace| match at {
        Some(at) => card(ws, &readings(ws, at, &Silent)?),
        None => kept_card(ws)?.ok_or_else(|| Error::not_found(kept::NONE_YET)),
    };
    Ok(HttpResponse::Ok().json(on_pool(&ws, read).await?))
}

/// `GET /v1/kpis/overdue`: goals and actions whose review is overdue.
pub async fn overdue(ws: Ws) -> Result<HttpResponse, Problem> {
    let read = |ws: &Workspace| {
        let goals = ws.store().read(store::all::<Goal>)?;
        Ok(crate::reports::scorecard::card::overdue(&goals, ws.now()))
    };
    Ok(HttpResponse::Ok().json(crate::api::page::Page::whole(on_pool(&ws, read).await?)))
}
