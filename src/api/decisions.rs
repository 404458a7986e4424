//! `GET /v1/customers/{id}/decisions`: what was decided for a customer, and why.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use diesel::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::page::{Page, PageQuery};
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::decisions::store::{self, DecisionRow};
use crate::ids::{CampaignRunId, DecisionId};
use crate::operations::decide_now::{RealTime, Request};
use crate::storage::schema::decision;

/// A decision as the API shows it.
#[derive(Debug, Serialize)]
pub struct DecisionShown {
    /// Its id.
    pub id: DecisionId,
    /// The run; absent in real time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_run_id: Option<CampaignRunId>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// `treated`, `exploration`, `global_holdout`, `campaign_holdout`.
    pub arm: String,
    /// The offer; absent for no contact.
    pub offer: Option<String>,
    /// The channel.
    pub channel: Option<String>,
    /// From when on the contact may be made.
    pub slot_from: Option<Timestamp>,
    /// The template's variant.
    pub variant: Option<String>,
    /// The chance with which the variant was drawn; absent without an experiment.
    pub variant_propensity: Option<f64>,
    /// Its value, in minor units.
    pub value: f64,
    /// P(convert | this contact).
    pub p1: Option<f64>,
    /// P(convert | no contact).
    pub p0: Option<f64>,
    /// Probability of this choice given the arm.
    pub propensity: f64,
    /// Every candidate, and why it was chosen or not.
    pub trace: Value,
    /// Versions of the models that scored it.
    pub model_versions: Value,
}

impl From<DecisionRow> for DecisionShown {
    fn from(row: DecisionRow) -> DecisionShown {
        DecisionShown {
            id: row.id,
            campaign_run_id: row.campaign_run_id,
            decided_at: row.decided_at,
            arm: row.arm,
            offer: row.offer,
            channel: row.channel,
            slot_from: row.slot_from,
            variant: row.variant,
            variant_propensity: row.variant_propensity,
            value: row.value as f64 / crate::decisions::candidate::TICKS,
            p1: row.p1,
            p0: row.p0,
            propensity: row.propensity,
            trace: serde_json::from_str(&row.trace).unwrap_or_default(),
            model_versions: serde_json::from_str(&row.model_versions).unwrap_or_default(),
        }
    }
}

/// A page of a customer's decisions, newest first.
pub async fn of_customer(ws: Ws, id: web::Path<String>, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let before = query.after(ws.id_key(), "decisions")?;
    let rows = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let customer = customers::by_external_id(conn, &id)?;
            // Decisions of one instant are told apart by their id, which the cursor carries; the instant is found again.
            let before = match before {
                Some(id) => {
                    let at: Option<Timestamp> =
                        decision::table.find(id).select(decision::decided_at).first(conn).optional()?;
                    at.map(|at| (at, DecisionId(id)))
                }
                None => None,
            };
            store::of_customer(conn, customer.id, before, limit)
        })
    })
    .await?;
    let page = Page::of(rows, limit, ws.id_key(), "decisions", |row| row.id.0);
    let items: Vec<DecisionShown> = page.items.into_iter().map(DecisionShown::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: page.next }))
}

/// `POST /v1/decisions`: what now for this customer, or these few? Reserved and logged durably before it is answered.
pub async fn make(
    ws: Ws,
    real_time: web::Data<RealTime>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let asked: Request = body::json(&req, &bytes)?;
    let answer = on_pool(&ws, move |_| real_time.decide(&asked)).await?;
    Ok(HttpResponse::Ok().json(answer))
}
