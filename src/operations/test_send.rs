//! Sends one message of a campaign to an address of ours, as a customer would get it. It is no contact: it enters neither the
//! outbox nor the ledger, and its links lead nowhere.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::transport::{Outcome, Parcel};
use crate::deliveries::{State, outbox};
use crate::error::{Error, Fault, Result};
use crate::ids::{self, CampaignRunId, DeliveryId};
use crate::messages::Form;
use crate::messages::preview::preview;
use crate::money::Money;
use crate::operations::setup;
use crate::operations::variables::variables;
use crate::operations::{Workspace, audit, people, send};

/// What to send.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestSend {
    /// Whose message: the company's own key of a customer.
    pub customer: String,
    /// The channel.
    pub channel: String,
    /// Where to: one of our own addresses.
    pub to: String,
    /// The offer; the campaign's first when absent.
    #[serde(default)]
    pub offer: Option<String>,
    /// The template's variant; the first when absent.
    #[serde(default)]
    pub variant: Option<String>,
}

/// What the receiver said.
#[derive(Debug, Clone, Serialize)]
pub struct TestSent {
    /// The subject, where there is one.
    pub subject: Option<String>,
    /// The receiver's answer.
    pub answer: String,
}

/// Sends one test message.
///
/// # Errors
/// Not found, or invalid, naming what is wrong; unavailable, when the receiver does not take it.
pub fn test_send(ws: &Workspace, name: &str, what: &TestSend, actor: &str) -> Result<TestSent> {
    let now = ws.now();
    let (setup, person) = ws.store().read(|conn| {
        let setup = setup::load(ws, conn, name, "test")?;
        let customer = customers::by_external_id(conn, &what.customer)?;
        Ok((setup, people::one(ws, conn, customer, now, None)?))
    })?;
    if !setup.spec().channels.iter().any(|channel| channel.channel == what.channel) {
        let fault = Fault::at("channel", format!("the campaign does not use `{}`", what.channel));
        return Err(Error::faults("the test cannot be sent", vec![fault]));
    }
    let offer = match &what.offer {
        Some(name) => setup.offers.iter().find(|offer| offer.spec.name == *name),
        None => setup.offers.first(),
    };
    let offer = offer.ok_or_else(|| Error::not_found("the campaign has no such offer"))?;
    let variant = setup.template_of(what.variant.as_deref());
    let text = serde_json::to_string(&variables(&setup, ws.settings(), &person, offer, &variant, &what.channel))?;
    let message = preview(&setup.templates, Form::of_channel(&what.channel), &text)?.message;
    let delivery = row(ws, what, now);
    let parcel = Parcel { delivery: &delivery, message: &message, now };
    let answer = hand_over(ws, &what.channel, &parcel)?;
    ws.store().write(|conn| audit::write(conn, actor, "campaign.test_send", name, &what.channel, now))?;
    Ok(TestSent { subject: message.subject.as_ref().map(|subject| subject.as_str().to_owned()), answer })
}

/// A delivery that is in no outbox.
fn row(ws: &Workspace, what: &TestSend, now: Timestamp) -> Delivery {
    let id = DeliveryId(ids::fresh(now));
    Delivery {
        id,
        campaign_run_id: CampaignRunId(0),
        customer_id: ws.id_key().customer(&what.customer),
        step: 0,
        occasion: "test".into(),
        channel: what.channel.clone(),
        address: what.to.clone(),
        state: State::Planned,
        attempt: 1,
        lease_owner: None,
        lease_until: now,
        next_at: now,
        message_id: ws.link_keys().message_id(id, "test.invalid"),
        template_version: String::new(),
        reason: None,
        reply_code: None,
        reply_text: None,
        cost: Money::ZERO,
        created_at: now,
        updated_at: now,
    }
}

fn hand_over(ws: &Workspace, channel: &str, parcel: &Parcel<'_>) -> Result<String> {
    if ws.store().read(outbox::brake::is_stopped)? {
        return Err(Error::conflict("all sending is stopped; start it again first"));
    }
    let transports = send::transports(ws)?;
    let transport = transports.iter().find(|(name, _)| *name == channel).map(|(_, transport)| transport);
    let transport = transport.ok_or_else(|| Error::not_found(format!("there is no transport for `{channel}`")))?;
    let mut session = transport.session()?;
    let outcome = match session.prepare(parcel) {
        Ok(()) => session.commit(&[true]).pop(),
        Err(outcome) => Some(outcome),
    };
    match outcome {
        Some(Outcome::Sent { text, .. }) => Ok(text),
        Some(Outcome::Refused { text, .. }) => Err(Error::invalid(format!("the message was refused: {text}"))),
        Some(Outcome::Later { text, .. } | Outcome::Uncertain { text }) => {
            Err(Error::unavailable(format!("the message was not taken: {text}")))
        }
        None => Err(Error::unavailable("the receiver gave no answer")),
    }
}
