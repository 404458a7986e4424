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
    when: (u64, Timestamp),
    resource: usize,
    part: f64,
) -> Result<Sensitivity> {
    let missing = || Error::not_found(format!("there is no resource {resource}; see the prices"));
    sensitivities(people, resources, policy, when, &[resource], part)?.pop().ok_or_else(missing)
}

/// The same for several resources, each by itself; what does not exist is left out.
///
/// # Errors
/// As `decide_batch`.
pub fn sensitivities(
    people: &[Person],
    resources: &Resources,
    policy: &DecisionPolicy,
    (seed, now): (u64, Timestamp),
    which: &[usize],
    part: f64,
) -> Result<Vec<Sensitivity>> {
    let prepared = prepare(people, resources, policy, seed, now)?;
    let before = solve(&prepared.problem, Options::default());
    let of = |&position: &usize| {
        let resource = resources.get(position)?;
        let extra = (resource.capacity.abs() as f64 * part).round().max(1.0) as i64;
        let mut capacities = prepared.problem.capacities().to_vec();
        capacities[position] += extra;
        let after = solve(&prepared.problem.with_capacities(capacities), Options::default());
        Some(Sensitivity {
            resource: resource.name.clone(),
            extra,
            price: before.prices[position],
            predicted: before.prices[position] * extra as f64,
            obtained: after.value - before.value,
        })
    };
    Ok(which.iter().filter_map(of).collect())
}
