//! Webhooks and their calls, as people see them.

use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::error::Result;
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::storage::Connection;
use crate::webhooks::queue::{self, Attempt};
use crate::webhooks::{CallState, Webhook, store};

/// A webhook with how it does.
#[derive(Debug, Clone, Serialize)]
pub struct WebhookShown {
    /// As it is kept, without its secret.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// Events on their way.
    pub waiting: i64,
    /// Events accepted in the last seven days.
    pub sent: i64,
    /// Dead letters of the last thirty days.
    pub dead: i64,
}

/// A call, as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct CallShown {
    /// Its place.
    #[serde(skip)]
    pub position: i64,
    /// The event's id, by which it can be sent again.
    pub event: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// The company's own key of whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// What is told.
    pub data: Value,
    /// `waiting`, `claimed`, `sent`, `dead`.
    pub state: String,
    /// Not tried before this, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// Each attempt with its answer, since it was last put in line.
    pub attempts: Vec<Attempt>,
}

/// All webhooks, by name.
pub fn list(ws: &Workspace) -> Result<Vec<WebhookShown>> {
    ws.store().read(|conn| {
        let (hooks, counts) = (store::all(conn)?, queue::counts(conn)?);
        Ok(hooks.into_iter().map(|hook| counted(hook, &counts)).collect())
    })
}

/// One webhook.
///
/// # Errors
/// Not found.
pub fn show(ws: &Workspace, name: &str) -> Result<WebhookShown> {
    ws.store().read(|conn| {
        let hook = store::by_name(conn, name)?;
        of(conn, hook)
    })
}

pub(super) fn of(conn: &mut Connection, hook: Webhook) -> Result<WebhookShown> {
    Ok(counted(hook, &queue::counts(conn)?))
}

fn counted(webhook: Webhook, counts: &[(i64, String, i64)]) -> WebhookShown {
    let of = |state: CallState| {
        let found = counts.iter().find(|(hook, word, _)| *hook == webhook.id && *word == state.as_str());
        found.map_or(0, |(.., count)| *count)
    };
    let (waiting, sent, dead) =
        (of(CallState::Waiting) + of(CallState::Claimed), of(CallState::Sent), of(CallState::Dead));
    WebhookShown { webhook, waiting, sent, dead }
}

/// What became of each event of a webhook, the latest first, before a position.
///
/// # Errors
/// Not found.
pub fn calls(
    ws: &Workspace,
    name: &str,
    state: Option<CallState>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<CallShown>> {
    ws.store().read(|conn| {
        let hook = store::by_name(conn, name)?;
        let calls = queue::page(conn, hook.id, state, before, limit)?;
        let ids: Vec<CustomerId> = calls.iter().filter_map(|call| call.customer_id).collect();
        let keys = customers::external_ids(conn, &ids)?;
        let shown = calls.into_iter().map(|call| CallShown {
            position: call.position,
            event: call.event_id.to_string(),
            customer: call.customer_id.and_then(|id| keys.get(&id).cloned()),
            at: call.at,
            data: serde_json::from_str(&call.data).unwrap_or_default(),
            next_at: Some(call.next_at).filter(|_| call.state == CallState::Waiting.as_str()),
            attempts: call.attempts(),
            kind: call.kind,
            state: call.state,
        });
        Ok(shown.collect())
    })
}
