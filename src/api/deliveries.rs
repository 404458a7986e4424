//! `/v1/deliveries`: what became of each message of a run, and what a person does about it.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Caller;
use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::campaigns::store as campaigns;
use crate::clock::Timestamp;
use crate::deliveries::outbox::resolve::Resolution;
use crate::deliveries::{Delivery, State, outbox};
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::operations::deliveries;

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
    /// The step of the campaign; 0 for the first.
    pub step: i32,
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
            step: row.step,
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

/// What became of a held message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleInput {
    /// `arrived`, `never_arrived` (it is sent) or `given_up`.
    #[schema(value_type = String)]
    pub resolution: Resolution,
    /// How it is known: a line of the relay's log, the customer's word.
    pub proof: String,
}

/// `POST /v1/deliveries/{id}/settle`
pub async fn settle(
    ws: Ws,
    caller: Caller,
    id: web::Path<i64>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let SettleInput { resolution, proof } = body::json(&req, &bytes)?;
    let id = DeliveryId(*id);
    let state = on_pool(&ws, move |ws| deliveries::settle(ws, id, resolution, &proof, &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "id": id, "state": state })))
}

/// Whose missing messages are sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendInput {
    /// The run.
    pub run: i64,
}

/// `POST /v1/deliveries/resend`
pub async fn resend(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let ResendInput { run } = body::json(&req, &bytes)?;
    let resent = on_pool(&ws, move |ws| deliveries::resend(ws, CampaignRunId(run), &caller.actor)).await?;
    Ok(HttpResponse::Ok().json(resent))
}
