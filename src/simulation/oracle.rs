//! The best assignment by someone who knows the truth, with a proven bound on what anybody could reach.
//!
//! Lagrangian: a price per scarce resource; each client takes the arm of the highest value less price. For any prices >= 0 the sum
//! of these and of price x capacity bounds every feasible assignment from above. Prices follow the projected subgradient; the
//! best ones are turned into a feasible assignment by taking arms in the order of what they are worth at these prices.

use super::catalogue::OFFERS;
use super::market::{Arm, Assignment, Capacities, Market, Stock};

/// Rounds of price search.
const ROUNDS: usize = 160;
/// Resources: four channels, the offers' stocks, the budget.
const RESOURCES: usize = 4 + OFFERS.len() + 1;
/// Position of the budget.
const BUDGET: usize = RESOURCES - 1;

/// What the oracle found.
#[derive(Debug, Clone)]
pub struct Best {
    /// Its assignment.
    pub assignment: Assignment,
    /// True incremental profit, within and after the window, in minor units.
    pub value: f64,
    /// No feasible assignment is worth more.
    pub bound: f64,
    /// Value of one more unit: contacts by channel, pieces by offer, one minor unit of budget.
    pub prices: [f64; RESOURCES],
}

impl Best {
    /// How far the assignment may be from the best one, as a share of the bound.
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 { (self.bound - self.value) / self.bound } else { 0.0 }
    }
}

/// Finds the best assignment for the total value of the arms.
pub fn solve(market: &Market, capacities: &Capacities) -> Best {
    // Arms that lose without any price never help.
    let arms: Vec<Vec<Arm>> =
        market.arms.iter().map(|arms| arms.iter().filter(|arm| arm.effect.total() > 0.0).copied().collect()).collect();
    let limits = limits(capacities);
    let mut prices = [0.0; RESOURCES];
    let (mut best_prices, mut bound) = (prices, f64::INFINITY);
    let mut average = [0.0; RESOURCES];
    let scale = mean_value(&arms);
    for round in 0..ROUNDS {
        let (dual, used) = respond(&arms, &prices, &limits);
        if dual < bound {
            (bound, best_prices) = (dual, prices);
        }
        let step = 2.0 / (1.0 + round as f64).sqrt();
        for k in 0..RESOURCES {
            let unit = if k == BUDGET { 1.0 } else { scale };
            let excess = ((used[k] - limits[k]) / limits[k].max(1.0)).clamp(-1.0, 1.0);
            prices[k] = (prices[k] + step * 0.3 * unit * excess).max(0.0);
            average[k] += prices[k] * if round >= ROUNDS / 2 { 2.0 / ROUNDS as f64 } else { 0.0 };
        }
    }
    let (dual, _) = respond(&arms, &average, &limits);
    bound = bound.min(dual);
    let (assignment, value, prices) = [best_prices, average, prices]
        .into_iter()
        .map(|prices| {
            let assignment = repair(&arms, &prices, capacities);
            let (window, after) = market.value(&assignment);
            (assignment, window + after, prices)
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .expect("three candidates are given");
    Best { assignment, value, bound, prices }
}

fn limits(capacities: &Capacities) -> [f64; RESOURCES] {
    let mut limits = [f64::INFINITY; RESOURCES];
    for (slot, limit) in limits.iter_mut().zip(capacities.channel) {
        *slot = limit as f64;
    }
    for (slot, stock) in limits[4..].iter_mut().zip(capacities.stock) {
        // What cannot run out has a capacity nobody reaches; its price stays at nothing.
        *slot = stock.map_or(1e12, |stock| stock as f64);
    }
    limits[BUDGET] = capacities.budget;
    limits
}

fn mean_value(arms: &[Vec<Arm>]) -> f64 {
    let best = arms.iter().filter_map(|arms| arms.iter().map(|arm| arm.effect.total()).max_by(f64::total_cmp));
    let (sum, count) = best.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 1.0 } else { sum / count as f64 }
}

/// Value of an arm less the prices of what it uses.
fn reduced(arm: &Arm, prices: &[f64; RESOURCES]) -> f64 {
    let channel = prices[arm.treatment.channel.index()];
    arm.effect.total() - channel - prices[4 + arm.treatment.offer] - prices[BUDGET] * arm.spend
}

/// The dual value at these prices, and what everyone's best response uses.
fn respond(arms: &[Vec<Arm>], prices: &[f64; RESOURCES], limits: &[f64; RESOURCES]) -> (f64, [f64; RESOURCES]) {
    let mut used = [0.0; RESOURCES];
    let mut dual: f64 = prices.iter().zip(limits).filter(|(price, _)| **price > 0.0).map(|(p, l)| p * l).sum();
    for arms in arms {
        let best = arms.iter().map(|arm| (reduced(arm, prices), arm)).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((value, arm)) = best.filter(|(value, _)| *value > 0.0) {
            dual += value;
            used[arm.treatment.channel.index()] += 1.0;
            used[4 + arm.treatment.offer] += 1.0;
            used[BUDGET] += arm.spend;
        }
    }
    (dual, used)
}

/// A feasible assignment: all arms in the order of their value at these prices, first those that pay them, then the rest.
fn repair(arms: &[Vec<Arm>], prices: &[f64; RESOURCES], capacities: &Capacities) -> Assignment {
    let mut order: Vec<(f64, usize, &Arm)> = arms
        .iter()
        .enumerate()
        .flat_map(|(client, arms)| arms.iter().map(move |arm| (reduced(arm, prices), client, arm)))
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut stock = Stock::full(capacities, arms.len());
    for (_, client, arm) in order {
        stock.take(client, arm);
    }
    stock.finish()
}
