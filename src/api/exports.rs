//! `/v1/exports`: everything as files for a warehouse, written by a job.

use std::fs::File;

use actix_web::body::SizedStream;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde::Serialize;

use super::auth::Caller;
use super::imports::rejects::piece;
use super::page::Page;
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::ids::{self, JobId};
use crate::jobs::{Work, queue};
use crate::operations::export::{self, Question};

/// An export that was asked for.
#[derive(Debug, Serialize)]
struct Asked {
    id: i64,
    /// The job that writes it: `GET /v1/jobs/{id}`.
    job: JobId,
}

/// `POST`: has a worker write it.
pub async fn post(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let question: Question = body::json(&req, &bytes)?;
    let asked = on_pool(&ws, move |ws| {
        question.check()?;
        let now = ws.now();
        let id = ids::fresh(now);
        let work = Work::Export { export: id, question, actor: caller.actor.clone() };
        ws.store().write(|conn| queue::enqueue(conn, ws.id_key(), &work, &id.to_string(), now, now))?;
        Ok(Asked { id, job: queue::id_of(ws.id_key(), work.kind(), &id.to_string()) })
    })
    .await?;
    Ok(HttpResponse::Accepted().json(asked))
}

/// `GET`: those that are whole, newest first.
pub async fn list(ws: Ws) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Page::whole(on_pool(&ws, export::list).await?)))
}

/// `GET /v1/exports/{id}`
pub async fn get(ws: Ws, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| export::one(ws, *id)).await?))
}

/// `GET /v1/exports/{id}/files/{name}`: sends the file, however long it is.
pub async fn file(ws: Ws, path: web::Path<(i64, String)>) -> Result<HttpResponse, Problem> {
    let (id, name) = path.into_inner();
    let wanted = name.clone();
    let (file, length) = on_pool(&ws, move |ws| {
        let file = File::open(export::file(ws, id, &wanted)?)?;
        let length = file.metadata()?.len();
        Ok((Some(file), length))
    })
    .await?;
    let media = if name.ends_with(".csv") { "text/csv; charset=utf-8" } else { "application/vnd.apache.parquet" };
    let pieces = stream::unfold(file, |file| async {
        let piece = web::block(move || piece(file)).await;
        match piece.map_err(std::io::Error::other).flatten() {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((Ok::<_, std::io::Error>(piece), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(SizedStream::new(length, Box::pin(pieces))))
}
