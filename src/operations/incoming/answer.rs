//! What a customer answered: recorded as an interaction; a wish to be left alone is honoured, a question waits for a person.

use crate::clock::Timestamp;
use crate::customers::{Consent, consent, store as customers};
use crate::deliveries::Delivery;
use crate::deliveries::incoming::Wish;
use crate::deliveries::incoming::log::{self, Inquiry};
use crate::error::Result;
use crate::ids::{self, CustomerId, DeliveryId};
use crate::operations::record::{OwnInteraction, append_own, interaction_change, state};
use crate::operations::{Workspace, audit, record};
use crate::storage::Connection;

/// An answer of a customer, to a message or of their own accord.
pub(super) struct Answer<'a> {
    /// Who answers.
    pub customer: CustomerId,
    /// The message, where it is known.
    pub delivery: Option<&'a Delivery>,
    /// By which channel.
    pub channel: &'a str,
    /// What they want.
    pub wish: Wish,
    /// What they wrote.
    pub text: &'a str,
    /// What names it.
    pub key: &'a str,
}

impl<'a> Answer<'a> {
    /// An answer to a message.
    pub fn to(row: &'a Delivery, wish: Wish, text: &'a str, key: &'a str) -> Answer<'a> {
        Answer { customer: row.customer_id, delivery: Some(row), channel: &row.channel, wish, text, key }
    }
}

/// Records an answer.
pub(super) fn answered(conn: &mut Connection, ws: &Workspace, answer: &Answer<'_>, now: Timestamp) -> Result<()> {
    if customers::by_id(conn, answer.customer)?.is_none() {
        // Somebody who was erased: nothing is remembered of them.
        return Ok(());
    }
    let (reason, outcome) = match answer.wish {
        Wish::Stop => ("unsubscribe", "done".to_owned()),
        Wish::Answer(number) => ("survey", format!("answer_{number}")),
        Wish::Asks => ("inquiry", "open".to_owned()),
        Wish::Tells => ("reply", "received".to_owned()),
    };
    match answer.wish {
        Wish::Stop => stop(conn, answer, now)?,
        Wish::Answer(_) => {}
        Wish::Asks | Wish::Tells => open(conn, answer, now)?,
    }
    interaction(conn, ws, answer, reason, &outcome, now)
}

/// The fact, and what it costs to take an answer in.
fn interaction(
    conn: &mut Connection,
    ws: &Workspace,
    answer: &Answer<'_>,
    reason: &str,
    outcome: &str,
    now: Timestamp,
) -> Result<()> {
    let answered = OwnInteraction {
        customer: answer.customer,
        key: format!("answer-{}", answer.key),
        direction: "in",
        channel: answer.channel,
        reason,
        outcome,
        cost: None,
        campaign: None,
        delivery: answer.delivery.map(|row| row.id),
    };
    if append_own(conn, &[answered], now)? != [true] {
        return Ok(());
    }
    let change = interaction_change(ws.settings(), reason, answer.channel, Some(outcome), None, now);
    state::apply(conn, &[(answer.customer, change)], now)
}

fn stop(conn: &mut Connection, answer: &Answer<'_>, now: Timestamp) -> Result<()> {
    if let Some(row) = answer.delivery {
        return record::unsubscribe_in(conn, row, "reply to", now);
    }
    let withdrawn = Consent {
        customer_id: answer.customer,
        channel: answer.channel.to_owned(),
        purpose: consent::MARKETING.into(),
        granted: false,
        legal_basis: "consent".into(),
        source: "reply of the customer".into(),
        recorded_at: now,
    };
    customers::record_consents(conn, &[withdrawn])?;
    audit::write(conn, "customer", "consent.record", &answer.customer.to_string(), answer.channel, now)
}

/// Keeps the words for the person who answers them: questions open, statements noted.
fn open(conn: &mut Connection, answer: &Answer<'_>, now: Timestamp) -> Result<()> {
    let state = if answer.wish == Wish::Asks { log::OPEN } else { log::NOTED };
    log::open_inquiry(
        conn,
        &Inquiry {
            id: ids::fresh(now),
            customer_id: answer.customer,
            delivery_id: answer.delivery.map(|row| -> DeliveryId { row.id }),
            channel: answer.channel.to_owned(),
            text: answer.text.to_owned(),
            state: state.into(),
            asked_at: now,
            closed_at: None,
            closed_by: None,
        },
    )
}
