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

/// What a customer agreed to by one channel, for one purpose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preference {
    /// The channel.
    pub channel: String,
    /// `marketing`, `service`, ...
    pub purpose: String,
    /// Whether it may be used for that.
    pub granted: bool,
}

impl Preference {
    /// What a form calls it: the channel, and the purpose where it is another than marketing.
    pub fn value(&self) -> String {
        if self.purpose == MARKETING { self.channel.clone() } else { format!("{}/{}", self.channel, self.purpose) }
    }
}

/// Who reads a page, as far as the page has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The channel of the message that led here.
    pub channel: String,
    /// Their locale, a BCP 47 tag.
    pub locale: String,
}

fn reader(ws: &Workspace, conn: &mut Connection, token: &Token) -> Result<Reader> {
    let channel = outbox::find::by_id(conn, token.delivery)?.channel;
    let own = customers::by_id(conn, token.customer)?.and_then(|customer| customer.locale);
    Ok(Reader { channel, locale: own.unwrap_or_else(|| ws.settings().locale.clone()) })
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
    let (message, variables) = ws.store().read(|conn| {
        Ok((outbox::find::by_id(conn, token.delivery)?, outbox::find::variables(conn, token.delivery)?))
    })?;
    let target = compose::target(&variables, token.link)?;
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

/// Whether an unsubscribe link is good, and for whom; changes nothing, for scanners follow links too.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn look_at_unsubscribe(ws: &Workspace, token: &str) -> Result<Reader> {
    let token = verify(ws, token, Purpose::Unsubscribe)?;
    ws.store().read(|conn| reader(ws, conn, &token))
}

/// Ends the subscription by the message's channel, at once. Asked again, it changes nothing.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn unsubscribe(ws: &Workspace, token: &str) -> Result<()> {
    record::unsubscribe(ws, &verify(ws, token, Purpose::Unsubscribe)?)
}

/// What the customer agreed to, by channel and purpose, as the preferences page shows it.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn preferences(ws: &Workspace, token: &str) -> Result<(Reader, Vec<Preference>)> {
    let token = verify(ws, token, Purpose::Preferences)?;
    ws.store().read(|conn| {
        let reader = reader(ws, conn, &token)?;
        let known = customers::consents_of(conn, token.customer)?.into_iter();
        let mut shown: Vec<Preference> = known
            .map(|consent| Preference { channel: consent.channel, purpose: consent.purpose, granted: consent.granted })
            .collect();
        if !shown.iter().any(|one| one.channel == reader.channel && one.purpose == MARKETING) {
            let channel = reader.channel.clone();
            shown.push(Preference { channel, purpose: MARKETING.into(), granted: false });
        }
        Ok((reader, shown))
    })
}

/// Sets what the customer agreed to: what `granted` names ([`Preference::value`]) and nothing else of what the page showed.
///
/// # Errors
/// Invalid for a token that is not ours.
pub fn set_preferences(ws: &Workspace, token: &str, granted: &[String]) -> Result<(Reader, Vec<Preference>)> {
    let (_, shown) = preferences(ws, token)?;
    let known = verify(ws, token, Purpose::Preferences)?;
    let now = ws.now();
    ws.store().write(|conn| {
        for one in &shown {
            let wanted = granted.contains(&one.value());
            if wanted != one.granted {
                set(conn, &known, one, wanted, now)?;
            }
        }
        Ok(())
    })?;
    preferences(ws, token)
}

fn set(conn: &mut Connection, token: &Token, one: &Preference, granted: bool, now: Timestamp) -> Result<()> {
    let consent = Consent {
        customer_id: token.customer,
        channel: one.channel.clone(),
        purpose: one.purpose.clone(),
        granted,
        legal_basis: "consent".into(),
        source: format!("preferences page of delivery {}", token.delivery),
        recorded_at: now,
    };
    customers::record_consents(conn, &[consent])?;
    let detail = format!("{} {} {granted}", one.channel, one.purpose);
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
