//! Value of a purchase: gamma-gamma (Fader and Hardie 2013, "The gamma-gamma model of monetary value").
//!
//! The amounts of a customer's purchases are gamma distributed (p, nu) around his own mean; nu is gamma distributed over customers
//! (q, v). The model takes amount and frequency for independent.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::history::sum_of_blocks;
use super::special::{digamma, ln_gamma};
use crate::models::algorithms::newton::{Stop, newton, with_differences};

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    /// Shape of the amounts of one customer.
    pub p: f64,
    /// Shape of the distribution over customers; above 1 the mean over customers exists.
    pub q: f64,
    /// Its rate, in units of the amounts.
    pub v: f64,
    /// The log-likelihood reached.
    pub log_likelihood: f64,
}

/// What a customer spent: number of purchases and their mean amount, both above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// Purchases.
    pub count: u32,
    /// Their mean amount.
    pub mean: f64,
}

impl GammaGamma {
    /// Fits by maximum likelihood on the logarithms of p, q - 1 and v: q stays above 1, without which no mean exists. None with fewer
    /// than two customers who spent anything.
    pub fn fit(customers: &[Spending]) -> Option<GammaGamma> {
        let mut used: Vec<Spending> = customers.iter().copied().filter(|c| c.count > 0 && c.mean > 0.0).collect();
        if used.len() < 2 {
            return None;
        }
        // One order of summing, whatever the order of the customers; and all of one count beside each other.
        used.par_sort_unstable_by(|a, b| a.count.cmp(&b.count).then(a.mean.total_cmp(&b.mean)));
        let n = used.len() as f64;
        let [sum] = sum_of_blocks(&used, |block| [block.iter().map(|customer| customer.mean).sum()]);
        let scale = sum / n;
        let rows: Vec<Row> = used.iter().map(|customer| Row::of(customer, scale)).collect();
        let mut x = [1.0, 1.0, 1.0];
        newton(&mut x, Stop { steps: 200, gradient: 1e-10 }, |x| with_differences(x, |x| loss(&rows, x)));
        let (at_last, _) = loss(&rows, &x);
        let log_likelihood = -(at_last - penalty(&x)) * n - n * scale.ln();
        Some(GammaGamma { p: x[0].exp(), q: 1.0 + x[1].exp(), v: x[2].exp() * scale, log_likelihood })
    }

    /// Expected mean amount of the customer's future purchases: own mean and mean of all, weighted by what is known. The mean of
    /// all for who has not bought again.
    pub fn expected(&self, of: Spending) -> f64 {
        let x = f64::from(of.count);
        if of.count == 0 {
            return self.mean();
        }
        (self.v + x * of.mean) * self.p / (self.p * x + self.q - 1.0)
    }

    /// Mean over all customers: p v / (q - 1).
    pub fn mean(&self) -> f64 {
        self.p * self.v / (self.q - 1.0)
    }
}

/// A customer, in units of the mean of all.
struct Row {
    count: f64,
    sum: f64,
    ln_mean: f64,
    ln_sum: f64,
}

impl Row {
    fn of(customer: &Spending, scale: f64) -> Row {
        let (count, mean) = (f64::from(customer.count), customer.mean / scale);
        Row { count, sum: count * mean, ln_mean: mean.ln(), ln_sum: (count * mean).ln() }
    }
}

/// Keeps the parameters finite where data say nothing, as when all spend the same.
const PENALTY: f64 = 1e-9;

fn penalty(x: &[f64; 3]) -> f64 {
    PENALTY * x.iter().map(|x| x * x).sum::<f64>()
}

/// Minus the mean log-likelihood at the logarithms of p, q - 1 and v, with the penalty, and its gradient.
fn loss(rows: &[Row], x: &[f64; 3]) -> (f64, [f64; 3]) {
    let [p, q, v] = [x[0].exp(), 1.0 + x[1].exp(), x[2].exp()];
    let n = rows.len() as f64;
    let [value, dp, dq, dv] = sum_of_blocks(rows, |block| {
        let (mut known, mut gammas, mut by_p, mut by_q) = (f64::NAN, 0.0, 0.0, 0.0);
        block.iter().fold([0.0; 4], |mut sum, row| {
            let px = p * row.count;
            if known != row.count {
                let both = digamma(px + q);
                (known, gammas) = (row.count, ln_gamma(px + q) - ln_gamma(px));
                (by_p, by_q) = (row.count * (both - digamma(px)), both);
            }
            let whole = v + row.sum;
            let ln_whole = whole.ln();
            sum[0] += gammas + px * row.ln_sum - row.ln_mean - (px + q) * ln_whole;
            sum[1] += by_p + row.count * (row.ln_sum - ln_whole);
            sum[2] += by_q - ln_whole;
            sum[3] -= (px + q) / whole;
            sum
        })
    });
    let value = value / n + q * v.ln() - ln_gamma(q);
    let d = [dp / n * p, (dq / n + v.ln() - digamma(q)) * (q - 1.0), dv / n * v + q];
    (penalty(x) - value, std::array::from_fn(|i| 2.0 * PENALTY * x[i] - d[i]))
}
