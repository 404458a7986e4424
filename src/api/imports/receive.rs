//! From the body to a file below the data folder: a piece at a time, so that memory does not grow with the file.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::rt::time::timeout;
use actix_web::web::{self, Bytes};
use futures_util::{Stream, StreamExt};

use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::error::Error;
use crate::operations::import::upload::Upload;

/// Bytes that are collected before they are written.
const PIECE: usize = 1 << 20;
/// Largest mapping.
const LARGEST_MAPPING: usize = 1 << 20;
/// Largest part of a form that is neither file nor mapping: its frame.
const FRAME: u64 = 64 << 10;
/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What has arrived.
pub struct Received {
    /// The file and its mapping.
    pub upload: Upload,
    /// What the form calls the file.
    pub name: Option<String>,
}

/// Takes the body: the file itself, or a form with the parts `file` and `mapping`.
///
/// # Errors
/// 400 for a broken body, 408 when it stops coming, 413 above the limit, 415 for a JSON value, 422 for a form without a file.
/// Nothing is left behind.
pub async fn receive(ws: &Ws, req: &HttpRequest, body: web::Payload) -> Result<Received, Problem> {
    let limit = u64::from(ws.settings().imports.limit_mib) << 20;
    let header = |name| req.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = header(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_form = media == "multipart/form-data";
    let frame = if is_form { FRAME + LARGEST_MAPPING as u64 } else { 0 };
    if header(CONTENT_LENGTH).parse::<u64>().is_ok_and(|length| length > limit + frame) {
        return Err(too_large(limit));
    }
    if media == "application/json" {
        let detail = "JSON values are no file; send NDJSON (`application/x-ndjson`), CSV or Parquet";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let upload = on_pool(ws, Upload::begin).await?;
    if is_form {
        return form(Multipart::new(req.headers(), body), upload, limit).await;
    }
    Ok(Received { upload: pour(body, upload, limit).await?, name: None })
}

async fn form(mut parts: Multipart, mut upload: Upload, limit: u64) -> Result<Received, Problem> {
    let (mut name, mut has_file) = (None, false);
    while let Some(part) = next(&mut parts).await? {
        match part.name() {
            Some("file") if !has_file => {
                has_file = true;
                name = part.content_disposition().and_then(|said| said.get_filename()).map(str::to_owned);
                upload = pour(part, upload, limit).await?;
            }
            Some("mapping") if upload.mapping().is_none() => upload.set_mapping(text(part).await?),
            other => {
                let message =
                    "the form has one part `file` and at most one part `mapping`; the rest stands in the query";
                return Err(Problem::fault(other.unwrap_or_default(), message));
            }
        }
    }
    if !has_file {
        return Err(Problem::fault("file", "the form lacks the part `file`"));
    }
    Ok(Received { upload, name: name.filter(|name| !name.is_empty()) })
}

/// Pours all that comes into the upload.
async fn pour<S, E>(mut from: S, mut upload: Upload, limit: u64) -> Result<Upload, Problem>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Broken>,
{
    let (mut pieces, mut held) = (Vec::new(), 0);
    while let Some(piece) = next(&mut from).await? {
        held += piece.len();
        if upload.bytes() + held as u64 > limit {
            return Err(too_large(limit));
        }
        pieces.push(piece);
        if held >= PIECE {
            upload = write(upload, std::mem::take(&mut pieces)).await?;
            held = 0;
        }
    }
    write(upload, pieces).await
}

async fn write(mut upload: Upload, pieces: Vec<Bytes>) -> Result<Upload, Problem> {
    let written = web::block(move || {
        pieces.iter().try_for_each(|piece| upload.write(piece))?;
        Ok::<_, Error>(upload)
    });
    let written = written.await.map_err(|error| Error::internal("the request was given up").caused_by(error))?;
    Ok(written?)
}

/// A mapping.
async fn text(mut part: Field) -> Result<String, Problem> {
    let mut text = Vec::new();
    while let Some(piece) = next(&mut part).await? {
        if text.len() + piece.len() > LARGEST_MAPPING {
            let detail = format!("the mapping is larger than {} MiB", LARGEST_MAPPING >> 20);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        text.extend_from_slice(&piece);
    }
    String::from_utf8(text).map_err(|_| Problem::fault("mapping", "is not UTF-8"))
}

/// What comes next; none at the end.
async fn next<S, T, E>(from: &mut S) -> Result<Option<T>, Problem>
where
    S: Stream<Item = Result<T, E>> + Unpin,
    E: Into<Broken>,
{
    let Ok(came) = timeout(PATIENCE, from.next()).await else {
        let detail = format!("nothing came for {} seconds; send the file again", PATIENCE.as_secs());
        return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
    };
    came.transpose().map_err(|error| {
        let Broken(why) = error.into();
        Problem::malformed(format!("the body is broken: {why}"))
    })
}

/// Why a body cannot be read on.
struct Broken(String);

impl From<PayloadError> for Broken {
    fn from(error: PayloadError) -> Broken {
        Broken(error.to_string())
    }
}

impl From<MultipartError> for Broken {
    fn from(error: MultipartError) -> Broken {
        Broken(error.to_string())
    }
}

fn too_large(limit: u64) -> Problem {
    let detail = format!(
        "the file is larger than {} MiB; split it, pack it, or raise [imports] limit_mib in vizavi.toml",
        limit >> 20
    );
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
