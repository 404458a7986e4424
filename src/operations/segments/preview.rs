//! A look at a segment before it is saved: how many belong, who for example, and how many of them could be written to.

use serde::Serialize;

use super::build;
use crate::clock::Timestamp;
use crate::customers::{Consent, Customer, consent, store as customers, suppression};
use crate::error::Result;
use crate::ids::CustomerId;
use crate::operations::Workspace;
use crate::operations::people::CHANNELS;
use crate::random::mix;
use crate::segments::rule::SegmentSpec;
use crate::storage::Connection;

/// Members shown.
const SHOWN: usize = 10;
/// Members from whom the share that can be reached is estimated.
const SAMPLE: usize = 1_000;

/// What a segment would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preview {
    /// The rule in words.
    pub rule: String,
    /// Customers who belong now.
    pub customers: usize,
    /// Of all customers.
    pub share: f64,
    /// The share of members who can be written to for marketing by at least one channel: address known, consent given, not
    /// suppressed. Of a sample of at most 1,000 members; `None` without members.
    pub reachable: Option<f64>,
    /// Some members, by the company's own keys.
    pub sample: Vec<String>,
    /// As of when.
    pub as_of: Timestamp,
}

/// Computes a segment and keeps nothing.
///
/// # Errors
/// Invalid, with every fault at once; those of store and history.
pub fn preview(ws: &Workspace, spec: SegmentSpec) -> Result<Preview> {
    let now = ws.now();
    let segment = ws.store().read(|conn| super::check(ws, conn, spec))?;
    let computed = build::compute(ws, &segment, &ws.history().slices()?, now)?;
    let entries = computed.entries.iter().filter(|entry| entry.entered_at.is_some());
    let members: Vec<CustomerId> = entries.map(|entry| entry.customer).collect();
    let sample = sample(&members);
    ws.store().read(|conn| {
        let base = customers::count(conn)?.max(1);
        let mut reachable = 0;
        let mut shown = Vec::new();
        for id in &sample {
            let Some(customer) = customers::by_id(conn, *id)? else { continue };
            reachable += usize::from(can_reach(conn, &customer)?);
            shown.push(customer.external_id);
        }
        let share = (!shown.is_empty()).then(|| reachable as f64 / shown.len() as f64);
        shown.truncate(SHOWN);
        Ok(Preview {
            rule: segment.rule.to_string(),
            customers: members.len(),
            share: members.len() as f64 / base as f64,
            reachable: share,
            sample: shown,
            as_of: now,
        })
    })
}

/// Members drawn by a hash, so that the same members give the same sample.
fn sample(members: &[CustomerId]) -> Vec<CustomerId> {
    let mut drawn: Vec<(u64, CustomerId)> = members.iter().map(|id| (mix(id.0 as u64), *id)).collect();
    if drawn.len() > SAMPLE {
        drawn.select_nth_unstable(SAMPLE);
        drawn.truncate(SAMPLE);
    }
    drawn.sort_unstable();
    drawn.into_iter().map(|(_, id)| id).collect()
}

fn can_reach(conn: &mut Connection, customer: &Customer) -> Result<bool> {
    let consents = customers::consents_of(conn, customer.id)?;
    let agreed = |consent: &&Consent| consent.granted && consent.purpose == consent::MARKETING;
    for consent in consents.iter().filter(agreed) {
        let channel = consent.channel.as_str();
        let Some(address) = customer.address_for(channel) else { continue };
        if !CHANNELS.contains(&channel) || suppression::reason(conn, channel, address)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}
