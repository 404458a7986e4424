//! `GET /v1/offers`

use actix_web::HttpResponse;

use super::OfferShown;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::offers::store;

/// All offers, by name.
pub async fn handle(ws: Ws) -> Result<HttpResponse, Problem> {
    let offers = on_pool(&ws, |ws| ws.store().read(store::all)).await?;
    Ok(HttpResponse::Ok().json(Page::whole(offers.into_iter().map(OfferShown::from).collect())))
}
