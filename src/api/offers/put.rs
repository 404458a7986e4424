//! `PUT /v1/offers/{id}`

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};

use super::OfferShown;
use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::error::Kind;
use crate::offers::{OfferSpec, store};
use crate::operations::audit;

/// Adds an offer, or replaces its definition; what is used up stays counted.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let spec: OfferSpec = body::json(&req, &bytes)?;
    if spec.name != *name {
        return Err(Problem::fault("name", format!("must be `{name}`, as in the address")));
    }
    let spec = spec.check()?;
    let expected = etag::expected(&req);
    let outcome = on_pool(&ws, move |ws| {
        let now = ws.now();
        ws.store().write(|conn| {
            let known = match store::by_name(conn, &spec.name) {
                Ok(offer) => Some(offer.version),
                Err(error) if error.kind() == Kind::NotFound => None,
                Err(error) => return Err(error),
            };
            if let Err(problem) = expected.check(known) {
                return Ok(Err(problem));
            }
            let offer = store::put(conn, &spec, now)?;
            audit::write(conn, &caller.actor, "offer.put", &spec.name, &format!("version {}", offer.version), now)?;
            Ok(Ok(offer))
        })
    })
    .await?;
    let offer = outcome?;
    let mut answer = if offer.version == 1 { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(offer.version))).json(OfferShown::from(offer)))
}
