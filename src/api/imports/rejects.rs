//! `GET /v1/imports/{id}/rejects`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use actix_web::body::SizedStream;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, web};
use futures_util::stream;

use super::find;
use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::error::{Error, Result};
use crate::operations::Workspace;
use crate::operations::access::Permission::CustomersRead;

/// Bytes of the file that are held at a time.
const PIECE: u64 = 1 << 18;

/// Sends the lines as they stand in the file, however long that is.
pub async fn handle(ws: Ws, caller: Caller, id: web::Path<i64>) -> Result<HttpResponse, Problem> {
    let (file, length, name) = on_pool(&ws, move |ws| open(ws, &caller, *id)).await?;
    let media = if name.ends_with(".ndjson") { "application/x-ndjson" } else { "text/csv; charset=utf-8" };
    let pieces = stream::unfold(file, |file| async {
        let piece = web::block(move || piece(file)).await;
        match piece.map_err(std::io::Error::other).flatten() {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((Ok::<_, std::io::Error>(piece), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    });
    let answer = SizedStream::new(length, Box::pin(pieces));
    let attachment = format!("attachment; filename=\"rejects-{name}\"");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media))
        .insert_header((CONTENT_DISPOSITION, attachment))
        .body(answer))
}

fn open(ws: &Workspace, caller: &Caller, id: i64) -> Result<(Option<File>, u64, String)> {
    let report = find(ws, caller, CustomersRead, id)?.read_report()?;
    let none = || Error::not_found(format!("import {id} has rejected no line"));
    let written = report.rejects.as_deref().map(Path::new).and_then(Path::file_name).ok_or_else(none)?;
    let gone = |_| Error::not_found("the rejected lines are not in this node's data folder, or were removed from it");
    let file = File::open(ws.data().join("rejects").join(written)).map_err(gone)?;
    let (length, ending) = (file.metadata()?.len(), Path::new(written).extension().unwrap_or_default());
    Ok((Some(file), length, format!("{id}.{}", ending.to_string_lossy())))
}

/// The next piece of the file, and the file; an empty one at its end.
pub(in crate::api) fn piece(file: Option<File>) -> std::io::Result<(Bytes, File)> {
    let mut file = file.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let mut piece = Vec::new();
    file.by_ref().take(PIECE).read_to_end(&mut piece)?;
    Ok((piece.into(), file))
}
