//! Logging in and out.

use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::guard::{Fields, cookie_name};
use super::page::{Frame, render};
use super::{Ws, either, on_pool};
use crate::clock::SECOND;
use crate::error::Error;
use crate::operations::access::{Login, session};

/// Where to go after the log-in.
#[derive(Debug, Deserialize)]
pub struct Next {
    next: Option<String>,
}

/// Only a path of our own: neither another site nor `//site`.
fn own_path(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    if own { next } else { "/" }
}

fn form(status: StatusCode, next: &str, email: &str, fault: Option<Error>) -> HttpResponse {
    let frame = Frame { fault, ..Frame::default() };
    render(status, &frame, "Log in", "login", json!({ "next": own_path(next), "email": email }))
}

/// `GET /login`
pub async fn show(query: web::Query<Next>) -> HttpResponse {
    form(StatusCode::OK, query.next.as_deref().unwrap_or("/"), "", None)
}

/// `POST /login`
pub async fn enter(ws: Ws, fields: Fields) -> HttpResponse {
    let (email, password) = (fields.get("email").to_owned(), fields.get("password").to_owned());
    let tried = on_pool(&ws, {
        let email = email.clone();
        move |ws| session::log_in(ws, &email, &password)
    })
    .await;
    let next = own_path(fields.get("next"));
    either(tried.map(|login| match login {
        Login::Welcome(token) => {
            let cookie = cookie(&ws, token, session::SESSION / SECOND);
            HttpResponse::SeeOther().cookie(cookie).insert_header((header::LOCATION, next)).finish()
        }
        Login::Refused => {
            let error = Error::invalid("This e-mail and password do not belong together.");
            form(StatusCode::UNAUTHORIZED, next, &email, Some(error))
        }
        Login::Wait => {
            let error = Error::invalid("Too many attempts. Wait a minute, then try again.");
            form(StatusCode::TOO_MANY_REQUESTS, next, &email, Some(error))
        }
    }))
}

/// `POST /logout`
pub async fn leave(ws: Ws, req: HttpRequest) -> HttpResponse {
    let https = ws.settings().base_url.starts_with("https://");
    let token = req.cookie(cookie_name(https)).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let left = on_pool(&ws, move |ws| session::log_out(ws, &token)).await;
    let gone = cookie(&ws, String::new(), 0);
    either(left.map(|()| HttpResponse::SeeOther().cookie(gone).insert_header((header::LOCATION, "/login")).finish()))
}

fn cookie(ws: &Ws, token: String, seconds: i64) -> Cookie<'static> {
    let https = ws.settings().base_url.starts_with("https://");
    Cookie::build(cookie_name(https), token)
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(seconds))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_log_in_leads_to_pages_of_our_own_only() {
        assert_eq!(own_path("/campaigns/x"), "/campaigns/x");
        for other in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""] {
            assert_eq!(own_path(other), "/");
        }
    }
}
