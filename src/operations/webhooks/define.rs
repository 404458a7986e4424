//! What a person asks for: a webhook is made, changed, tried, removed; calls are sent again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::deliver::{body, target};
use super::show::{self, WebhookShown};
use crate::deliveries::transport::Outcome;
use crate::error::{Error, Fault, Result};
use crate::ids;
use crate::operations::{Workspace, access, audit};
use crate::storage::Connection;
use crate::webhooks::queue::{self, Again, Attempt};
use crate::webhooks::{PING, Webhook, event, store};

/// A subscription, as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// Where events are posted: http or https.
    pub url: String,
    /// Kinds of events, `NOUN.*`, or `*`.
    pub events: Vec<String>,
    /// Whether it is told anything; true when absent.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// A webhook, and its secret where it is new.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookShown,
    /// What its posts are signed with; it is shown only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl WebhookInput {
    fn check(&self, ws: &Workspace, name: &str) -> Result<()> {
        let mut faults = Vec::new();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
            faults.push(Fault::at("name", "must be 1 to 100 letters, digits, `-`, `_`, `.`"));
        }
        let (long, strange) = (self.url.len() > 2_000, self.url.chars().any(char::is_control));
        if let Err(error) = target(ws, &self.url, "secret") {
            faults.push(Fault::at("url", error.message()));
        } else if long || strange {
            faults.push(Fault::at("url", "must have at most 2000 characters and no control characters"));
        }
        event::check(&self.events, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(Error::faults("the webhook cannot be used", faults)) }
    }
}

/// Adds a webhook, or changes one; in the caller's transaction. The secret is given only for a new one.
///
/// # Errors
/// Invalid, with all faults.
pub fn put(ws: &Workspace, conn: &mut Connection, name: &str, input: &WebhookInput, actor: &str) -> Result<Made> {
    input.check(ws, name)?;
    let now = ws.now();
    let known = store::find(conn, name)?;
    let secret = if known.is_none() { Some(access::fresh_secret()?) } else { None };
    let mut events = input.events.clone();
    events.dedup();
    let row = Webhook {
        id: known.as_ref().map_or_else(|| ids::fresh(now), |known| known.id),
        name: name.to_owned(),
        url: input.url.clone(),
        events: serde_json::to_string(&events)?,
        enabled: input.enabled,
        secret: known.as_ref().map(|known| &known.secret).or(secret.as_ref()).cloned().unwrap_or_default(),
        version: known.as_ref().map_or(1, |known| known.version + 1),
        // Whoever changes it has mended it: it is tried at once.
        failures: 0,
        rest_until: crate::clock::Timestamp(0),
        created_by: known.as_ref().map_or_else(|| actor.to_owned(), |known| known.created_by.clone()),
        created_at: known.as_ref().map_or(now, |known| known.created_at),
        updated_at: now,
    };
    store::put(conn, &row)?;
    let state = if input.enabled { "enabled" } else { "disabled" };
    audit::write(conn, actor, "webhook.put", name, &format!("version {}, {state}", row.version), now)?;
    Ok(Made { webhook: show::of(conn, row)?, secret })
}

/// Gives a webhook another secret; the one before is good for nothing from now on.
///
/// # Errors
/// Not found.
pub fn new_secret(ws: &Workspace, name: &str, actor: &str) -> Result<Made> {
    let (now, secret) = (ws.now(), access::fresh_secret()?);
    ws.store().write(|conn| {
        let known = store::by_name(conn, name)?;
        let row = Webhook { secret: secret.clone(), version: known.version + 1, updated_at: now, ..known };
        store::put(conn, &row)?;
        audit::write(conn, actor, "webhook.secret", name, "", now)?;
        Ok(Made { webhook: show::of(conn, row)?, secret: Some(secret.clone()) })
    })
}

/// Posts a test at once, whatever waits; answers what came of it.
///
/// # Errors
/// Not found.
pub fn ping(ws: &Workspace, name: &str) -> Result<Attempt> {
    let hook = ws.store().read(|conn| store::by_name(conn, name))?;
    let now = ws.now();
    let id = ids::fresh(now);
    let body = body(id, PING, now, None, None, &serde_json::json!({ "webhook": hook.name }));
    let outcome =
        target(ws, &hook.url, &hook.secret)?.post(body.as_bytes(), &id.to_string(), super::deliver::seconds(now));
    let (code, text) = outcome.reply();
    let accepted = matches!(outcome, Outcome::Sent { .. });
    let text = text.unwrap_or_default();
    let text = if accepted { text.to_owned() } else { format!("not accepted: {text}") };
    Ok(Attempt { at: now, code, text })
}

/// Sends again what was accepted or given up; answers how many calls.
///
/// # Errors
/// Not found; invalid, when nothing is asked for.
pub fn again(ws: &Workspace, name: &str, asked: &Again, actor: &str) -> Result<usize> {
    let now = ws.now();
    ws.store().write(|conn| {
        let hook = store::by_name(conn, name)?;
        let count = queue::again(conn, hook.id, asked, now)?;
        audit::write(conn, actor, "webhook.replay", name, &format!("{count} events"), now)?;
        Ok(count)
    })
}

/// Removes a webhook with all that waits for it; in the caller's transaction.
///
/// # Errors
/// Not found.
pub fn remove(ws: &Workspace, conn: &mut Connection, name: &str, actor: &str) -> Result<()> {
    let hook = store::by_name(conn, name)?;
    store::remove(conn, hook.id)?;
    audit::write(conn, actor, "webhook.remove", name, "", ws.now())
}
