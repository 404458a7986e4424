//! What a campaign would do under other limits, beside what it would do under its own. Changes nothing and keeps nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, Fault, Result};
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::batch;
use crate::operations::forecast::{Forecast, forecast};
use crate::operations::plan::{Proof, proof};
use crate::operations::setup::{self, Setup};
use crate::operations::variants::Part;
use crate::storage::Connection;

/// Limits by name: `budget` in minor units, `channel:email` in contacts, `stock:winback-10` in pieces that are left, `share:new` and
/// `share:new/least` in contacts.
pub type Limits = BTreeMap<String, i64>;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The limits that would be others.
    pub limits: Limits,
}

/// Both, as of one instant.
#[derive(Debug, Serialize)]
pub struct WhatIf {
    /// The campaign.
    pub campaign: String,
    /// The version that was asked about.
    pub version: i64,
    /// The instant of the decisions.
    pub decided_at: Timestamp,
    /// The limits that were others.
    pub limits: Limits,
    /// Under the campaign's own limits.
    pub now: Outcome,
    /// Under the others.
    pub then: Outcome,
    /// Profit then less profit now, in minor units.
    pub gain: Money,
}

/// What would be used and brought.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Volumes, spending, profit.
    pub forecast: Forecast,
    /// Value of the choice and its proven upper bound.
    pub proof: Proof,
    /// What one more of each scarce thing would be worth, in sentences.
    pub prices: Vec<String>,
}

/// Decides under the campaign's own limits and under others.
///
/// # Errors
/// Not found; invalid, naming each limit that the campaign cannot have.
pub fn what_if(ws: &Workspace, name: &str, limits: Limits) -> Result<WhatIf> {
    let now = ws.now();
    let occasion = format!("plan {now}");
    ws.store().read(|conn| {
        let mut setup = setup::load(ws, conn, name, &occasion)?;
        setup.varied.part = Part::Whole;
        let before = outcome(ws, conn, &setup, &occasion, now)?;
        apply(&mut setup, &limits)?;
        let then = outcome(ws, conn, &setup, &occasion, now)?;
        let gain = then.forecast.profit - before.forecast.profit;
        let (campaign, version) = (setup.campaign.name, setup.campaign.version);
        Ok(WhatIf { campaign, version, decided_at: now, limits, now: before, then, gain })
    })
}

fn outcome(ws: &Workspace, conn: &mut Connection, setup: &Setup, occasion: &str, now: Timestamp) -> Result<Outcome> {
    let batch = batch::decide(ws, conn, setup, occasion, now, None)?;
    Ok(Outcome {
        forecast: forecast(&batch, &setup.response.uplift.realised),
        proof: proof(&batch),
        prices: batch.result.prices.words(ws.settings().currency),
    })
}

fn apply(setup: &mut Setup, limits: &Limits) -> Result<()> {
    let mut faults = Vec::new();
    let mut fault = |name: &str, why: String| faults.push(Fault::at(format!("limits.{name}"), why));
    for (name, &most) in limits {
        if most < 0 {
            fault(name, format!("{most} is below 0"));
            continue;
        }
        let spec = &mut setup.folder.spec;
        match name.split_once(':') {
            None if name == "budget" => spec.budget = Some(Money(most)),
            Some(("channel", channel)) => match spec.channels.iter_mut().find(|one| one.channel == channel) {
                Some(one) => one.capacity = Some(most),
                None => fault(name, format!("the campaign has no channel `{channel}`")),
            },
            Some(("stock", offer)) => match setup.offers.iter_mut().find(|one| one.spec.name == offer) {
                Some(one) => one.spec.stock = Some(one.used + most),
                None => fault(name, format!("the campaign has no offer `{offer}`")),
            },
            Some(("share", share)) => {
                if !setup.shares.ask(share, most) {
                    fault(name, format!("the campaign has no share `{share}`"));
                }
            }
            _ => fault(name, "must be budget, channel:NAME, stock:OFFER, share:NAME or share:NAME/least".to_owned()),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::faults("the question cannot be answered", faults)) }
}
