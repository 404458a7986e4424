//! `PUT` and `POST /v1/segments/{id}/members`

use actix_web::http::header::{CONTENT_TYPE, ETAG};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::operations::segments::{self, Asked};
use crate::segments::uploaded::{Format, keys, store};

/// How a list is taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    title: Option<String>,
    #[serde(default)]
    skip_unknown: bool,
}

/// Makes a segment of a list of keys (201), replaces its members (PUT, with If-Match) or adds to them (POST).
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    query: web::Query<UploadQuery>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let format = format_of(&req)?;
    let (add, expected) = (req.method() == Method::POST, etag::expected(&req));
    let UploadQuery { title, skip_unknown } = query.into_inner();
    let outcome = on_pool(&ws, move |ws| {
        let keys = keys(format, &bytes)?;
        ws.store().write(|conn| {
            let known = store::find(conn, &name)?.map(|list| list.version);
            // What adds takes nothing away that somebody else did: it needs no version, but may name one.
            let free = add && expected == etag::Expected::Nothing;
            if let Err(problem) = if free { Ok(()) } else { expected.check(known) } {
                return Ok(Err(problem));
            }
            let asked = Asked { name: &name, title: title.as_deref(), add, skip_unknown };
            segments::upload(ws, conn, &asked, &keys, &caller.actor).map(Ok)
        })
    })
    .await?;
    let uploaded = outcome?;
    let mut answer = if uploaded.segment.version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(uploaded.segment.version))).json(uploaded))
}

fn format_of(req: &HttpRequest) -> Result<Format, Problem> {
    let value = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" | "text/plain" => Ok(Format::Csv),
        "application/x-ndjson" => Ok(Format::Ndjson),
        "application/json" => Ok(Format::Json),
        _ => {
            let detail = "send `text/csv`, `application/x-ndjson` or `application/json`";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}
