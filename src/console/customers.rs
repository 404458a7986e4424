//! Finding customers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::{Show, count, path_part, tone_of};
use super::page::{Frame, render};
use super::{Ws, either, on_pool};
use crate::customers::{Customer, store};
use crate::error::Result;
use crate::operations::send;
use crate::storage::Connection;
use crate::storage::schema::customer;

/// Most customers on the page.
const MOST: i64 = 50;

/// What is looked for.
#[derive(Debug, Deserialize)]
pub struct Search {
    q: Option<String>,
}

/// `GET /customers`
pub async fn show(ws: Ws, req: HttpRequest, search: web::Query<Search>) -> HttpResponse {
    let q = search.into_inner().q.unwrap_or_default().trim().to_owned();
    let wanted = q.clone();
    let read = on_pool(&ws, move |ws| {
        let show = Show(ws);
        let lines = ws.store().read(|conn| {
            let found = if wanted.is_empty() { store::page(conn, None, MOST)? } else { find(conn, &wanted)? };
            found.iter().map(|customer| line(conn, &show, customer)).collect::<Result<Vec<_>>>()
        })?;
        Ok((send::is_stopped(ws)?, lines))
    })
    .await;
    either(read.map(|(stopped, lines)| {
        let page = json!({ "q": q, "more": lines.len() as i64 >= MOST, "shown": MOST, "customers": lines });
        render(StatusCode::OK, &Frame::of(&req, "/customers", stopped), "Customers", "customers", page)
    }))
}

/// By key, by address, or by the beginning of a name.
fn find(conn: &mut Connection, text: &str) -> Result<Vec<Customer>> {
    let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let begins = format!("{plain}%");
    Ok(customer::table
        .filter(
            customer::external_id
                .eq(text)
                .or(customer::email.eq(text))
                .or(customer::external_id.like(begins.clone()).escape('\\'))
                .or(customer::last_name.like(begins.clone()).escape('\\'))
                .or(customer::first_name.like(begins).escape('\\')),
        )
        .order(customer::external_id)
        .limit(MOST)
        .select(Customer::as_select())
        .load(conn)?)
}

/// What people call a customer: the name, or the key where no name is known.
pub fn name(customer: &Customer) -> String {
    let parts: Vec<&str> =
        [&customer.first_name, &customer.last_name].into_iter().flatten().map(String::as_str).collect();
    if parts.is_empty() { customer.external_id.clone() } else { parts.join(" ") }
}

fn line(conn: &mut Connection, show: &Show<'_>, customer: &Customer) -> Result<Value> {
    let state = store::state_of(conn, customer.id)?;
    let money = |amount: Option<crate::money::Money>| amount.map_or("–".into(), |amount| show.money(amount));
    let profit = state.as_ref().map(|state| state.profit);
    Ok(json!({
        "external_id": customer.external_id,
        "path": path_part(&customer.external_id),
        "name": name(customer),
        "kind": customer.kind,
        "segment": state.as_ref().and_then(|state| state.segment.clone()),
        "orders": state.as_ref().map_or("–".into(), |state| count(state.orders)),
        "revenue": money(state.as_ref().map(|state| state.revenue)),
        "cost": money(state.as_ref().map(|state| state.cost_to_serve)),
        "profit": money(profit),
        "tone": profit.map_or("", |profit| tone_of(profit.0 as f64)),
    }))
}
