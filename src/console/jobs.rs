//! Background work: what waits, runs, was done, or was laid aside for a person; and a page for each piece of it.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bar;
use super::figures::{Show, count, path_part};
use super::guard::Fields;
use super::page::{Frame, render, status_of};
use super::sending::actor;
use super::{Ws, either, on_pool};
use crate::error::{Error, Result};
use crate::ids::JobId;
use crate::jobs::{Job, State, Work, by_hand, queue};
use crate::operations::access::Permission;
use crate::operations::{Workspace, send};

/// Jobs on a page.
const MOST: i64 = 50;

/// Which jobs.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Only those in this state.
    state: Option<State>,
    /// Only those that were written down before this one.
    before: Option<i64>,
}

/// `GET /jobs`
pub async fn show(ws: Ws, req: HttpRequest, asked: web::Query<Asked>) -> HttpResponse {
    let read = on_pool(&ws, move |ws| Ok((send::is_stopped(ws)?, list(ws, &asked)?))).await;
    either(read.map(|(stopped, page)| render(StatusCode::OK, &Frame::of(&req, "/jobs", stopped), "Jobs", "jobs", page)))
}

fn list(ws: &Workspace, asked: &Asked) -> Result<Value> {
    let show = Show(ws);
    let (jobs, counts) = ws.store().read(|conn| {
        let before = asked.before.map(|id| queue::get(conn, JobId(id))).transpose()?;
        let after = before.map(|job| (job.created_at, job.id));
        Ok((queue::page(conn, asked.state, after, MOST)?, queue::counts(conn)?))
    })?;
    let states = State::ALL.map(|state| {
        let many = counts.iter().find(|(name, _)| name == state.as_str()).map_or(0, |(_, many)| *many);
        json!({ "name": state.as_str(), "count": count(many), "here": asked.state == Some(state) })
    });
    let older = jobs.last().filter(|_| jobs.len() as i64 == MOST).map(|job| job.id.to_string());
    Ok(json!({
        "states": states,
        "all": asked.state.is_none(),
        "state": asked.state.map(State::as_str),
        "jobs": jobs.iter().map(|job| line(&show, job)).collect::<Vec<_>>(),
        "older": older,
    }))
}

/// `GET /jobs/{id}`
pub async fn one(ws: Ws, req: HttpRequest, id: web::Path<i64>) -> HttpResponse {
    page(&ws, &req, JobId(id.into_inner()), None).await
}

/// `POST /jobs/{id}`: has it tried again, or calls it off.
pub async fn act(ws: Ws, req: HttpRequest, id: web::Path<i64>, fields: Fields) -> HttpResponse {
    let (id, by) = (JobId(id.into_inner()), actor(&req));
    let verb = match fields.get("action") {
        "retry" => by_hand::retry,
        _ => by_hand::cancel,
    };
    // What cannot be done is told above the job as it is now.
    match on_pool(&ws, move |ws| Ok(verb(ws, id, &by).map(|_| ()))).await {
        Ok(Ok(())) => HttpResponse::SeeOther().insert_header((LOCATION, format!("/jobs/{id}"))).finish(),
        Ok(Err(error)) => page(&ws, &req, id, Some(error)).await,
        Err(failure) => failure,
    }
}

async fn page(ws: &Ws, req: &HttpRequest, id: JobId, fault: Option<Error>) -> HttpResponse {
    let read = on_pool(ws, move |ws| Ok((send::is_stopped(ws)?, card(ws, id)?))).await;
    either(read.map(|(stopped, mut card)| {
        let status = fault.as_ref().map_or(StatusCode::OK, |error| status_of(error).0);
        let frame = Frame { fault, ..Frame::of(req, "/jobs", stopped) };
        card["may_act"] =
            frame.session.as_ref().is_some_and(|session| session.role.may(Permission::CampaignsRun)).into();
        render(status, &frame, "Job", "job", card)
    }))
}

fn card(ws: &Workspace, id: JobId) -> Result<Value> {
    let show = Show(ws);
    let job = ws.store().read(|conn| queue::get(conn, id))?;
    let work = job.work();
    let may_cancel = !job.is(State::Done) && !job.is(State::Cancelled) && job.can_stop(ws.now());
    let campaign = match &work {
        Ok(Work::CampaignRun { campaign, .. }) => Some(json!({ "name": campaign, "path": path_part(campaign) })),
        _ => None,
    };
    let mut card = line(&show, &job);
    let more = json!({
        "campaign": campaign,
        "attempts": job.attempts,
        "most_attempts": queue::ATTEMPTS,
        "run_at": job.is(State::Waiting).then(|| show.time(job.run_at)),
        "created_at": show.time(job.created_at),
        "finished_at": job.finished_at.map(|at| show.time(at)),
        "worker": job.lease_owner.as_ref().filter(|_| job.is(State::Running)),
        "payload": job.payload,
        "may_retry": job.is(State::Dead) || job.is(State::Cancelled),
        "may_cancel": may_cancel,
        "stops_midway": may_cancel && job.is(State::Running),
    });
    if let (Some(card), Value::Object(more)) = (card.as_object_mut(), more) {
        card.extend(more);
    }
    Ok(card)
}

/// A job in a list.
pub(super) fn line(show: &Show<'_>, job: &Job) -> Value {
    let tone = match job.state.as_str() {
        "running" => "brand",
        "done" => "good",
        "dead" => "bad",
        _ => "",
    };
    json!({
        "id": job.id.to_string(),
        "what": job.work().map_or_else(|_| job.kind.replace('_', " "), |work| words(show, &work)),
        "state": { "name": job.state, "tone": tone },
        "at": show.time(job.updated_at),
        "note": job.last_error,
        "progress": job.progress.as_deref().and_then(reached),
    })
}

/// How far a running job is, as its worker has written it down.
fn reached(progress: &str) -> Option<Value> {
    let seen: Value = serde_json::from_str(progress).ok()?;
    let share = seen["done"].as_f64().zip(seen["total"].as_f64()).filter(|(_, total)| *total > 0.0);
    Some(json!({
        "stage": seen["stage"],
        "bar": share.map(|(done, total)| bar::share(done, total, "good")),
        "share": share.map(|(done, total)| format!("{:.0} %", (done / total * 100.0).min(100.0))),
    }))
}

fn words(show: &Show<'_>, work: &Work) -> String {
    match work {
        Work::CampaignRun { campaign, due } => format!("Start {campaign}, due {}", show.time(*due)),
        Work::Import { dry_run: true, .. } => "Try an import".into(),
        Work::Import { .. } => "Import a file".into(),
        Work::Journeys => "Take the steps of journeys that are due".into(),
        Work::Seal => "Seal new facts".into(),
        Work::Compact => "Merge segments of the history".into(),
        Work::Mature => "Close runs whose conversion window has ended".into(),
        Work::Train => "Train the models".into(),
        Work::Score => "Score every client".into(),
        Work::Report => "Make the reports of profit".into(),
        Work::Stages => "Bring the stages of clients up to now".into(),
        Work::Export { .. } => "Export for a warehouse".into(),
        Work::FollowTest { .. } => "Decide a test, and start its rest".into(),
        Work::Guard => "Look for variants that do harm".into(),
        Work::Release => "Give back what ran out of time".into(),
    }
}
