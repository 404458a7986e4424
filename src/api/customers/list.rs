//! `GET /v1/customers`

use actix_web::{HttpResponse, web};

use super::shown::CustomerShown;
use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::customers::store;
use crate::ids::CustomerId;

/// A page of customers, in the order of their internal ids, which is no order that means anything.
pub async fn handle(ws: Ws, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let after = query.after(ws.id_key(), "customers")?.map(CustomerId);
    let rows = on_pool(&ws, move |ws| ws.store().read(|conn| store::page(conn, after, limit))).await?;
    let page = Page::of(rows, limit, ws.id_key(), "customers", |row| row.id.0);
    let items = page.items.into_iter().map(|row| CustomerShown::of(row, None, None)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: page.next }))
}
