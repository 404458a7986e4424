//! What a little more of one capacity would bring: what its price predicts, beside what solving again obtains.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::allocation::{Options, solve};
use super::batch::{Person, prepare};
use super::candidate::Resources;
use super::policy::DecisionPolicy;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The effect of raising one capacity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The resource.
    pub resource: Arc<str>,
    /// Units added.
    pub extra: i64,
    /// Its price before, in ticks for a unit.
    pub price: f64,
    /// price x extra, in ticks: an upper bound of what can be gained (the dual function is convex), up to the gap.
    pub predicted: f64,
    /// Value after less value before, in ticks.
    pub obtained: i64,
}

/// Solves again with `part` (0.1 for 10 %) more of the resource at this position, all else equal.
///
/// # Errors
/// Not found, when there is no such resource; else as `decide_batch`.
pub fn sensitivity(
    people: &[Person],
    resources: &Resources,
    policy: &DecisionPolicy,
    (seed, now): (u64, Timestamp),
    resource: usize,
    part: f64,
) -> Result<Sensitivity> {
    let which = resources.get(resource);
    let which = which.ok_or_else(|| Error::not_found(format!("there is no resource {resource}; see the prices")))?;
    let prepared = prepare(people, resources, policy, seed, now)?;
    let before = solve(&prepared.problem, Options::default());
    let extra = ((which.capacity as f64) * part).round().max(1.0) as i64;
    let mut capacities = prepared.problem.capacities().to_vec();
    capacities[resource] += extra;
    let after = solve(&prepared.problem.with_capacities(capacities), Options::default());
    Ok(Sensitivity {
        resource: which.name.clone(),
        extra,
        price: before.prices[resource],
        predicted: before.prices[resource] * extra as f64,
        obtained: after.value - before.value,
    })
}
