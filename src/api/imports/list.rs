//! `GET /v1/imports`

use actix_web::{HttpResponse, web};

use super::shown::ImportShown;
use crate::api::auth::Caller;
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::error::Result;
use crate::history::import::log;
use crate::operations::access::Permission::JobsRead;

/// Newest first: all of them, or those that the caller's own key sent.
pub async fn handle(ws: Ws, caller: Caller, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.limit()?, query.after(ws.id_key(), "imports")?);
    let rows = on_pool(&ws, move |ws| {
        let of = Some(caller.actor.as_str()).filter(|_| !caller.role.may(JobsRead));
        let rows = ws.store().read(|conn| log::page(conn, of, before, limit))?;
        rows.iter().map(|row| ImportShown::of(ws, row)).collect::<Result<Vec<_>>>()
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "imports", |row| row.id)))
}
