//! What the links of a message do: count an open, lead a click to its target, end a subscription, show and change consent.
//!
//! A token proves itself by its signature. It names the message and the customer; where a click leads stands in the message's
//! own frozen variables, so that no request can name a target.

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::{SECOND, Timestamp};
use crate::customers::consent::MARKETING;
use crate::customers::{Consent, store as customers};
use crate::deliveries::delivery::Delivery;
use crate::deliveries::outbox;
use crate::error::Result;
use crate::messages::compose;
use crate::messages::links::{Purpose, Token};
use crate::operations::{Workspace, audit, record};
use crate::outcomes::SignalKind;
use crate::outcomes::signal::Hit;
use crate::storage::Connection;
use crate::storage::schema::outcome;

/// A request for a link, as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET or HEAD.
    pub method: String,
    /// The program, as it calls itself.
    pub user_agent: String,
}

/// What a customer agreed to by one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preference {
    /// The channel.
    pub channel: String,
    /// Whether marketing may use it.
    pub granted: bool,
}

fn verify(ws: &Workspace, token: &str, purpose: Purpose) -> Result<Token> {
    ws.link_keys().verify(token, purpose)
}

/// Counts a click, and returns where it leads.
///
/// # Errors
/// Invalid for a token that is not ours; not found, when the message has no such link.
pub fn click(ws: &Workspace, token: &str, request: &Request) -> Result<String> {
    let token = verify(ws, token, Purpose::Click)?;
    let now = ws.now();
    let message = ws.store().read(|conn| outbox::find::by_id(conn, token.delivery))?;
    let target = compose::target(&message.variables, token.link)?;
    let at_once = ws.store().read(|conn| clicks_at_once(conn, &message, now))?;
    record::signal(ws, &token, hit(request, &message, at_once, now).click())?;
    Ok(target)
}

/// Counts that a message was opened.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn open(ws: &Workspace, token: &str, request: &Request) -> Result<()> {
    let token = verify(ws, token, Purpose::Open)?;
    let now = ws.now();
    let message = ws.store().read(|conn| outbox::find::by_id(conn, token.delivery))?;
    record::signal(ws, &token, hit(request, &message, 1, now).open())
}

/// Whether an unsubscribe link is good, and for which channel; changes nothing, for scanners follow links too.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn look_at_unsubscribe(ws: &Workspace, token: &str) -> Result<String> {
    let token = verify(ws, token, Purpose::Unsubscribe)?;
    Ok(ws.store().read(|conn| outbox::find::by_id(conn, token.delivery))?.channel)
}

/// Ends the subscription by the message's channel, at once. Asked again, it changes nothing.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn unsubscribe(ws: &Workspace, token: &str) -> Result<()> {
    record::unsubscribe(ws, &verify(ws, token, Purpose::Unsubscribe)?)
}

/// What the customer agreed to, by channel, as the preferences page shows it.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn preferences(ws: &Workspace, token: &str) -> Result<Vec<Preference>> {
    let token = verify(ws, token, Purpose::Preferences)?;
    ws.store().read(|conn| {
        let known = customers::consents_of(conn, token.customer)?;
        let mut shown: Vec<Preference> = known
            .into_iter()
            .filter(|consent| consent.purpose == MARKETING)
            .map(|consent| Preference { channel: consent.channel, granted: consent.granted })
            .collect();
        let channel = outbox::find::by_id(conn, token.delivery)?.channel;
        if !shown.iter().any(|preference| preference.channel == channel) {
            shown.push(Preference { channel, granted: false });
        }
        Ok(shown)
    })
}

/// Sets what the customer agreed to: the channels in `granted` and no others of those that the page showed.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn set_preferences(ws: &Workspace, token: &str, granted: &[String]) -> Result<Vec<Preference>> {
    let shown = preferences(ws, token)?;
    let known = verify(ws, token, Purpose::Preferences)?;
    let now = ws.now();
    ws.store().write(|conn| {
        for preference in &shown {
            let wanted = granted.contains(&preference.channel);
            if wanted != preference.granted {
                set(conn, &known, &preference.channel, wanted, "preferences page", now)?;
            }
        }
        Ok(())
    })?;
    preferences(ws, token)
}

fn set(conn: &mut Connection, token: &Token, channel: &str, granted: bool, source: &str, now: Timestamp) -> Result<()> {
    let consent = Consent {
        customer_id: token.customer,
        channel: channel.to_owned(),
        purpose: MARKETING.into(),
        granted,
        legal_basis: "consent".into(),
        source: format!("{source} of delivery {}", token.delivery),
        recorded_at: now,
    };
    customers::record_consents(conn, &[consent])?;
    let detail = format!("{channel} {MARKETING} {granted}");
    audit::write(conn, "customer", "consent.record", &token.customer.to_string(), &detail, now)
}

fn hit<'a>(request: &'a Request, message: &Delivery, links_at_once: u32, now: Timestamp) -> Hit<'a> {
    Hit {
        method: &request.method,
        user_agent: &request.user_agent,
        sent_at: message.updated_at,
        at: now,
        links_at_once,
    }
}

/// Clicks of the message within the last ten seconds, this one included.
fn clicks_at_once(conn: &mut Connection, message: &Delivery, now: Timestamp) -> Result<u32> {
    let kinds = [SignalKind::Click.name(), SignalKind::MachineClick.name()];
    let earlier: i64 = outcome::table
        .filter(outcome::delivery_id.eq(message.id))
        .filter(outcome::kind.eq(kinds[0]).or(outcome::kind.eq(kinds[1])))
        .filter(outcome::occurred_at.gt(now.plus(-10 * SECOND)))
        .count()
        .get_result(conn)?;
    Ok(u32::try_from(earlier).unwrap_or(u32::MAX).saturating_add(1))
}
