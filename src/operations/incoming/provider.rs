//! Events of providers (mail, text messages, chat) in one form, whatever they call them; a few lines at the provider's side or in a
//! gateway bring theirs into it. The body is signed as our own webhooks are, so that what it names is believed.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Taken, after, answer, apply, digest, known};
use crate::clock::{SECOND, Timestamp};
use crate::customers::store as customers;
use crate::customers::suppression::{Suppression, address_hash, suppress};
use crate::deliveries::incoming::{Class, Says, Status, Wish, log};
use crate::deliveries::{Delivery, outbox::find};
use crate::error::{Error, Fault, Result};
use crate::ids::{CustomerId, DeliveryId};
use crate::operations::Workspace;
use crate::storage::Connection;

/// How far the time of a signature may be off.
const SKEW: i64 = 300;

/// What happened, by the provider's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// It could not be delivered.
    Bounce,
    /// The reader called it spam.
    Complaint,
    /// It arrived.
    Delivered,
    /// The customer wrote.
    Message,
}

/// An event. It names the message (`delivery` or `message_id`), or, for what customers write, the number (`from`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderEvent {
    /// The provider's own name of the event: sent again, it counts once.
    pub key: String,
    /// What happened.
    pub kind: EventKind,
    /// `email`, `sms`, ...
    pub channel: String,
    /// `delivery` of the body that the provider was sent.
    #[serde(default)]
    pub delivery: Option<String>,
    /// Its Message-ID, or the Idempotency-Key that the provider was sent.
    #[serde(default)]
    pub message_id: Option<String>,
    /// The number that wrote.
    #[serde(default)]
    pub from: Option<String>,
    /// The enhanced status of a bounce (`5.1.1`).
    #[serde(default)]
    pub status: Option<String>,
    /// Whether a bounce without a status is for good.
    #[serde(default)]
    pub permanent: Option<bool>,
    /// What the customer wrote.
    #[serde(default)]
    pub text: Option<String>,
}

/// Checks the signature `v1=<hex>` over `<seconds>.<body>` in constant time.
///
/// # Errors
/// Invalid, with one sentence for every reason.
pub fn verify(ws: &Workspace, seconds: &str, signature: &str, body: &[u8]) -> Result<()> {
    let refuse = || Error::invalid("the signature is not valid, or more than five minutes old");
    let at: i64 = seconds.parse().map_err(|_| refuse())?;
    let now = ws.now().0.div_euclid(SECOND);
    let sent = hex(signature.strip_prefix("v1=").ok_or_else(refuse)?).ok_or_else(refuse)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(ws.webhook_secret()).expect("HMAC takes keys of any length");
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    mac.verify_slice(&sent).map_err(|_| refuse())?;
    if (now - at).abs() > SKEW { Err(refuse()) } else { Ok(()) }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

/// Takes events that were verified; one that belongs to nobody is noted and changes nothing.
///
/// # Errors
/// Invalid, with every fault, when one of them lacks what it needs; nothing is then changed.
pub fn take(ws: &Workspace, events: &[ProviderEvent]) -> Result<Vec<Taken>> {
    let faults: Vec<Fault> = events.iter().enumerate().flat_map(|(i, event)| faults(i, event)).collect();
    if !faults.is_empty() {
        return Err(Error::faults("the events cannot be used", faults));
    }
    events.iter().map(|event| take_one(ws, event)).collect()
}

fn faults(i: usize, event: &ProviderEvent) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut demand = |good: bool, key: &str, message: &str| {
        if !good {
            faults.push(Fault::at(format!("[{i}].{key}"), message));
        }
    };
    demand((1..=200).contains(&event.key.len()), "key", "must have 1 to 200 characters");
    demand(
        crate::offers::offer::is_name(&event.channel),
        "channel",
        "must be a name of letters, digits, `-`, `_` or `.`",
    );
    let names = event.delivery.is_some() || event.message_id.is_some();
    if event.kind == EventKind::Message {
        demand(names || event.from.is_some(), "from", "name the number that wrote, or the message it answers");
        demand(event.text.is_some(), "text", "say what the customer wrote");
    } else {
        demand(names, "message_id", "name the message: delivery or message_id");
    }
    faults
}

