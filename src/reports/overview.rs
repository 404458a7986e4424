//! The state of the base at a glance: what it is worth, who pays for whom, what runs.

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;

use crate::campaigns::store::{self as campaigns, Campaign, CampaignRun};
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::deliveries::outbox::brake;
use crate::error::Result;
use crate::models::registry::{self, ModelSummary};
use crate::money::Money;
use crate::operations::Workspace;
use crate::reports::stages::{self, Stages};
use crate::segments::{self, Board, KeptSegment};
use crate::storage::Connection;
use crate::storage::schema::customer_state;

/// The base at a glance.
#[derive(Debug, Serialize)]
pub struct Overview {
    /// As of when.
    pub as_of: Timestamp,
    /// Customers known.
    pub customers: i64,
    /// Of these, with a purchase.
    pub buyers: i64,
    /// Buyers whose profit is not above zero.
    pub unprofitable: i64,
    /// Their share of the buyers.
    pub unprofitable_share: f64,
    /// Profit of all buyers so far.
    pub profit: Money,
    /// Profit of the profitable ones alone: the rest is spent on the others.
    pub profit_of_profitable: Money,
    /// Share of the profit that the best tenth of the buyers brings; above 1 where others lose money.
    pub best_tenth_share: f64,
    /// Customers with an open complaint.
    pub open_complaints: i64,
    /// When serving rows were last rebuilt.
    pub scored_at: Option<Timestamp>,
    /// Where customers stand, and who went where.
    pub stages: Stages,
    /// The segments and what they are worth, but for the cells of grids.
    pub segments: Vec<KeptSegment>,
    /// Grids, as tables.
    pub grids: Vec<Board>,
    /// The campaigns.
    pub campaigns: Vec<Campaign>,
    /// Runs, newest first, of the last ones.
    pub runs: Vec<CampaignRun>,
    /// The models that serve.
    pub models: Vec<ModelSummary>,
    /// Whether all sending is stopped.
    pub stopped: bool,
}

/// Reads the overview.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn overview(ws: &Workspace) -> Result<Overview> {
    let now = ws.now();
    ws.store().read(|conn| {
        let worth = worth(conn)?;
        let campaigns = campaigns::all(conn)?;
        let mut runs = Vec::new();
        for campaign in &campaigns {
            runs.extend(campaigns::runs(conn, campaign.id)?);
        }
        runs.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| b.id.cmp(&a.id)));
        runs.truncate(10);
        let models =
            registry::list(conn, None)?.into_iter().filter(|m| m.status == registry::Status::Champion).collect();
        let (segments, grids) = segments::boards(segments::list(conn)?);
        Ok(Overview {
            as_of: now,
            customers: customers::count(conn)?,
            stages: stages::stages(conn, now)?,
            segments,
            grids: grids.into_iter().map(|(board, _)| board).collect(),
            stopped: brake::is_stopped(conn)?,
            campaigns,
            runs,
            models,
            ..worth
        })
    })
}

/// What the buyers are worth; the rest is filled in by the caller.
fn worth(conn: &mut Connection) -> Result<Overview> {
    use customer_state::dsl;
    let buyers: i64 = customer_state::table.filter(dsl::orders.gt(0)).select(count_star()).get_result(conn)?;
    let profits: Vec<i64> =
        customer_state::table.filter(dsl::orders.gt(0)).select(dsl::profit).order(dsl::profit.desc()).load(conn)?;
    let total: i64 = profits.iter().sum();
    let best: i64 = profits.iter().take(profits.len().div_ceil(10)).sum();
    let positive: i64 = profits.iter().filter(|profit| **profit > 0).sum();
    let unprofitable = profits.iter().filter(|profit| **profit <= 0).count() as i64;
    let complaints: i64 =
        customer_state::table.filter(dsl::open_complaints.gt(0)).select(count_star()).get_result(conn)?;
    let scored_at: Option<Option<Timestamp>> = customer_state::table
        .filter(dsl::scored_at.is_not_null())
        .select(dsl::scored_at)
        .order(dsl::scored_at.desc())
        .first(conn)
        .optional()?;
    Ok(Overview {
        as_of: Timestamp(0),
        customers: 0,
        buyers,
        unprofitable,
        unprofitable_share: unprofitable as f64 / buyers.max(1) as f64,
        profit: Money(total),
        profit_of_profitable: Money(positive),
        best_tenth_share: if total > 0 { best as f64 / total as f64 } else { 0.0 },
        open_complaints: complaints,
        scored_at: scored_at.flatten(),
        stages: Stages::default(),
        segments: Vec::new(),
        grids: Vec::new(),
        campaigns: Vec::new(),
        runs: Vec::new(),
        models: Vec::new(),
        stopped: false,
    })
}
