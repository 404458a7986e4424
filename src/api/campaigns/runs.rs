//! `/v1/campaigns/{id}/runs`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::campaigns::store::{self, CampaignRun};
use crate::deliveries::outbox::{Reconciliation, reconcile};
use crate::operations::run;

/// What a run is the run of.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunInput {
    /// A name that no other run of the campaign has; this instant when absent.
    pub occasion: Option<String>,
}

/// A run with what became of its messages.
#[derive(Debug, Serialize)]
pub struct RunShown {
    /// The run.
    #[serde(flatten)]
    pub run: CampaignRun,
    /// planned = sent + suppressed(reason) + failed + held + cancelled + open.
    pub reconciliation: Reconciliation,
    /// Whether that sum is right.
    pub balances: bool,
}

/// `GET`: the runs, newest first, each reconciled.
pub async fn list(ws: Ws, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let shown = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let campaign = store::by_name(conn, &name)?;
            let mut shown = Vec::new();
            for run in store::runs(conn, campaign.id)? {
                let reconciliation = reconcile(conn, run.id)?;
                shown.push(RunShown { balances: reconciliation.balances(), run, reconciliation });
            }
            Ok(shown)
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page::whole(shown)))
}

/// Refuses a name that is none.
pub(super) fn check_occasion(occasion: Option<&str>) -> Result<(), Problem> {
    match occasion {
        Some(text) if text.trim().is_empty() || text.len() > 200 => {
            Err(Problem::fault("occasion", "must have 1 to 200 characters"))
        }
        _ => Ok(()),
    }
}

/// `POST`: starts a run; its messages go out as their hours come.
pub async fn post(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let input: RunInput = body::json(&req, &bytes)?;
    check_occasion(input.occasion.as_deref())?;
    let started = on_pool(&ws, move |ws| run::start(ws, &name, input.occasion.as_deref(), &caller.actor)).await?;
    Ok(HttpResponse::Created().json(started))
}
