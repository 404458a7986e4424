//! `GET /v1/customers/{id}`

use actix_web::http::header::ETAG;
use actix_web::{HttpResponse, web};

use super::shown::CustomerShown;
use crate::api::problem::Problem;
use crate::api::{Ws, etag, on_pool};
use crate::customers::store;
use crate::models::lifetime_score;
use crate::reports::lifetime::LifetimeShown;

/// One customer, with what is known at once.
pub async fn handle(ws: Ws, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (customer, state, lifetime) = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let customer = store::by_external_id(conn, &id)?;
            let state = store::state_of(conn, customer.id)?;
            let lifetime = lifetime_score::of_customer(conn, customer.id)?;
            Ok((customer, state, lifetime.as_ref().map(LifetimeShown::of)))
        })
    })
    .await?;
    let tag = etag::of(customer.version);
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(CustomerShown::of(customer, state, lifetime)))
}
