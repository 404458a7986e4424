//! Value of a purchase: gamma-gamma (Fader and Hardie 2013, "The gamma-gamma model of monetary value").
//!
//! The amounts of a customer's purchases are gamma distributed (p, nu) around his own mean; nu is gamma distributed over customers
//! (q, v). The model takes amount and frequency for independent.

use super::special::{digamma, ln_gamma};
use crate::models::algorithms::minimise::{Stop, minimise};

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    /// Fits by maximum likelihood on the logarithms of the parameters; None with fewer than two customers who spent anything.
    pub fn fit(customers: &[Spending]) -> Option<GammaGamma> {
        let mut used: Vec<Spending> = customers.iter().copied().filter(|c| c.count > 0 && c.mean > 0.0).collect();
        if used.len() < 2 {
            return None;
        }
        // One order of summing, whatever the order of the customers.
        used.sort_by(|a, b| a.count.cmp(&b.count).then(a.mean.total_cmp(&b.mean)));
        let n = used.len() as f64;
        let scale = used.iter().map(|customer| customer.mean).sum::<f64>() / n;
        let mut x = vec![1.0, 1.0, 1.0];
        let stop = Stop { steps: 500, gradient: 1e-9, gain: 1e-15 };
        minimise(&mut x, &[0.5, 0.5, 0.5], stop, |x, gradient| loss(&used, scale, x, gradient) / n);
        let mut unused = [0.0; 3];
        let at_last = loss(&used, scale, &x, &mut unused);
        let log_likelihood = -at_last - n * scale.ln();
        Some(GammaGamma { p: x[0].exp(), q: x[1].exp(), v: x[2].exp() * scale, log_likelihood })
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

    /// Mean over all customers: p v / (q - 1); infinite for q at most 1.
    pub fn mean(&self) -> f64 {
        if self.q > 1.0 { self.p * self.v / (self.q - 1.0) } else { f64::INFINITY }
    }
}

/// Minus the log-likelihood of means in units of `scale`, and its gradient by the logarithms of p, q and v, divided by the number of customers.
fn loss(customers: &[Spending], scale: f64, x: &[f64], gradient: &mut [f64]) -> f64 {
    let [p, q, v] = [x[0].exp(), x[1].exp(), x[2].exp()];
    let n = customers.len() as f64;
    let (mut value, mut d) = (n * (q * v.ln() - ln_gamma(q)), [0.0, n * (v.ln() - digamma(q)), n * q / v]);
    let mut by_count = (f64::NAN, 0.0, 0.0, 0.0);
    for customer in customers {
        let (count, mean) = (f64::from(customer.count), customer.mean / scale);
        let px = p * count;
        if by_count.0 != count {
            let both = digamma(px + q);
            by_count = (count, ln_gamma(px + q) - ln_gamma(px), count * (both - digamma(px)), both);
        }
        let (_, gammas, by_p, by_q) = by_count;
        let whole = v + count * mean;
        let (ln_mean, ln_count, ln_whole) = (mean.ln(), count.ln(), whole.ln());
        value += gammas + (px - 1.0) * ln_mean + px * ln_count - (px + q) * ln_whole;
        d[0] += by_p + count * (ln_mean + ln_count - ln_whole);
        d[1] += by_q - ln_whole;
        d[2] -= (px + q) / whole;
    }
    for ((g, d), parameter) in gradient.iter_mut().zip(d).zip([p, q, v]) {
        *g = -d * parameter / n;
    }
    -value
}