fn take_one(ws: &Workspace, event: &ProviderEvent) -> Result<Taken> {
    let digest = digest(format!("event\0{}\0{}", event.channel, event.key).as_bytes());
    let says = says(event);
    let kind = says.name();
    let now = ws.now();
    let (taken, row) = ws.store().write(|conn| {
        let writers = writers(conn, event)?;
        let row = match named(ws, event) {
            Some(id) => known(conn, id)?,
            // The last message to that number is what they answer.
            None => match writers[..] {
                [only] => last(conn, only, &event.channel)?,
                _ => None,
            },
        };
        let id = row.as_ref().map(|row| row.id);
        let new = log::is_new(conn, &digest, kind, id, now)?;
        if new {
            stop_number(conn, event, &says, &writers, now)?;
            match (&row, &says) {
                (Some(row), _) => apply::apply(conn, ws, row, &says, &digest, now)?,
                (None, Says::Replied { wish, text }) => {
                    for customer in writers {
                        let key = format!("{digest}-{customer}");
                        let channel = &event.channel;
                        let answer = answer::Answer { customer, delivery: None, channel, wish: *wish, text, key: &key };
                        answer::answered(conn, ws, &answer, now)?;
                    }
                }
                _ => {}
            }
        }
        Ok((Taken { kind, delivery: id, new }, row))
    })?;
    after(ws, &taken, row.as_ref())?;
    Ok(taken)
}

fn says(event: &ProviderEvent) -> Says {
    let text = event.text.as_deref().unwrap_or_default().trim();
    match event.kind {
        EventKind::Delivered => Says::Delivered,
        EventKind::Complaint => Says::Complained,
        EventKind::Message => {
            let text: String = text.chars().take(4_000).collect();
            Says::Replied { wish: Wish::of("", &text), text }
        }
        EventKind::Bounce => {
            let status = event.status.as_deref().and_then(Status::find);
            let plain = if event.permanent == Some(true) { Class::Hard } else { Class::Soft };
            Says::Bounced { status, class: status.map_or(plain, Status::class) }
        }
    }
}

fn named(ws: &Workspace, event: &ProviderEvent) -> Option<DeliveryId> {
    let by_id = event.delivery.as_deref().and_then(|id| id.parse().ok()).map(DeliveryId);
    let by_message = || {
        let id = event.message_id.as_deref()?.trim_matches(['<', '>', ' ']);
        ws.link_keys().read_return_token(id.split('@').next()?)
    };
    by_id.or_else(by_message)
}

/// Whose number it is; a family may share one.
fn writers(conn: &mut Connection, event: &ProviderEvent) -> Result<Vec<CustomerId>> {
    match &event.from {
        Some(number) if event.kind == EventKind::Message => customers::by_phone(conn, number),
        _ => Ok(Vec::new()),
    }
}

fn last(conn: &mut Connection, customer: CustomerId, channel: &str) -> Result<Option<Delivery>> {
    Ok(find::of_customer(conn, customer, 50)?.into_iter().find(|row| row.channel == channel))
}

/// A number that says STOP is not written to again, whoever it belongs to and however it is written in profiles.
fn stop_number(
    conn: &mut Connection,
    event: &ProviderEvent,
    says: &Says,
    writers: &[CustomerId],
    now: Timestamp,
) -> Result<()> {
    let (Some(number), Says::Replied { wish: Wish::Stop, .. }) = (&event.from, says) else { return Ok(()) };
    let mut numbers = vec![number.clone()];
    for writer in writers {
        let known = customers::by_id(conn, *writer)?;
        numbers.extend(known.and_then(|customer| customer.phone));
    }
    let entries: Vec<Suppression> = numbers
        .iter()
        .map(|number| Suppression {
            channel: event.channel.clone(),
            address_hash: address_hash(&event.channel, number),
            reason: "unsubscribe".into(),
            created_at: now,
        })
        .collect();
    suppress(conn, &entries).map(drop)
}
