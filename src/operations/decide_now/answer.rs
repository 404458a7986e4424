//! What is answered.

use serde::Serialize;

use super::Draft;
use super::ask::Asked;
use crate::clock::Timestamp;
use crate::decisions::Choice;
use crate::decisions::candidate::TICKS;
use crate::decisions::store::DecisionRow;
use crate::operations::Workspace;
use crate::operations::people::Person;

/// The answer for one customer, or those for a few.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Answers {
    /// For one.
    One(Box<Answer>),
    /// For a few, in the order in which they were named.
    Several {
        /// One for each.
        decisions: Vec<Answer>,
    },
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The decision's id in the log.
    pub decision: i64,
    /// The customer.
    pub customer: String,
    /// The campaign whose decision this is.
    pub campaign: String,
    /// The placement that asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// When it was made.
    pub decided_at: Timestamp,
    /// `treated`, `exploration`, or a holdout, in which nothing is proposed.
    pub arm: &'static str,
    /// Probability of this choice given the arm.
    pub propensity: f64,
    /// What to propose, best first; empty for nothing.
    pub proposals: Vec<Proposal>,
    /// Why this, and why not each other, a sentence each; absent when it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Vec<String>>,
}

/// One thing to propose. What it uses is reserved until `until`: report to `/v1/outcomes` before then what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// What to name when it is reported that the contact was made, or was not.
    pub decision: i64,
    /// The offer's key.
    pub offer: String,
    /// What people call it, in the customer's language.
    pub title: String,
    /// The code that redeems it; a single-use one is this customer's alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The channel.
    pub channel: String,
    /// From when.
    pub from: Timestamp,
    /// Before when.
    pub until: Timestamp,
    /// The template's variant.
    pub variant: Option<String>,
    /// Value at the prices, in minor units.
    pub net_value: f64,
    /// P(convert | this contact).
    pub p_with: f64,
    /// P(convert | no contact).
    pub p_without: f64,
}

pub(super) fn answer(
    ws: &Workspace,
    draft: &Draft,
    person: &Person,
    rows: &[DecisionRow],
    codes: Vec<Option<String>>,
    asked: &Asked<'_>,
) -> Answer {
    let Draft { ready, decision, .. } = draft;
    let setup = &ready.setup;
    let locale = person.customer.locale.as_deref().unwrap_or(&ws.settings().locale);
    let proposal = |((choice, row), code): ((&Choice, &DecisionRow), Option<String>)| {
        let offer = setup.offers.iter().find(|offer| offer.id == choice.treatment.offer);
        Proposal {
            decision: row.id.0,
            offer: choice.treatment.offer_key.to_string(),
            title: offer.map_or_else(String::new, |offer| offer.spec.title_in(locale).to_owned()),
            code: code.or_else(|| offer.and_then(|offer| offer.spec.code.clone())),
            channel: choice.treatment.channel.to_string(),
            from: choice.slot.from,
            until: choice.slot.until,
            variant: choice.treatment.variant.as_deref().map(str::to_owned),
            net_value: choice.net / TICKS,
            p_with: choice.p1,
            p_without: choice.p0,
        }
    };
    Answer {
        decision: rows.first().map_or(0, |row| row.id.0),
        customer: person.customer.external_id.clone(),
        campaign: setup.campaign.name.clone(),
        placement: asked.placement.map(str::to_owned),
        decided_at: decision.decided_at,
        arm: decision.arm.name(),
        propensity: decision.propensity,
        proposals: decision.to_make().iter().zip(rows).zip(codes).map(proposal).collect(),
        why: asked.explain.then(|| decision.trace.words(ws.settings().currency)),
    }
}
