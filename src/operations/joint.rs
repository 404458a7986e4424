//! Several campaigns planned together: one allocation decides which of them writes to whom.

use serde::Serialize;

use crate::campaigns::Priority;
use crate::clock::Timestamp;
use crate::decisions::candidate::TICKS;
use crate::decisions::waterfall::{Step, Waterfall};
use crate::error::Result;
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::batch::{self, Batch};
use crate::operations::forecast::{Forecast, forecast};
use crate::operations::setup::{self, Setup};
use crate::operations::variants::Part;

/// What several campaigns would do together.
#[derive(Debug, Serialize)]
pub struct JointPlan {
    /// The instant of the decisions.
    pub decided_at: Timestamp,
    /// Each campaign, by name.
    pub campaigns: Vec<PartOfPlan>,
    /// Contacts of all.
    pub contacts: usize,
    /// Value of all, in minor units.
    pub value: Money,
    /// No choice within the limits of all is worth more, in minor units; proven, the higher priorities first.
    pub bound: f64,
    /// How far the value can be from the best, as a share of the bound.
    pub gap: f64,
}

/// The part of one campaign.
#[derive(Debug, Serialize)]
pub struct PartOfPlan {
    /// The campaign.
    pub campaign: String,
    /// Before or after the others.
    pub priority: Priority,
    /// What its contacts are worth, in minor units.
    pub value: Money,
    /// It could not reach more if it had all clients to itself, in minor units; proven.
    pub alone_at_most: f64,
    /// Clients who are worth a contact to it and are left to another one.
    pub left_to_others: u64,
    /// Where the audience went.
    pub waterfall: Waterfall,
    /// What it would use and bring.
    pub forecast: Forecast,
    /// What one more of each scarce thing would be worth, in sentences.
    pub prices: Vec<String>,
}

/// Plans campaigns together as of now; nothing is kept.
///
/// # Errors
/// Not found; invalid, when there are fewer than two; conflict, when one begins client by client.
pub fn plan(ws: &Workspace, names: &[String]) -> Result<JointPlan> {
    let now = ws.now();
    let occasion = format!("plan {now}");
    let (setups, together) = ws.store().read(|conn| {
        let mut setups = setup::load_all(ws, conn, names, &occasion)?;
        // Test and rest together.
        setups.iter_mut().for_each(|setup| setup.varied.part = Part::Whole);
        let together = batch::decide_together(ws, conn, &setups, &occasion, now)?;
        Ok((setups, together))
    })?;
    let campaigns: Vec<PartOfPlan> =
        setups.iter().zip(&together.batches).map(|(setup, batch)| part(ws, setup, batch)).collect();
    let gap =
        if together.bound > 0.0 { ((together.bound - together.value as f64) / together.bound).max(0.0) } else { 0.0 };
    Ok(JointPlan {
        decided_at: now,
        contacts: campaigns.iter().map(|part| part.forecast.contacts).sum(),
        campaigns,
        value: in_money(together.value),
        bound: together.bound / TICKS,
        gap,
    })
}

fn part(ws: &Workspace, setup: &Setup, batch: &Batch) -> PartOfPlan {
    let result = &batch.result;
    let reasons = result.waterfall.fell.get(&Step::Chosen);
    PartOfPlan {
        campaign: setup.campaign.name.clone(),
        priority: setup.spec().priority,
        value: in_money(result.value),
        alone_at_most: result.bound / TICKS,
        left_to_others: reasons.and_then(|reasons| reasons.get("other_campaign")).copied().unwrap_or(0),
        waterfall: result.waterfall.clone(),
        forecast: forecast(batch, &setup.response.uplift.realised),
        prices: result.prices.words(ws.settings().currency),
    }
}

fn in_money(ticks: i64) -> Money {
    Money((ticks as f64 / TICKS).round() as i64)
}
