//! `POST /v1/suppressions`: addresses that must not be used.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Caller;
use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::customers::suppression::{Suppression, address_hash, suppress};
use crate::error::{Error, Fault};
use crate::offers::offer::is_name;
use crate::operations::audit;

/// One address. Only its hash is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionInput {
    /// `email`, `sms`, `call`, `letter`.
    pub channel: String,
    /// The mailbox, number or address.
    pub address: String,
    /// Why: `bounce`, `complaint`, `unsubscribe`, `request`, ...
    pub reason: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionsAdded {
    /// Addresses that were not on the list before.
    pub added: usize,
}

impl SuppressionInput {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, name) in [("channel", &self.channel), ("reason", &self.reason)] {
            if !is_name(name) {
                faults.push(Fault::at(key, "must be a name of letters, digits, `-`, `_` or `.`"));
            }
        }
        if self.address.trim().is_empty() || self.address.len() > 1_000 {
            faults.push(Fault::at("address", "must have 1 to 1000 characters"));
        }
        faults
    }
}

/// Suppresses one address, or several as a JSON array.
pub async fn post(ws: Ws, caller: Caller, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    let inputs: Vec<SuppressionInput> = body::one_or_many(&req, &bytes)?;
    let added = on_pool(&ws, move |ws| {
        let now = ws.now();
        let faults = body::faults_of(&inputs, SuppressionInput::faults);
        if !faults.is_empty() {
            return Err(Error::faults("the suppressions cannot be used", faults));
        }
        let rows: Vec<Suppression> = inputs
            .into_iter()
            .map(|input| Suppression {
                address_hash: address_hash(&input.channel, &input.address),
                channel: input.channel,
                reason: input.reason,
                created_at: now,
            })
            .collect();
        ws.store().write(|conn| {
            let added = suppress(conn, &rows)?;
            audit::write(conn, &caller.actor, "suppression.add", "", &format!("{added} added"), now)?;
            Ok(added)
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(SuppressionsAdded { added }))
}
