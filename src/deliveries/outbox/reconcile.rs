//! Reconciliation: what became of every message of a run, to the last customer.

use std::collections::BTreeMap;

use diesel::dsl::{count, count_star};
use diesel::prelude::*;
use serde::Serialize;

use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::CampaignRunId;
use crate::storage::schema::delivery;
use crate::storage::{Connection, on_each};

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
    let planned = of_run.count().get_result(conn)?;
    // In one pass and not by groups: those would be sorted, all rows of the run in memory.
    let each = |state: State| count(delivery::id).aggregate_filter(delivery::state.eq(state));
    let open = [State::Planned, State::Claimed, State::Committing, State::Deferred];
    let open = count(delivery::id).aggregate_filter(delivery::state.eq_any(open));
    let parts = (each(State::Sent), each(State::Failed), each(State::Held), each(State::Cancelled), open);
    let (sent, failed, held, cancelled, open) = on_each!(conn, c => of_run.select(parts).get_result(c))?;
    let suppressed: Vec<(Option<String>, i64)> = of_run
        .filter(delivery::state.eq(State::Suppressed.literal()))
        .filter(State::Suppressed.in_place())
        .group_by(delivery::reason)
        .select((delivery::reason, count_star()))
        .load(conn)?;
    let suppressed = suppressed.into_iter().map(|(reason, count)| (reason.unwrap_or_default(), count)).collect();
    Ok(Reconciliation { planned, sent, suppressed, failed, held, cancelled, open })
}
