//! `/v1/imports`: which files were imported, and what became of their lines.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::history::import::Report;
use crate::history::import::log::{self, Logged};

/// An import as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    id: i64,
    kind: String,
    state: String,
    bytes: i64,
    finished_at: Timestamp,
    report: Report,
}

impl Shown {
    fn of(logged: &Logged) -> Result<Shown> {
        Ok(Shown {
            id: logged.id,
            kind: logged.kind.clone(),
            state: logged.state.clone(),
            bytes: logged.byte_count,
            finished_at: Timestamp(logged.finished_at),
            report: logged.read_report()?,
        })
    }
}

/// `GET /v1/imports`: newest first.
pub async fn list(ws: Ws, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let (limit, before) = (query.limit()?, query.after(ws.id_key(), "imports")?);
    let rows = on_pool(&ws, move |ws| {
        let rows = ws.store().read(|conn| log::page(conn, before, limit))?;
        rows.iter().map(Shown::of).collect::<Result<Vec<_>>>()
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), "imports", |row| row.id)))
}

/// `GET /v1/imports/{id}`
pub async fn get(ws: Ws, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let shown = on_pool(&ws, move |ws| {
        let logged = ws.store().read(|conn| log::by_id(conn, id))?;
        Shown::of(&logged.ok_or_else(|| Error::not_found(format!("there is no import {id}")))?)
    })
    .await?;
    Ok(HttpResponse::Ok().json(shown))
}
