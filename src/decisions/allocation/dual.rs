//! The dual function at given prices: one pass over all customers.

use rayon::prelude::*;

use super::choose::{NONE, Row, Tariff, best, best_several};
use super::problem::Problem;

/// Customers in a block: the unit of parallel work and of float sums.
pub const BLOCK: usize = 8_192;

/// The dual function and what the choice at these prices uses.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// `D(price)`, in ticks, of the jittered values.
    pub dual: f64,
    /// Units of each resource that the choice uses.
    pub used: Vec<i64>,
    /// True value of the choice, in ticks.
    pub value: i64,
}

#[derive(Default)]
struct BlockSum {
    net: f64,
    value: i64,
    /// Arms chosen of each kind, and their cost.
    kinds: Vec<(i64, i64)>,
}

impl Problem {
    /// A customer's arms.
    pub(super) fn row_of(&self, customer: usize) -> Row<'_> {
        let row = self.row(customer);
        Row {
            key: self.key(customer),
            values: &self.values[row.clone()],
            costs: &self.costs[row.clone()],
            kinds: &self.kind_of[row],
        }
    }
}

/// Evaluates the dual function. The result does not depend on the number of threads.
pub fn evaluate(problem: &Problem, prices: &[f64], jitter: f64) -> Evaluation {
    let tariff = Tariff::new(problem.kinds(), prices, jitter);
    let blocks = problem.customers().div_ceil(BLOCK);
    let sums: Vec<BlockSum> = (0..blocks).into_par_iter().map(|block| sum(problem, &tariff, block)).collect();
    let mut evaluation = Evaluation { dual: 0.0, used: vec![0; prices.len()], value: 0 };
    for block in sums {
        evaluation.dual += block.net;
        evaluation.value += block.value;
        for (kind, (count, cost)) in problem.kinds().iter().zip(block.kinds) {
            kind.budgets.iter().for_each(|&budget| evaluation.used[usize::from(budget)] += cost);
            kind.units.iter().for_each(|&(unit, n)| evaluation.used[usize::from(unit)] += count * i64::from(n));
        }
    }
    for (price, &capacity) in prices.iter().zip(problem.capacities()) {
        evaluation.dual += price * capacity as f64;
    }
    evaluation
}

fn sum(problem: &Problem, tariff: &Tariff, block: usize) -> BlockSum {
    let mut sum = BlockSum { kinds: vec![(0, 0); problem.kinds().len()], ..BlockSum::default() };
    let mut add = |row: Row, (at, net): (u32, f64)| {
        let at = at as usize;
        sum.net += net;
        sum.value += i64::from(row.values[at]);
        let (count, cost) = &mut sum.kinds[usize::from(row.kinds[at])];
        *count += 1;
        *cost += i64::from(row.costs[at]);
    };
    for customer in block * BLOCK..((block + 1) * BLOCK).min(problem.customers()) {
        let row = problem.row_of(customer);
        match problem.limit(customer) {
            0 => {}
            1 => {
                let pick = best(row, tariff, 0.0);
                if pick.0 != NONE {
                    add(row, pick);
                }
            }
            limit => {
                let picks = best_several(row, tariff, limit, 0.0);
                picks.iter().take_while(|pick| pick.0 != NONE).for_each(|&pick| add(row, pick));
            }
        }
    }
    sum
}

/// The proven bound at these prices, in ticks: `D` of the true values, plus more than all rounding in it can amount to.
///
/// Each term is at most a few units in the last place off, and a sum of n positive terms at most n; blocks make n at most
/// `BLOCK + blocks`.
pub fn bound(problem: &Problem, prices: &[f64]) -> f64 {
    let at = evaluate(problem, prices, 0.0);
    let terms = (BLOCK + problem.customers() / BLOCK + 64 + prices.len()) as f64;
    at.dual + (at.dual.abs() + at.value as f64) * terms * f64::EPSILON
}
