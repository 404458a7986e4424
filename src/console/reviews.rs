//! What waits for a person's word: each with its why, to be released or refused.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::figures::{Show, path_part};
use super::guard::Fields;
use super::page::{Frame, render, status_of};
use super::sending::actor;
use super::{Ws, either, on_pool, timeline};
use crate::decisions::review::State;
use crate::error::{Error, Result};
use crate::ids::DeliveryId;
use crate::operations::access::Permission;
use crate::operations::reviews::{self, ReviewShown, Word};
use crate::operations::{Workspace, send};

/// Reviews on the page.
const MOST: i64 = 100;

/// `GET /reviews`
pub async fn show(ws: Ws, req: HttpRequest) -> HttpResponse {
    page(&ws, &req, None).await
}

/// `POST /reviews/{delivery}`: releases or refuses one; back to those that still wait.
pub async fn decide(ws: Ws, req: HttpRequest, id: web::Path<i64>, fields: Fields) -> HttpResponse {
    let (id, by, reason) = (DeliveryId(id.into_inner()), actor(&req), fields.get("reason").to_owned());
    let word = match fields.get("decision") {
        "release" => Word::Release,
        _ => Word::Refuse,
    };
    // A word that cannot be taken is told above the list, where the others still wait.
    let decided = on_pool(&ws, move |ws| Ok(reviews::decide(ws, id, word, &reason, &by).map(|_| ()))).await;
    match decided {
        Ok(Ok(())) => HttpResponse::SeeOther().insert_header((LOCATION, "/reviews")).finish(),
        Ok(Err(error)) => page(&ws, &req, Some(error)).await,
        Err(failure) => failure,
    }
}

async fn page(ws: &Ws, req: &HttpRequest, fault: Option<Error>) -> HttpResponse {
    let read = on_pool(ws, |ws| Ok((send::is_stopped(ws)?, waiting(ws)?))).await;
    either(read.map(|(stopped, waiting)| {
        let status = fault.as_ref().map_or(StatusCode::OK, |error| status_of(error).0);
        let frame = Frame { fault, ..Frame::of(req, "/reviews", stopped) };
        let may_decide = frame.session.as_ref().is_some_and(|session| session.role.may(Permission::CampaignsApprove));
        let view = json!({ "waiting": waiting, "may_decide": may_decide, "most": MOST });
        render(status, &frame, "Reviews", "reviews", view)
    }))
}

fn waiting(ws: &Workspace) -> Result<Vec<Value>> {
    let show = Show(ws);
    Ok(reviews::list(ws, State::Waiting, None, MOST)?.iter().map(|row| line(&show, row)).collect())
}

fn line(show: &Show<'_>, row: &ReviewShown) -> Value {
    json!({
        "delivery": row.delivery.to_string(),
        "customer": row.customer,
        "path": row.customer.as_deref().map(path_part),
        "campaign": row.campaign,
        "offer": row.offer,
        "channel": row.channel,
        "planned_for": show.time(row.planned_for),
        "expires_at": show.time(row.expires_at),
        "why": timeline::why(show, &row.trace),
    })
}
