//! From a problem to an allocation with prices and a proven bound.

use std::cmp::Reverse;

use super::choose::NONE;
use super::dual::{bound, evaluate};
use super::minimise::{Limits, minimise};
use super::problem::Problem;
use super::repair::repair;

/// How the search goes.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `sample` | 20,000 | customers in the sample from which the search starts | > 0 |
/// | `passes` | 60 | most passes over all customers; four times as many below 50,000 customers | > 0 |
/// | `gain` | 1e-9 | stop when four steps gain less than this part of the bound; 100 times it from 50,000 customers on | >= 0 |
/// | `jitter` | by ties | part of a value by which equal ones are told apart; 0.001 where most values are tied, else 0 | 0..0.01 |
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Customers in the sample.
    pub sample: usize,
    /// Most passes over all customers.
    pub passes: usize,
    /// Least gain that keeps the search going.
    pub gain: f64,
    /// Jitter; by ties when there is none.
    pub jitter: Option<f64>,
}

impl Default for Options {
    fn default() -> Options {
        Options { sample: 20_000, passes: 60, gain: 1e-9, jitter: None }
    }
}

/// Who gets what, at which prices, and how far from the best that can be.
#[derive(Debug, Clone)]
pub struct Allocation {
    /// Positions of the chosen arms of each customer, in the problem.
    pub chosen: Vec<Vec<u32>>,
    /// Whether keeping within the capacities changed a customer's choice.
    pub forced: Vec<bool>,
    /// Price of each resource, in ticks for a unit.
    pub prices: Vec<f64>,
    /// The jitter that values got.
    pub jitter: f64,
    /// Units of each resource that are used.
    pub used: Vec<i64>,
    /// Value of the allocation, in ticks.
    pub value: i64,
    /// No allocation within the capacities is worth more than this, in ticks, that keeps its promises as far as this one does.
    pub bound: f64,
    /// Passes over all customers that it took.
    pub passes: usize,
}

impl Allocation {
    /// How far the value may be from the best, as a part of the bound.
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 { ((self.bound - self.value as f64) / self.bound).max(0.0) } else { 0.0 }
    }
}

/// Solves the problem. The same problem and options give the same allocation on any number of threads.
pub fn solve(problem: &Problem, options: Options) -> Allocation {
    let jitter = options.jitter.unwrap_or_else(|| jitter_for(problem));
    let start = sampled_prices(problem, options, jitter);
    // A dual function of many customers is smooth: near the minimum each step gains much more than the one before.
    let small = problem.customers() < 50_000;
    let (passes, gain) =
        if small { (options.passes * 4, options.gain) } else { (options.passes, options.gain * 100.0) };
    let found = descend(problem, start, jitter, Limits { evaluations: passes, gain });
    let trail: Vec<&Vec<f64>> = found.trail.iter().rev().take(if small { 3 } else { 1 }).collect();
    let mut best = None;
    for prices in &trail {
        let repaired = repair(problem, prices, jitter);
        // What keeps its promises goes before what is worth more.
        let rank = (Reverse(units_missed(problem, &repaired.used)), repaired.value);
        if best.as_ref().is_none_or(|(least, _, _)| rank > *least) {
            best = Some((rank, repaired, prices.to_vec()));
        }
    }
    let (repaired, prices) = best.map_or_else(
        || {
            let free = vec![0.0; problem.capacities().len()];
            (repair(problem, &free, jitter), free)
        },
        |(_, repaired, prices)| (repaired, prices),
    );
    let proof = |prices: &Vec<f64>| bound(problem, prices) + cost_of_missing(problem, prices, &repaired.used);
    let proven = trail.iter().map(|prices| proof(prices)).fold(f64::INFINITY, f64::min);
    let chosen = (repaired.picks.chunks(repaired.width.max(1)))
        .map(|picks| picks.iter().copied().filter(|&arm| arm != NONE).collect())
        .collect();
    Allocation {
        chosen,
        forced: repaired.forced,
        prices,
        jitter,
        used: repaired.used,
        value: repaired.value,
        bound: proven,
        passes: found.evaluations,
    }
}

/// How much of each promise is missing: (resource, units).
fn missed<'a>(problem: &'a Problem, used: &'a [i64]) -> impl Iterator<Item = (usize, i64)> + 'a {
    let promises = (0..used.len()).filter(|&resource| problem.is_promise(resource));
    promises.map(|resource| (resource, (used[resource] - problem.capacities()[resource]).max(0)))
}

fn units_missed(problem: &Problem, used: &[i64]) -> i64 {
    missed(problem, used).map(|(_, units)| units).sum()
}

/// What is missing of the promises, at their prices. `D` bounds what keeps every promise; by weak duality, adding this makes it
/// bound whatever misses them by no more, too.
fn cost_of_missing(problem: &Problem, prices: &[f64], used: &[i64]) -> f64 {
    missed(problem, used).map(|(resource, units)| prices[resource] * units as f64).sum()
}

/// Prices from a sample; zeros when there are too few customers for one.
fn sampled_prices(problem: &Problem, options: Options, jitter: f64) -> Vec<f64> {
    let zeros = vec![0.0; problem.capacities().len()];
    let step = problem.customers() / options.sample.max(1);
    if step < 2 {
        return zeros;
    }
    let limits = Limits { evaluations: 4 * options.passes, gain: 1e-7 };
    descend(&problem.sample(step), zeros, jitter, limits).trail.pop().unwrap_or_default()
}

/// Minimises the dual function. Prices are scaled by the capacities, so that every gradient is a relative slack.
///
/// The price of a promise goes no higher than the largest value: at that price whoever keeps it outbids everyone. Where a promise
/// cannot be kept at all, the dual function would fall forever.
fn descend(problem: &Problem, start: Vec<f64>, jitter: f64, limits: Limits) -> super::minimise::Minimum {
    let scale: Vec<f64> = problem.capacities().iter().map(|&capacity| capacity.abs().max(1) as f64).collect();
    let dearest = f64::from(problem.values.iter().copied().max().unwrap_or(0).max(1)) * (1.0 + jitter);
    let most = |resource: usize| if problem.is_promise(resource) { dearest } else { f64::INFINITY };
    let unscaled = |x: &[f64]| -> Vec<f64> {
        x.iter().zip(&scale).enumerate().map(|(resource, (x, scale))| (x / scale).min(most(resource))).collect()
    };
    let x = start.iter().zip(&scale).map(|(price, scale)| price * scale).collect();
    let mut found = minimise(x, limits, |x| {
        let prices = unscaled(x);
        let at = evaluate(problem, &prices, jitter);
        let slack = problem.capacities().iter().zip(&at.used).map(|(capacity, used)| (capacity - used) as f64);
        let flat = |resource: usize, slack: f64| if prices[resource] < most(resource) { slack } else { 0.0 };
        (at.dual, slack.zip(&scale).enumerate().map(|(r, (slack, scale))| flat(r, slack / scale)).collect())
    });
    found.trail.iter_mut().for_each(|x| *x = unscaled(x));
    found.x = unscaled(&found.x);
    found
}

/// A thousandth where arms of one kind mostly share their values with others (segment averages, rounded scores), else none.
fn jitter_for(problem: &Problem) -> f64 {
    let step = (problem.arms() / 8_192).max(1);
    let mut seen: Vec<(u16, i32)> =
        (0..problem.arms()).step_by(step).map(|arm| (problem.kind_of[arm], problem.values[arm])).collect();
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() * 2 < all { 1e-3 } else { 0.0 }
}
