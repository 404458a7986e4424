//! What came of a proposal in real time, as whoever asked for it reports: it was made, it was not, or the customer answered.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::decisions::reservation;
use crate::error::{Error, Result};
use crate::ids::{self, CustomerId, DecisionId};
use crate::money::Money;
use crate::operations::webhooks::news;
use crate::outcomes::{Outcome, SignalKind};
use crate::storage::Connection;
use crate::storage::schema::decision;

/// The proposal was shown, said or sent.
pub const MADE: &str = "made";
/// It was not, and will not be.
pub const NOT_MADE: &str = "not_made";

/// A report.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The decision of the proposal.
    pub decision: DecisionId,
    /// [`MADE`], [`NOT_MADE`] or the name of a [`SignalKind`].
    pub kind: &'a str,
    /// The source's own key.
    pub key: &'a str,
    /// When it happened.
    pub at: Timestamp,
    /// What a conversion was worth.
    pub value: Option<Money>,
}

/// Takes a report: settles what the proposal held, and records what the customer did. Answers how much of it was new, 0 or 1.
///
/// # Errors
/// Not found, when no such proposal was made; conflict, when what it held has been given back, or was reported the other way.
pub fn take(conn: &mut Connection, report: &Report<'_>, now: Timestamp) -> Result<usize> {
    let held = reservation::find(conn, report.decision.0)?
        .ok_or_else(|| Error::not_found(format!("nothing was proposed by a decision {}", report.decision)))?;
    let before = held.state.clone();
    if report.kind == NOT_MADE {
        reservation::not_made(conn, &held, now)?;
        return Ok(usize::from(before != reservation::RELEASED));
    }
    if report.kind == MADE {
        reservation::made(conn, &held, now)?;
        return Ok(usize::from(before != reservation::MADE));
    }
    let kind = SignalKind::parse(report.kind)?;
    match (before.as_str(), kind) {
        (reservation::HELD, SignalKind::Bounce) => reservation::not_made(conn, &held, now)?,
        // Whoever opens, clicks, complains or buys has seen it.
        (reservation::HELD, _) => reservation::made(conn, &held, now)?,
        _ => {}
    }
    let customer: CustomerId = decision::table.find(report.decision).select(decision::customer_id).first(conn)?;
    let row = Outcome {
        id: ids::fresh(now),
        kind: kind.name().into(),
        customer_id: customer,
        delivery_id: None,
        decision_id: Some(report.decision),
        campaign_run_id: None,
        occurred_at: report.at,
        value: report.value,
        source_key: report.key.to_owned(),
    };
    news::heard(conn, &[row])
}
