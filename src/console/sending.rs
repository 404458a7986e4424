//! The switch in the header: stop everything, start again.

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::{Ws, either, on_pool};
use crate::operations::access::Session;
use crate::operations::send;

/// Who does it, for the audit: the user's id, so that the audit holds no address.
pub fn actor(req: &HttpRequest) -> String {
    req.extensions().get::<Session>().map_or_else(String::new, |session| format!("user:{}", session.user_id))
}

/// `POST /sending/stop`
pub async fn stop(ws: Ws, req: HttpRequest) -> HttpResponse {
    let actor = actor(&req);
    either(on_pool(&ws, move |ws| send::stop_all(ws, "stopped in the console", &actor)).await.map(|()| back(&req)))
}

/// `POST /sending/start`
pub async fn start(ws: Ws, req: HttpRequest) -> HttpResponse {
    let actor = actor(&req);
    either(on_pool(&ws, move |ws| send::start_all(ws, &actor)).await.map(|()| back(&req)))
}

/// Back to the page the button was on; only the path of the referrer counts, so that it leads nowhere else.
fn back(req: &HttpRequest) -> HttpResponse {
    let referrer = req.headers().get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = referrer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    // A page that answers a form of a campaign is the campaign's page: noun and name are enough.
    let parts: Vec<&str> = path.split(['?', '#']).next().unwrap_or("/").split('/').skip(1).take(2).collect();
    let own = parts.first().is_some_and(|noun| ["campaigns", "customers"].contains(noun));
    let location = if own { format!("/{}", parts.join("/")) } else { "/".to_owned() };
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}
