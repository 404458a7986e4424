//! `POST /v1/events`, `/v1/orders`, `/v1/interactions`, `/v1/subscriptions`, `/v1/claims` and `/v1/outcomes`: facts as they
//! happen, one as JSON, several as NDJSON; all of a request or none, and then every fault with its line.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::clock::Timestamp;
use crate::deliveries::outbox;
use crate::error::{Error, Fault};
use crate::ids::{self, DecisionId, DeliveryId};
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::record::report::{self, Report};
use crate::operations::record::{self, Recorded};
use crate::operations::webhooks::news;
use crate::outcomes::{Outcome, SignalKind};

/// What became of a message, or of what was proposed in real time, as another system reports it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeInput {
    /// The delivery that it answers.
    pub delivery: Option<i64>,
    /// Instead: the decision of a proposal in real time.
    pub decision: Option<i64>,
    /// `open`, `click`, `unsubscribe`, `bounce`, `complaint` or `conversion`; of a decision also `made`, when it was shown or said,
    /// and `not_made`, which gives back what it held.
    pub kind: String,
    /// The source's own key: the same outcome reported again is the same.
    pub key: String,
    /// When; now when absent.
    #[schema(value_type = Option<String>)]
    pub occurred_at: Option<Timestamp>,
    /// What a conversion was worth, in minor units.
    pub value: Option<i64>,
}

/// What recording did.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomesRecorded {
    /// Outcomes that were new.
    pub accepted: usize,
    /// Outcomes that had been reported before.
    pub known: usize,
}

/// `POST /v1/orders`
pub async fn orders(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    post(ws, &req, &bytes, record::orders).await
}

/// `POST /v1/interactions`
pub async fn interactions(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    post(ws, &req, &bytes, record::interactions).await
}

/// `POST /v1/events`
pub async fn events(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    post(ws, &req, &bytes, record::events).await
}

/// `POST /v1/subscriptions`
pub async fn subscriptions(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    post(ws, &req, &bytes, record::subscriptions).await
}

/// `POST /v1/claims`
pub async fn claims(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    post(ws, &req, &bytes, record::claims).await
}

/// Reads what a request reports, has it recorded, and answers when it is durable.
async fn post<T: DeserializeOwned + Send + 'static>(
    ws: Ws,
    req: &HttpRequest,
    bytes: &[u8],
    record: fn(&Workspace, Vec<T>) -> crate::error::Result<Recorded>,
) -> Result<HttpResponse, Problem> {
    let (reports, in_body) = body::lines(req, bytes)?.split();
    let recorded = on_pool(&ws, move |ws| Ok(record(ws, reports))).await?;
    Ok(HttpResponse::Ok().json(recorded.map_err(in_body)?))
}

/// `POST /v1/outcomes`
pub async fn outcomes(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let inputs: Vec<OutcomeInput> = body::lines(&req, &bytes)?.values;
    let all = inputs.len();
    let accepted = on_pool(&ws, move |ws| {
        let now = ws.now();
        let faults = body::faults_of(&inputs, |input| faults(input, now));
        if !faults.is_empty() {
            return Err(Error::faults("the outcomes cannot be used", faults));
        }
        ws.store().write(|conn| {
            let mut rows = Vec::with_capacity(inputs.len());
            let mut new = 0;
            for input in inputs {
                if let Some(decision) = input.decision {
                    let report = Report {
                        decision: DecisionId(decision),
                        kind: &input.kind,
                        key: &input.key,
                        at: input.occurred_at.unwrap_or(now),
                        value: input.value.map(Money),
                    };
                    new += report::take(conn, &report, now)?;
                    continue;
                }
                let message = outbox::find::by_id(conn, DeliveryId(input.delivery.unwrap_or_default()))?;
                rows.push(Outcome {
                    id: ids::fresh(now),
                    kind: input.kind,
                    customer_id: message.customer_id,
                    delivery_id: Some(message.id),
                    decision_id: None,
                    campaign_run_id: Some(message.campaign_run_id),
                    occurred_at: input.occurred_at.unwrap_or(now),
                    value: input.value.map(Money),
                    source_key: input.key,
                });
            }
            Ok(new + news::heard(conn, &rows)?)
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(OutcomesRecorded { accepted, known: all - accepted }))
}

fn faults(input: &OutcomeInput, now: Timestamp) -> Vec<Fault> {
    let mut faults = Vec::new();
    if input.delivery.is_some() == input.decision.is_some() {
        faults.push(Fault::at("delivery", "name either a `delivery` or a `decision`"));
    }
    let of_decision = input.decision.is_some() && [report::MADE, report::NOT_MADE].contains(&input.kind.as_str());
    if let Err(error) = SignalKind::parse(&input.kind)
        && !of_decision
    {
        faults.push(Fault::at("kind", error.message()));
    }
    if input.key.is_empty() || input.key.len() > 200 || input.key.chars().any(char::is_control) {
        faults.push(Fault::at("key", "must have 1 to 200 characters and no line breaks"));
    }
    if input.occurred_at.is_some_and(|at| at > now) {
        faults.push(Fault::at("occurred_at", "lies in the future"));
    }
    faults
}
