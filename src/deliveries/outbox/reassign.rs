//! What a merge of two customers, and an erasure, do to deliveries. Their number stays, so that every run reconciles.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::claim::ClaimCheck;
use super::find;
use crate::clock::Timestamp;
use crate::deliveries::delivery::Delivery;
use crate::deliveries::state::State;
use crate::error::Result;
use crate::ids::{CampaignRunId, CustomerId, DeliveryId};
use crate::storage::Connection;
use crate::storage::schema::delivery;

/// States in which a message has not gone out yet.
const OPEN: [State; 3] = [State::Planned, State::Deferred, State::Claimed];

/// Makes deliveries to `from` deliveries to `to`. In runs that had both, `shifts` says by how much the ordinal of a contact
/// moves; what is still open there is suppressed, since the survivor has a message of the same run.
pub fn reassign(
    conn: &mut Connection,
    from: CustomerId,
    to: CustomerId,
    shifts: &BTreeMap<CampaignRunId, i32>,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<()> {
    let theirs: Vec<Delivery> = delivery::table.filter(delivery::customer_id.eq(from)).load(conn)?;
    for mut row in theirs {
        row.customer_id = to;
        if let Some(shift) = shifts.get(&row.campaign_run_id) {
            row.occasion = row
                .occasion
                .parse::<i32>()
                .map_or_else(|_| format!("{}/{}", row.occasion, from), |ordinal| (ordinal + shift).to_string());
        }
        let values = (delivery::customer_id.eq(row.customer_id), delivery::occasion.eq(&row.occasion));
        diesel::update(delivery::table.find(row.id)).set(values).execute(conn)?;
        if shifts.contains_key(&row.campaign_run_id) {
            suppress(conn, &row, "merged", now, checks)?;
        }
    }
    Ok(())
}

/// Forgets a person: what is open is given back, addresses and variables go, and the rows belong to `nobody`. Answers which
/// they were, for what transports may have written of them.
pub fn erase(
    conn: &mut Connection,
    customer: CustomerId,
    nobody: CustomerId,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<Vec<Delivery>> {
    let theirs: Vec<Delivery> = delivery::table.filter(delivery::customer_id.eq(customer)).load(conn)?;
    for row in &theirs {
        suppress(conn, row, "erased", now, checks)?;
    }
    find::erase(conn, customer, now)?;
    let rows = delivery::table.filter(delivery::customer_id.eq(customer));
    diesel::update(rows).set(delivery::customer_id.eq(nobody)).execute(conn)?;
    Ok(theirs)
}

/// Suppresses a delivery that is open; what is going out at this moment is not.
fn suppress(
    conn: &mut Connection,
    row: &Delivery,
    reason: &str,
    now: Timestamp,
    checks: &dyn ClaimCheck,
) -> Result<()> {
    let id: DeliveryId = row.id;
    let open = delivery::table.filter(delivery::id.eq(id)).filter(delivery::state.eq_any(OPEN));
    let values = (delivery::state.eq(State::Suppressed), delivery::reason.eq(reason), delivery::updated_at.eq(now));
    if diesel::update(open).set(values).execute(conn)? == 1 {
        checks.released(conn, row, State::Suppressed, now)?;
    }
    Ok(())
}
