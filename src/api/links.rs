//! `/t/{token}` and `/o/{token}`: what the links and the image of a message ask for. The token is the permission.

use actix_web::http::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use actix_web::{HttpRequest, HttpResponse, web};

use super::problem::Problem;
use super::{Ws, on_pool};
use crate::error::{Error, Kind};
use crate::operations::links;

/// A transparent image of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;";

fn request(req: &HttpRequest) -> links::Request {
    let agent = req.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    links::Request { method: req.method().to_string(), user_agent: agent.chars().take(500).collect() }
}

/// A forged token is a malformed request, whatever is wrong with it.
fn refused(error: Error) -> Problem {
    match error.kind() {
        Kind::Invalid | Kind::NotFound => Problem::malformed("this link is not valid; use the one from the message"),
        _ => error.into(),
    }
}

/// Follows a click to the target that stands in the message.
pub async fn click(ws: Ws, req: HttpRequest, token: web::Path<String>) -> Result<HttpResponse, Problem> {
    let asked = request(&req);
    let target = on_pool(&ws, move |ws| Ok(links::click(ws, &token, &asked))).await?.map_err(refused)?;
    Ok(HttpResponse::Found().insert_header((LOCATION, target)).finish())
}

/// Counts an open.
pub async fn open(ws: Ws, req: HttpRequest, token: web::Path<String>) -> Result<HttpResponse, Problem> {
    let asked = request(&req);
    on_pool(&ws, move |ws| Ok(links::open(ws, &token, &asked))).await?.map_err(refused)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "image/gif")).body(PIXEL))
}
