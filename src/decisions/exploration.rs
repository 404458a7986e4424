//! A small share of the customers gets a uniform draw over what is feasible for them and nothing, so that it is known what
//! would have happened otherwise.
//!
//! Explorers are drawn before anything is optimised and are never touched afterwards. In a batch, [`admit`] sets capacity aside
//! for them by the worst they could draw, before they draw; so admission does not depend on the draw, and the logged
//! probability 1 / (feasible + 1) is exact.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::assignment::Share;
use super::candidate::{Candidate, Resource, ticks};
use crate::random;

/// How much is tried at random.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `share` | none | salt and share of the customers outside the holdout | 0..0.5 |
/// | `reserve` | 0.05 | part of each capacity that explorers may use | 0..1 |
/// | `worst` | 500 | a treatment that loses more minor units than this is not tried | >= 0 |
/// | `loss` | 100,000 | expected loss of all explorers of a run, in minor units | >= 0 |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exploration {
    /// Who explores.
    pub share: Share,
    /// Part of each capacity that is theirs.
    pub reserve: f64,
    /// Most that one treatment may be expected to lose against doing nothing, in minor units.
    pub worst: f64,
    /// Most that all explorers of a run may be expected to lose against the best choice, in minor units.
    pub loss: f64,
}

impl Default for Exploration {
    fn default() -> Exploration {
        Exploration {
            share: Share { salt: Arc::from("exploration"), share: 0.0 },
            reserve: 0.05,
            worst: 500.0,
            loss: 100_000.0,
        }
    }
}

/// The draw: a position in 0..=feasible, where `feasible` itself means none. It depends on the seed and the customer only.
pub fn draw(seed: u64, external_id: &str, feasible: usize) -> usize {
    let bits = random::mix(random::salted_hash("exploration-draw", external_id) ^ random::mix(seed));
    // Multiply-shift: the bias is at most (feasible + 1) / 2^64.
    ((u128::from(bits) * (feasible as u128 + 1)) >> 64) as usize
}

/// What one explorer could draw: positions of the candidates, with the value of each in minor units.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feasible {
    /// Positions among the candidates.
    pub positions: Vec<usize>,
    /// Best value less the mean of the draw, none being worth 0, in minor units.
    pub expected_loss: f64,
}

impl Feasible {
    /// From (position, value in minor units), in candidate order.
    pub fn new(values: &[(usize, f64)]) -> Feasible {
        let best = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        let mean = values.iter().map(|(_, value)| value).sum::<f64>() / (values.len() + 1) as f64;
        Feasible { positions: values.iter().map(|(position, _)| *position).collect(), expected_loss: best - mean }
    }
}

/// Sets capacity aside for explorers, in the order given, each by the worst it could draw of every resource.
#[derive(Debug)]
pub struct Reserve {
    left: Vec<i64>,
    loss_left: f64,
}

impl Reserve {
    /// The explorers' part of each capacity.
    pub fn new(policy: &Exploration, resources: &[Resource]) -> Reserve {
        let part = policy.reserve.clamp(0.0, 1.0);
        let left = resources.iter().map(|resource| (resource.capacity.max(0) as f64 * part) as i64).collect();
        Reserve { left, loss_left: policy.loss }
    }

    /// Whether the explorer fits; if so its worst case is set aside.
    pub fn admit(&mut self, feasible: &Feasible, candidates: &[Candidate]) -> bool {
        let mut worst = vec![0i64; self.left.len()];
        for &position in &feasible.positions {
            for (resource, amount) in amounts(&candidates[position]) {
                worst[resource] = worst[resource].max(amount);
            }
        }
        let fits = worst.iter().zip(&self.left).all(|(need, left)| need <= left);
        if !fits || feasible.expected_loss > self.loss_left {
            return false;
        }
        self.left.iter_mut().zip(worst).for_each(|(left, need)| *left -= need);
        self.loss_left -= feasible.expected_loss;
        true
    }
}

/// What a candidate uses: (position of the resource, units); its spending in ticks for each budget.
pub fn amounts(candidate: &Candidate) -> impl Iterator<Item = (usize, i64)> + '_ {
    // A candidate whose spending does not fit is refused before this, so the saturation is never seen.
    let spend = i64::from(ticks(candidate.spend).unwrap_or(i32::MAX));
    let budgets = candidate.uses.budgets.iter().map(move |&budget| (usize::from(budget), spend));
    budgets.chain(candidate.uses.units.iter().map(|&(unit, amount)| (usize::from(unit), i64::from(amount))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_uniform_over_the_feasible_and_none() {
        let mut counts = [0u32; 4];
        for i in 0..40_000 {
            counts[draw(7, &format!("c{i}"), 3)] += 1;
        }
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 16.3, "chi2 {chi2} with 3 degrees of freedom, p < 0.001");
        assert_eq!(draw(7, "c1", 3), draw(7, "c1", 3));
        assert_eq!(draw(7, "c1", 0), 0);
    }

    #[test]
    fn the_expected_loss_is_the_best_less_the_mean_of_the_draw() {
        let feasible = Feasible::new(&[(0, 300.0), (2, -60.0)]);
        assert_eq!(feasible.positions, [0, 2]);
        assert!((feasible.expected_loss - (300.0 - 80.0)).abs() < 1e-12);
        assert_eq!(Feasible::new(&[]).expected_loss, 0.0);
    }
}
