//! Which share of a segment can be reached: by at least one channel that was agreed to for marketing, whose address is known and not
//! suppressed.

use std::collections::{HashMap, HashSet};

use crate::customers::{bulk, suppression};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::operations::people::CHANNELS;
use crate::random::mix;

/// Members of a segment who are looked at: the share is known to three points of a hundred.
const SAMPLE: usize = 1_000;

/// The share of each segment that can be reached; none for one without members. Members are drawn by a hash, so that the same
/// members give the same share.
///
/// # Errors
/// Those of the store.
pub fn shares(
    ws: &Workspace,
    customers: &[CustomerId],
    membership: &[Option<usize>],
    count: usize,
) -> Result<Vec<Option<f64>>> {
    let mut members: Vec<Vec<(u64, CustomerId)>> = vec![Vec::new(); count];
    for (&customer, segment) in customers.iter().zip(membership) {
        if let Some(segment) = *segment {
            members[segment].push((mix(customer.0 as u64), customer));
        }
    }
    let mut asked = Vec::new();
    for drawn in &mut members {
        if drawn.len() > SAMPLE {
            drawn.select_nth_unstable(SAMPLE);
            drawn.truncate(SAMPLE);
        }
        asked.extend(drawn.iter().map(|(_, customer)| *customer));
    }
    asked.sort_unstable();
    let reached = reachable(ws, &asked)?;
    let share = |drawn: &Vec<(u64, CustomerId)>| {
        let known: Vec<bool> = drawn.iter().filter_map(|(_, customer)| reached.get(customer).copied()).collect();
        (!known.is_empty()).then(|| known.iter().filter(|reached| **reached).count() as f64 / known.len() as f64)
    };
    Ok(members.iter().map(share).collect())
}

fn reachable(ws: &Workspace, asked: &[CustomerId]) -> Result<HashMap<CustomerId, bool>> {
    ws.store().read(|conn| {
        let suppressed: HashSet<(String, String)> = suppression::all(conn)?;
        let open = |channel: &str, address: &str| {
            !CHANNELS.contains(&channel)
                || suppressed.is_empty()
                || !suppressed.contains(&(channel.to_owned(), suppression::address_hash(channel, address)))
        };
        let known = bulk::with_marketing_consent(conn, asked)?;
        let reached = known.into_iter().map(|(customer, channels)| {
            let reached = channels
                .iter()
                .any(|channel| customer.address_for(channel).is_some_and(|address| open(channel, address)));
            (customer.id, reached)
        });
        Ok(reached.collect())
    })
}
