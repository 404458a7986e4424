//! Before every page: who is logged in, may they see it, and does a form come from this very site.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};

use super::{Ws, on_pool, page};
use crate::operations::access::{Permission, Session, same, session};

/// The fields of a form that was let through.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first field of this name; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// All fields of this name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }
}

impl FromRequest for Fields {
    type Error = Error;
    type Future = std::future::Ready<Result<Fields, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Ok(req.extensions().get::<Fields>().cloned().unwrap_or_default()))
    }
}

/// The name of the session's cookie. `__Host-` binds it to this very host, which browsers allow with https only.
pub fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-vizavi" } else { "vizavi" }
}

/// Lets a request through to its page, sends it to the log-in, or refuses it.
pub async fn guard(
    needs: Rc<Vec<(Method, Option<Permission>)>>,
    https: bool,
    mut req: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some((_, needs)) = needs.iter().find(|(method, _)| method == req.method()).cloned() else {
        return next.call(req).await;
    };
    let posts = req.method() == Method::POST;
    let for_customers = req.path().starts_with("/u/") || req.path().starts_with("/preferences/");
    if posts {
        // A mail program that unsubscribes in one click has no Origin; its token is its proof.
        if !for_customers && !from_here(req.request()) {
            return Ok(req.into_response(refused("This form came from another site.")));
        }
        let (request, payload) = req.parts_mut();
        let fields = web::Form::<Vec<(String, String)>>::from_request(request, payload).await;
        req.extensions_mut().insert(Fields(fields.map(web::Form::into_inner).unwrap_or_default()));
    }
    let Some(permission) = needs else { return next.call(req).await };

    let token = req.cookie(cookie_name(https)).map(|cookie| cookie.value().to_owned());
    let ws = req.app_data::<Ws>().cloned();
    let found = match (token, ws) {
        (Some(token), Some(ws)) => on_pool(&ws, move |ws| session::find(ws, &token)).await,
        _ => Ok(None),
    };
    let session: Session = match found {
        Ok(Some(session)) => session,
        Ok(None) => return Ok(to_login(req)),
        Err(failure) => return Ok(req.into_response(failure)),
    };
    if posts {
        let sent = req.extensions().get::<Fields>().map(|fields| fields.get("form_token").to_owned());
        if !same(&sent.unwrap_or_default(), &session.form_token) {
            return Ok(
                req.into_response(refused("This form is no longer valid. Go back, load the page again, and retry."))
            );
        }
    }
    if !session.role.may(permission) {
        let words =
            format!("Your role ({}) may not do this; it needs `{}`.", session.role.as_str(), permission.as_str());
        return Ok(req.into_response(refused(&words)));
    }
    req.extensions_mut().insert(session);
    next.call(req).await
}

/// Whether a form was sent from a page of this host. Browsers send Origin with every POST; one that does not is refused unless
/// it says `Sec-Fetch-Site: same-origin`.
fn from_here(req: &HttpRequest) -> bool {
    let text = |name: header::HeaderName| req.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    match text(header::ORIGIN) {
        Some(origin) => origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host)),
        None => text(header::HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
    }
}

fn to_login(req: ServiceRequest) -> ServiceResponse<BoxBody> {
    let next = if req.method() == Method::GET { req.path().to_owned() } else { "/".to_owned() };
    let location =
        if next == "/" { "/login".to_owned() } else { format!("/login?next={}", super::figures::path_part(&next)) };
    req.into_response(HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish())
}

fn refused(words: &str) -> HttpResponse {
    page::message(StatusCode::FORBIDDEN, "Not allowed", &[words])
}
