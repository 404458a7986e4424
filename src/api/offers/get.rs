//! `GET /v1/offers/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};

use super::OfferShown;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::offers::store;

/// One offer.
pub async fn handle(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let offer = on_pool(&ws, move |ws| ws.store().read(|conn| store::by_name(conn, &name))).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag::of(offer.version))).json(OfferShown::from(offer)))
}
