//! The service side: notes, tasks, who looks after an account, referrals, summary and advice, satisfaction by team.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::operations::service::{self, NewOwner, NewReferral, NewTask, advice, satisfaction};

/// `GET /v1/customers/{id}/notes`
pub async fn notes(ws: Ws, id: web::Path<String>, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let list = format!("customers/{id}/notes");
    let before = query.after(ws.id_key(), &list)?;
    let rows = on_pool(&ws, move |ws| service::notes(ws, &id, before, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), &list, |row| row.id)))
}

/// A note as sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    text: String,
}

/// `POST /v1/customers/{id}/notes`
pub async fn add_note(
    ws: Ws,
    caller: Caller,
    id: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let NewNote { text } = body::json(&req, &bytes)?;
    let note = on_pool(&ws, move |ws| service::note(ws, &id, &text, &caller.actor)).await?;
    Ok(HttpResponse::Created().json(note))
}

/// `GET /v1/customers/{id}/tasks`
pub async fn tasks(ws: Ws, id: web::Path<String>, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let list = format!("customers/{id}/tasks");
    let before = query.after(ws.id_key(), &list)?;
    let rows = on_pool(&ws, move |ws| service::tasks(ws, &id, before, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), &list, |row| row.id)))
}

/// `POST /v1/customers/{id}/tasks`
pub async fn add_task(
    ws: Ws,
    caller: Caller,
    id: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let new: NewTask = body::json(&req, &bytes)?;
    let task = on_pool(&ws, move |ws| service::task(ws, &id, &new, &caller.actor)).await?;
    Ok(HttpResponse::Created().json(task))
}

/// Whose tasks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskQuery {
    owner: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/tasks`: the open ones.
pub async fn open_tasks(ws: Ws, query: web::Query<TaskQuery>) -> Result<HttpResponse, Problem> {
    let TaskQuery { owner, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "tasks")?);
    let rows = on_pool(&ws, move |ws| service::open_tasks(ws, owner.as_deref(), after, limit)).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "tasks", |row| row.task.id)))
}

/// `POST /v1/tasks/{id}/close`
pub async fn close_task(ws: Ws, caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| service::close_task(ws, *id, &caller.actor)).await?))
}

/// `PUT /v1/customers/{id}/owner`
pub async fn set_owner(
    ws: Ws,
    caller: Caller,
    id: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let new: NewOwner = body::json(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| service::set_owner(ws, &id, &new, &caller.actor)).await?))
}

/// `GET /v1/customers/{id}/summary`
pub async fn summary(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| advice::summary(ws, &id)).await?))
}

/// `GET /v1/customers/{id}/advice`
pub async fn next(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| advice::advice(ws, &id)).await?))
}

/// `GET /v1/inquiries/{id}`
pub async fn inquiry(ws: Ws, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| advice::inquiry(ws, *id)).await?))
}

/// What recording referrals did.
#[derive(Debug, Default, Serialize)]
struct Recorded {
    accepted: usize,
    known: usize,
}

/// `POST /v1/referrals`
pub async fn refer(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let new: NewReferral = body::json(&req, &bytes)?;
    let accepted = on_pool(&ws, move |ws| service::refer(ws, &new, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(Recorded { accepted: usize::from(accepted), known: usize::from(!accepted) }))
}

/// Which days.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    days: Option<i64>,
}

/// `GET /v1/kpis/satisfaction`
pub async fn satisfaction(ws: Ws, query: web::Query<Days>) -> Result<HttpResponse, Problem> {
    let days = query.days.unwrap_or(365);
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, move |ws| satisfaction::teams(ws, days)).await?)))
}
