//! `GET /v1/deliveries?run=`: what became of each message of a run.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, on_pool};
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::deliveries::{Delivery, State, outbox};
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};

/// Which deliveries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    run: i64,
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// A delivery without address and text, which are the customer's.
#[derive(Debug, Serialize)]
pub struct DeliveryShown {
    /// Its id.
    pub id: DeliveryId,
    /// The internal id of the customer.
    pub customer_id: CustomerId,
    /// The channel.
    pub channel: String,
    /// `planned`, `claimed`, `committing`, `sent`, `deferred`, `held`, `failed`, `suppressed`, `cancelled`.
    pub state: &'static str,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempt: i32,
    /// The receiver's code.
    pub reply_code: Option<i32>,
    /// The same for every attempt.
    pub message_id: String,
    /// What the contact costs, in minor units.
    pub cost: i64,
    /// Not before this.
    pub next_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl From<Delivery> for DeliveryShown {
    fn from(row: Delivery) -> DeliveryShown {
        DeliveryShown {
            id: row.id,
            customer_id: row.customer_id,
            channel: row.channel,
            state: row.state.name(),
            reason: row.reason,
            attempt: row.attempt,
            reply_code: row.reply_code,
            message_id: row.message_id,
            cost: row.cost.0,
            next_at: row.next_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of a run's deliveries.
pub async fn list(ws: Ws, query: web::Query<DeliveryQuery>) -> Result<HttpResponse, Problem> {
    let DeliveryQuery { run, state, cursor, limit } = query.into_inner();
    let page = PageQuery { cursor, limit };
    let (limit, after) = (page.limit()?, page.after(ws.id_key(), "deliveries")?.map(DeliveryId));
    let state = match state.as_deref() {
        None => None,
        Some(name) => {
            let known = State::parse(name);
            Some(known.ok_or_else(|| Problem::fault("state", format!("`{name}` is no state of a delivery")))?)
        }
    };
    let run = CampaignRunId(run);
    let rows = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            campaigns::run(conn, run)?;
            outbox::find::of_run(conn, run, state, after, limit)
        })
    })
    .await?;
    let page = Page::of(rows, limit, ws.id_key(), "deliveries", |row| row.id.0);
    let items: Vec<DeliveryShown> = page.items.into_iter().map(DeliveryShown::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: page.next }))
}
