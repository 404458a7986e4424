//! `/v1/overview`, and one customer's timeline: what analysts and staff read.

use actix_web::{HttpResponse, web};

use super::problem::Problem;
use super::{Ws, on_pool};
use crate::clock::{DAY, Timestamp};
use crate::error::Error;
use crate::reports::calendar as pressure;
use crate::reports::profit::{self, kept};
use crate::reports::{attribution as credit, overview as base, people as who, scorecard, timeline as story};

/// `GET /v1/overview`
pub async fn overview(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, base::overview).await?))
}

/// The figures of `GET /v1/kpis`.
#[derive(serde::Serialize)]
struct Kpis {
    #[serde(flatten)]
    overview: base::Overview,
    profitability: Option<profit::ProfitReport>,
    equity: Option<profit::EquityReport>,
    scorecard: Option<scorecard::Card>,
    /// Why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// `GET /v1/kpis`: overview, profitability and customer equity, as of the last scoring; without the latter two before the first.
pub async fn kpis(ws: Ws) -> Result<HttpResponse, Problem> {
    let read = |ws: &crate::operations::Workspace| {
        let (profitability, equity) = (kept::profit(ws)?, kept::equity_of_the_year(ws)?);
        let note = profitability.is_none().then_some(kept::NONE_YET);
        let scorecard = scorecard::kept_card(ws)?;
        Ok(Kpis { overview: base::overview(ws)?, profitability, equity, scorecard, note })
    };
    Ok(HttpResponse::Ok().json(on_pool(&ws, read).await?))
}

/// `GET /v1/kpis/profit`
pub async fn profit(ws: Ws) -> Result<HttpResponse, Problem> {
    let read = |ws: &crate::operations::Workspace| kept::profit(ws)?.ok_or_else(none_yet);
    Ok(HttpResponse::Ok().json(on_pool(&ws, read).await?))
}

fn none_yet() -> Error {
    Error::not_found(kept::NONE_YET)
}

/// The stretch of a statement of customer equity.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// `GET /v1/kpis/equity`: that of the last 365 days as of the last scoring, or of another stretch, made afresh.
pub async fn equity(ws: Ws, stretch: web::Query<Stretch>) -> Result<HttpResponse, Problem> {
    let Stretch { from, to } = stretch.into_inner();
    let read = move |ws: &crate::operations::Workspace| {
        if from.is_none() && to.is_none() {
            return kept::equity_of_the_year(ws)?.ok_or_else(none_yet);
        }
        let until = to.unwrap_or(ws.now());
        profit::equity(ws, from.unwrap_or(until.plus(-365 * DAY)), until, &crate::progress::Silent)
    };
    Ok(HttpResponse::Ok().json(on_pool(&ws, read).await?))
}

/// How far a calendar reaches.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    days: Option<i32>,
}

/// `GET /v1/calendar`
pub async fn calendar(ws: Ws, asked: web::Query<Reach>) -> Result<HttpResponse, Problem> {
    let days = asked.days.unwrap_or(14);
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| pressure::calendar(ws, days)).await?))
}

/// A stretch of time with a window of credit.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    days: Option<u32>,
}

/// `GET /v1/attribution`
pub async fn attribution(ws: Ws, asked: web::Query<Credit>) -> Result<HttpResponse, Problem> {
    let Credit { from, to, days } = asked.into_inner();
    let read = move |ws: &crate::operations::Workspace| {
        let until = to.unwrap_or(ws.now());
        credit::attribution(ws, from.unwrap_or(until.plus(-90 * DAY)), until, days.unwrap_or(14))
    };
    Ok(HttpResponse::Ok().json(on_pool(&ws, read).await?))
}

/// A stretch of time with the attribute that names salespersons.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    by: Option<String>,
}

/// `GET /v1/kpis/people`
pub async fn people(ws: Ws, asked: web::Query<By>) -> Result<HttpResponse, Problem> {
    let By { from, to, by } = asked.into_inner();
    let read = move |ws: &crate::operations::Workspace| {
        let until = to.unwrap_or(ws.now());
        let by = by.as_deref().unwrap_or(who::SALESPERSON);
        who::people(ws, from.unwrap_or(until.plus(-90 * DAY)), until, by)
    };
    Ok(HttpResponse::Ok().json(on_pool(&ws, read).await?))
}

/// `GET /v1/customers/{id}/profit`
pub async fn customer_profit(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| profit::statement(ws, &id)).await?))
}

/// `GET /v1/customers/{id}/timeline`
pub async fn timeline(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| story::timeline(ws, &id)).await?))
}
