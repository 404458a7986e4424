//! Reconciliation: what became of every message of a run, to the last customer.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::Serialize;

use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::CampaignRunId;
use crate::storage::Connection;
use crate::storage::schema::delivery;

/// planned = sent + suppressed(reason) + failed + held + cancelled + open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// All rows of the run.
    pub planned: i64,
    /// Accepted by the receiver.
    pub sent: i64,
    /// Suppressed at the last look, by reason.
    pub suppressed: BTreeMap<String, i64>,
    /// Refused, impossible to make, or given up.
    pub failed: i64,
    /// Uncertain.
    pub held: i64,
    /// Taken back.
    pub cancelled: i64,
    /// Still under way: planned, claimed, committing or deferred.
    pub open: i64,
}

impl Reconciliation {
    /// Whether the sum is right. The parts are counted one by one and the whole by another query.
    pub fn balances(&self) -> bool {
        let suppressed: i64 = self.suppressed.values().sum();
        self.planned == self.sent + suppressed + self.failed + self.held + self.cancelled + self.open
    }
}

/// Counts the deliveries of a run by what became of them.
pub fn reconcile(conn: &mut Connection, run: CampaignRunId) -> Result<Reconciliation> {
    let of_run = delivery::table.filter(delivery::campaign_run_id.eq(run));
    let mut result = Reconciliation { planned: of_run.count().get_result(conn)?, ..Reconciliation::default() };
    let groups: Vec<(State, Option<String>, i64)> = of_run
        .group_by((delivery::state, delivery::reason))
        .select((delivery::state, delivery::reason, count_star()))
        .load(conn)?;
    for (state, reason, count) in groups {
        match state {
            State::Sent => result.sent += count,
            State::Suppressed => *result.suppressed.entry(reason.unwrap_or_default()).or_default() += count,
            State::Failed => result.failed += count,
            State::Held => result.held += count,
            State::Cancelled => result.cancelled += count,
            State::Planned | State::Claimed | State::Committing | State::Deferred => result.open += count,
        }
    }
    Ok(result)
}
