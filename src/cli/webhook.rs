//! `vizavi webhook`: who is told what happens.

use super::{Done, Place, print};
use crate::clock::Timestamp;
use crate::operations::Workspace;
use crate::operations::webhooks::{self, CallShown, Made, WebhookInput, WebhookShown};
use crate::webhooks::CallState;
use crate::webhooks::queue::Again;

/// Who acts, in the audit.
const ACTOR: &str = "cli";

/// What is asked about webhooks.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// All webhooks, and how each does
    List,
    /// One webhook
    Show {
        /// Its name
        name: String,
    },
    /// Make a webhook, whose secret is shown only now, or change one
    Put {
        /// Its name
        name: String,
        /// Where events are posted
        #[arg(long)]
        url: String,
        /// Kinds of events, `delivery.*`, or `*`
        #[arg(long, value_delimiter = ',', default_value = "*")]
        events: Vec<String>,
        /// Tell it nothing
        #[arg(long)]
        disabled: bool,
    },
    /// Make another secret, shown only now; the one before is good for nothing from now on
    Secret {
        /// Its name
        name: String,
    },
    /// Post a test now
    Ping {
        /// Its name
        name: String,
    },
    /// What became of each event, the latest first
    Events {
        /// The webhook's name
        name: String,
        /// waiting, claimed, sent or dead
        #[arg(long, value_parser = state)]
        state: Option<CallState>,
        /// How many
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Send events again
    Replay {
        /// The webhook's name
        name: String,
        /// These events
        #[arg(long = "event", value_name = "ID")]
        events: Vec<String>,
        /// All that were given up
        #[arg(long)]
        dead: bool,
        /// All that happened from this instant on
        #[arg(long, value_name = "INSTANT", value_parser = super::place::instant)]
        since: Option<Timestamp>,
    },
    /// Remove a webhook with all that waits for it
    Remove {
        /// Its name
        name: String,
    },
}

fn state(text: &str) -> Result<CallState, String> {
    let all = [CallState::Waiting, CallState::Claimed, CallState::Sent, CallState::Dead];
    let found = all.into_iter().find(|state| state.as_str() == text);
    found.ok_or_else(|| "write waiting, claimed, sent or dead".to_owned())
}

/// Makes, lists, tries, sends again, removes.
pub fn run(place: &Place, args: &Args) -> Done {
    let ws = place.make()?;
    match &args.verb {
        Verb::List => list(place, &webhooks::list(&ws)?),
        Verb::Show { name } => list(place, &[webhooks::show(&ws, name)?]),
        Verb::Put { name, url, events, disabled } => {
            let input = WebhookInput { url: url.clone(), events: events.clone(), enabled: !disabled };
            let made = ws.store().write(|conn| webhooks::put(&ws, conn, name, &input, ACTOR))?;
            told(place, &made)
        }
        Verb::Secret { name } => told(place, &webhooks::new_secret(&ws, name, ACTOR)?),
        Verb::Ping { name } => ping(place, &ws, name),
        Verb::Events { name, state, limit } => {
            events(place, &webhooks::calls(&ws, name, *state, None, (*limit).clamp(1, 10_000))?)
        }
        Verb::Replay { name, events, dead, since } => {
            let asked = Again { events: events.clone(), dead: *dead, since: *since };
            let count = webhooks::again(&ws, name, &asked, ACTOR)?;
            say(place, &serde_json::json!({ "events": count }), &format!("{count} events will be sent again"))
        }
        Verb::Remove { name } => {
            ws.store().write(|conn| webhooks::remove(&ws, conn, name, ACTOR))?;
            say(place, &serde_json::json!({ "removed": name }), &format!("{name} is removed"))
        }
    }
}

fn say(place: &Place, json: &serde_json::Value, text: &str) -> Done {
    if place.json {
        return Ok(print::json(json)?);
    }
    Ok(print::text(&format!("{text}\n"))?)
}

fn ping(place: &Place, ws: &Workspace, name: &str) -> Done {
    let attempt = webhooks::ping(ws, name)?;
    if place.json { Ok(print::json(&attempt)?) } else { Ok(print::text(&format!("{}\n", attempt.text))?) }
}

fn told(place: &Place, made: &Made) -> Done {
    if place.json {
        return Ok(print::json(made)?);
    }
    let name = &made.webhook.webhook.name;
    Ok(print::text(&match &made.secret {
        Some(secret) => format!("{name}: signed with this secret, shown only now:\n{secret}\n"),
        None => format!("{name}: changed\n"),
    })?)
}

fn list(place: &Place, hooks: &[WebhookShown]) -> Done {
    if place.json {
        return Ok(print::json(hooks)?);
    }
    let mut table = print::Table::new(&["webhook", "url", "events", "state", "waiting", "sent", "dead"]);
    for shown in hooks {
        let hook = &shown.webhook;
        let state = match (hook.enabled, hook.failures) {
            (false, _) => "disabled".to_owned(),
            (true, 0) => "well".to_owned(),
            (true, failures) => format!("{failures} failures in a row"),
        };
        table.row(vec![
            hook.name.clone(),
            hook.url.clone(),
            hook.wants().join(","),
            state,
            shown.waiting.to_string(),
            shown.sent.to_string(),
            shown.dead.to_string(),
        ]);
    }
    Ok(print::text(&if table.is_empty() { "no webhooks yet\n".to_owned() } else { table.to_string() })?)
}

fn events(place: &Place, calls: &[CallShown]) -> Done {
    if place.json {
        return Ok(print::json(calls)?);
    }
    let mut table = print::Table::new(&["event", "type", "customer", "at", "state", "attempts", "last answer"]);
    for call in calls {
        table.row(vec![
            call.event.clone(),
            call.kind.clone(),
            call.customer.clone().unwrap_or_default(),
            call.at.to_string(),
            call.state.clone(),
            call.attempts.len().to_string(),
            call.attempts.last().map(|last| last.text.clone()).unwrap_or_default(),
        ]);
    }
    Ok(print::text(&if table.is_empty() { "no events\n".to_owned() } else { table.to_string() })?)
}
