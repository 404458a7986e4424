//! What each campaign cost and brought in the last while: what holding campaigns against other uses of the money needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pass::pass;
use super::runs::{Runs, runs};
use super::windows::Windows;
use crate::campaigns::store as campaigns;
use crate::error::Result;
use crate::operations::Workspace;
use crate::progress::Progress;
use crate::reports::profit::kept;

/// One campaign. Money in minor units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignEffect {
    /// The campaign.
    pub name: String,
    /// Contacts, and discounts beyond those of the clients held out.
    pub cost: f64,
    /// Incremental profit.
    pub profit: f64,
    /// Clients kept who would else have left.
    pub kept: f64,
    /// Whether it was measured; else its last plan says so.
    pub measured: bool,
}

/// The name under which they are kept.
pub(super) const KEPT: &str = "campaign_effects";

/// As kept; made where they are not, which reads all of history.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn effects_as_kept(ws: &Workspace, days: u32, progress: &dyn Progress) -> Result<Vec<CampaignEffect>> {
    kept::get(ws, KEPT)?.map_or_else(|| campaign_effects(ws, days, progress), Ok)
}

/// Every campaign that was measured within so many days before now, else the plan of its present version.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn campaign_effects(ws: &Workspace, days: u32, progress: &dyn Progress) -> Result<Vec<CampaignEffect>> {
    let now = ws.now();
    let windows = Windows::new(now, [days]);
    progress.stage("campaigns", None);
    let all = ws.store().read(campaigns::all)?;
    let runs = runs(ws, &windows)?;
    let stayed = if runs.all.is_empty() {
        BTreeMap::new()
    } else {
        let passed = pass(ws, &windows, &runs)?;
        passed.all.into_iter().next().map(|sums| sums.stayed).unwrap_or_default()
    };
    progress.finish();
    let mut effects = Vec::new();
    for campaign in &all {
        let own = (0..runs.all.len()).filter(|at| runs.all[*at].campaign == campaign.id);
        let own: Vec<usize> = own.filter(|at| runs.all[*at].decided_at >= windows.all[0].from).collect();
        if let Some(effect) = measured(&campaign.name, &runs, &own, &stayed) {
            effects.push(effect);
        } else if let Some(effect) = planned(ws, campaign)? {
            effects.push(effect);
        }
    }
    Ok(effects)
}

fn measured(name: &str, runs: &Runs, own: &[usize], stayed: &BTreeMap<u32, [[i64; 2]; 2]>) -> Option<CampaignEffect> {
    let mut effect = CampaignEffect { name: name.to_owned(), cost: 0.0, profit: 0.0, kept: 0.0, measured: true };
    let mut any = false;
    for &at in own {
        let [treated, out] = &runs.all[at].arms;
        if treated.n < 1.0 || out.n < 1.0 {
            continue;
        }
        any = true;
        effect.cost += runs.all[at].contact_cost + treated.discount - treated.n * out.discount / out.n;
        effect.profit += treated.profit - treated.n * out.profit / out.n;
        if let Some([contacted, held]) = stayed.get(&(at as u32))
            && contacted[0] > 0
            && held[0] > 0
        {
            effect.kept += contacted[1] as f64 - contacted[0] as f64 * held[1] as f64 / held[0] as f64;
        }
    }
    any.then_some(effect)
}

fn planned(ws: &Workspace, campaign: &campaigns::Campaign) -> Result<Option<CampaignEffect>> {
    let kept = ws.store().read(|conn| campaigns::plan_of(conn, campaign.id, campaign.version))?;
    let Some((plan, _)) = kept else { return Ok(None) };
    let plan: serde_json::Value = serde_json::from_str(&plan)?;
    let figure = |name: &str| plan["forecast"][name].as_f64();
    let (Some(cost), Some(profit)) = (figure("spend"), figure("profit")) else { return Ok(None) };
    Ok(Some(CampaignEffect { name: campaign.name.clone(), cost, profit, kept: 0.0, measured: false }))
}
