//! `POST /v1/consents`: what a customer agreed to, or no longer does.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Caller;
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::clock::Timestamp;
use crate::customers::consent::MARKETING;
use crate::customers::{Consent, store};
use crate::error::{Error, Fault};
use crate::offers::offer::is_name;
use crate::operations::audit;

/// One agreement, or its withdrawal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentInput {
    /// The company's own key of the customer.
    pub customer: String,
    /// `email`, `sms`, `call`, `letter`, or a placement.
    pub channel: String,
    /// `marketing` (when absent), `service`, ...
    pub purpose: Option<String>,
    /// Given, or withdrawn.
    pub granted: bool,
    /// Why we may: `consent` (when absent), `contract`, `legitimate_interest`.
    pub legal_basis: Option<String>,
    /// Where it was given: the proof.
    pub source: String,
    /// When; now when absent. A record older than the one there is changes nothing.
    #[schema(value_type = Option<String>)]
    pub recorded_at: Option<Timestamp>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentsRecorded {
    /// Records written; older ones than those there are not among them.
    pub recorded: usize,
}

impl ConsentInput {
    fn faults(&self, now: Timestamp) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, text) in [("channel", &self.channel), ("purpose", self.purpose.as_ref().unwrap_or(&self.channel))] {
            if !is_name(text) {
                faults.push(Fault::at(key, "must be a name of letters, digits, `-`, `_` or `.`"));
            }
        }
        if self.source.trim().is_empty() || self.source.len() > 500 || self.source.chars().any(char::is_control) {
            faults.push(Fault::at("source", "must say in 1 to 500 characters where it was given"));
        }
        let bases = ["consent", "contract", "legitimate_interest"];
        if self.legal_basis.as_ref().is_some_and(|basis| !bases.contains(&basis.as_str())) {
            faults.push(Fault::at("legal_basis", "must be one of consent, contract, legitimate_interest"));
        }
        if self.recorded_at.is_some_and(|at| at > now) {
            faults.push(Fault::at("recorded_at", "lies in the future"));
        }
        faults
    }
}

/// Records one consent, or several as a JSON array.
pub async fn post(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let inputs: Vec<ConsentInput> = body::one_or_many(&req, &bytes)?;
    let recorded = on_pool(&ws, move |ws| {
        let now = ws.now();
        let faults = body::faults_of(&inputs, |input| input.faults(now));
        if !faults.is_empty() {
            return Err(Error::faults("the consents cannot be used", faults));
        }
        ws.store().write(|conn| {
            let mut rows = Vec::with_capacity(inputs.len());
            for input in inputs {
                let customer = store::by_external_id(conn, &input.customer)?;
                rows.push(Consent {
                    customer_id: customer.id,
                    channel: input.channel,
                    purpose: input.purpose.unwrap_or_else(|| MARKETING.into()),
                    granted: input.granted,
                    legal_basis: input.legal_basis.unwrap_or_else(|| "consent".into()),
                    source: input.source,
                    recorded_at: input.recorded_at.unwrap_or(now),
                });
            }
            let recorded = store::record_consents(conn, &rows)?;
            for row in &rows {
                let detail = format!("{} {} {}", row.channel, row.purpose, row.granted);
                audit::write(conn, &caller.actor, "consent.record", &row.customer_id.to_string(), &detail, now)?;
            }
            Ok(recorded)
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(ConsentsRecorded { recorded }))
}
