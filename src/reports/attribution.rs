//! What each campaign is credited with by a stated window and model, beside what its holdout shows that it caused.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::campaigns::store as campaigns;
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::experiments::Degenerate;
use crate::experiments::Level;
use crate::experiments::lift::{self, Lift};
use crate::money::Money;
use crate::operations::Workspace;
use crate::operations::credits::{self, Period};
use crate::operations::measure::measure;
use crate::operations::results::lift::populations;
use crate::outcomes::attribution::Model;

/// Credit over a time.
#[derive(Debug, Serialize)]
pub struct Attribution {
    /// The first instant whose orders count.
    pub from: Timestamp,
    /// The instant after the last.
    pub until: Timestamp,
    /// Days after a contact in which an order is credited to it.
    pub window_days: u32,
    /// All orders of the time.
    pub orders: usize,
    /// Their revenue, in minor units.
    pub revenue: Money,
    /// What nobody is credited with, in minor units.
    pub uncredited: Money,
    /// By campaign.
    pub campaigns: Vec<CampaignCredit>,
    /// How to read it.
    pub note: &'static str,
}

/// One campaign.
#[derive(Debug, Serialize)]
pub struct CampaignCredit {
    /// The campaign.
    pub campaign: String,
    /// By model.
    pub credit: Vec<Credited>,
    /// What each of its runs of the time earned beyond what would have come anyway; never added up.
    pub incremental: Vec<Incremental>,
}

/// Credit under one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Credited {
    /// The model.
    pub model: Model,
    /// Orders, in parts where they are shared.
    pub orders: f64,
    /// Revenue, in minor units.
    pub revenue: Money,
    /// Margin, in minor units.
    pub margin: Money,
}

/// What a holdout shows.
#[derive(Debug, Clone, Serialize)]
pub struct Incremental {
    /// The run's occasion.
    pub occasion: String,
    /// Whether its window has ended.
    pub is_final: bool,
    /// Profit beyond what would have come anyway, of all who were assigned.
    pub lift: Result<Lift, Degenerate>,
}

const NOTE: &str = "Credit says which contact was there before an order, not that it caused it; much of it would have been bought \
    anyway. What was caused is the difference to the holdout, beside it.";

/// Makes the report.
///
/// # Errors
/// Invalid for a time that ends before it begins, or a window outside 1 to 365 days.
pub fn attribution(ws: &Workspace, from: Timestamp, until: Timestamp, window_days: u32) -> Result<Attribution> {
    if until <= from {
        return Err(Error::invalid("the time ends before it begins; give `from` before `to`"));
    }
    if !(1..=365).contains(&window_days) {
        return Err(Error::invalid("`days` must lie within 1..365"));
    }
    let period = Period { from, until, window: i64::from(window_days) * DAY };
    let told = credits::read(ws, &period)?;
    let mut campaigns: BTreeMap<String, CampaignCredit> = BTreeMap::new();
    for (campaign, incremental) in incremental(ws, from, until)? {
        let entry = campaigns.entry(campaign.clone()).or_insert_with(|| empty(campaign));
        entry.incremental.push(incremental);
    }
    let mut credited = Money::ZERO;
    for model in [Model::LastTouch, Model::Position] {
        let mut sums: BTreeMap<&str, (u64, Money, Money)> = BTreeMap::new();
        for (delivery, share) in told.shared(model, &period) {
            let campaign = told.campaigns.get(&delivery).map_or("", String::as_str);
            let (millionths, revenue, margin) = sums.entry(campaign).or_default();
            *millionths += u64::from(share.millionths);
            *revenue = *revenue + share.revenue;
            *margin = *margin + share.margin;
        }
        credited = sums.values().fold(Money::ZERO, |sum, (_, revenue, _)| sum + *revenue);
        for (campaign, (millionths, revenue, margin)) in sums {
            let entry = campaigns.entry(campaign.to_owned()).or_insert_with(|| empty(campaign.to_owned()));
            entry.credit.push(Credited { model, orders: millionths as f64 / 1e6, revenue, margin });
        }
    }
    Ok(Attribution {
        from,
        until,
        window_days,
        orders: told.orders,
        revenue: told.revenue,
        uncredited: told.revenue - credited,
        campaigns: campaigns.into_values().collect(),
        note: NOTE,
    })
}

fn empty(campaign: String) -> CampaignCredit {
    CampaignCredit { campaign, credit: Vec::new(), incremental: Vec::new() }
}

fn incremental(ws: &Workspace, from: Timestamp, until: Timestamp) -> Result<Vec<(String, Incremental)>> {
    let runs = ws.store().read(|conn| campaigns::runs_between(conn, from, until))?;
    let of = |run: campaigns::CampaignRun| {
        let name = ws.store().read(|conn| Ok(campaigns::by_id(conn, run.campaign_id)?.name))?;
        let measured = measure(ws, run.id)?;
        let [(_, assigned), _] = populations(&measured);
        let lift = lift::lift(&assigned, Level::FIVE_PERCENT);
        Ok((name, Incremental { occasion: run.occasion, is_final: measured.is_over(ws.now()), lift }))
    };
    runs.into_iter().map(of).collect()
}
