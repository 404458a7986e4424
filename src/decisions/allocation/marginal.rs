//! The choice at given prices, and the customers who would change theirs at the least loss.

use rayon::prelude::*;

use super::choose::{NONE, Tariff, best_several};
use super::dual::BLOCK;
use super::problem::Problem;

/// The choice of every customer at some prices.
pub struct Choices {
    /// Positions of arms, `width` for each customer, [`NONE`] where there is none.
    pub picks: Vec<u32>,
    /// Places for each customer.
    pub width: usize,
    /// What the cheapest change of its choice loses at the prices, in ticks.
    pub margins: Vec<f64>,
}

/// Chooses for everyone.
pub fn choices(problem: &Problem, tariff: &Tariff) -> Choices {
    let width = problem.largest_limit().max(1);
    let mut picks = vec![NONE; problem.customers() * width];
    let mut margins = vec![f64::INFINITY; problem.customers()];
    let chunks = picks.par_chunks_mut(BLOCK * width).zip(margins.par_chunks_mut(BLOCK));
    chunks.enumerate().for_each(|(block, (picks, margins))| {
        for (i, (picks, margin)) in picks.chunks_mut(width).zip(margins).enumerate() {
            *margin = one(problem, tariff, block * BLOCK + i, picks);
        }
    });
    Choices { picks, width, margins }
}

fn one(problem: &Problem, tariff: &Tariff, customer: usize, picks: &mut [u32]) -> f64 {
    let row = problem.row_of(customer);
    let limit = problem.limit(customer);
    let start = problem.row(customer).start as u32;
    let best = best_several(row, tariff, limit, 0.0);
    let mut margin = f64::INFINITY;
    let count = best.iter().take_while(|pick| pick.0 != NONE).count();
    for (place, &(at, net)) in picks.iter_mut().zip(&best[..count]) {
        *place = start + at;
        margin = margin.min(net);
    }
    for at in 0..row.values.len() as u32 {
        if best[..count].iter().any(|pick| pick.0 == at) {
            continue;
        }
        let kind = row.kinds[at as usize];
        let net = tariff.net(row.key, row.values[at as usize], row.costs[at as usize], kind);
        // It replaces the one of its own offer, else fills an empty place, else replaces the worst.
        let same = best[..count].iter().find(|pick| tariff.group(row.kinds[pick.0 as usize]) == tariff.group(kind));
        let out = match same {
            Some(pick) => pick.1,
            None if count < limit => 0.0,
            None => best[..count].last().map_or(f64::INFINITY, |pick| pick.1),
        };
        margin = margin.min(out - net);
    }
    margin
}

/// The `most` customers with the smallest margins, in customer order.
pub fn marginal(margins: &[f64], most: usize) -> Vec<u32> {
    let mut ranked: Vec<(f64, u32)> = (margins.iter().zip(0u32..))
        .filter(|(margin, _)| margin.is_finite())
        .map(|(&margin, customer)| (margin, customer))
        .collect();
    if ranked.len() > most {
        // Ties are broken by position, so that the set is the same on any number of threads.
        ranked.select_nth_unstable_by(most, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ranked.truncate(most);
    }
    let mut customers: Vec<u32> = ranked.into_iter().map(|(_, customer)| customer).collect();
    customers.sort_unstable();
    customers
}
