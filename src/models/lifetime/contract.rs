//! Contracts that end: the shifted beta-geometric model (Fader and Hardie 2007, Journal of Interactive Marketing 21, 76-90).
//!
//! At the end of each period a contract is given up with a chance of its own, beta distributed over contracts (alpha, beta). Retention
//! therefore rises with age although nobody changes: those who leave easily have left.

use serde::{Deserialize, Serialize};

use super::special::{digamma, ln_gamma};
use crate::models::algorithms::minimise::{Stop, minimise};

/// How long contracts lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// Periods it has lasted; for one that ended, the period at whose end it was given up (at least 1).
    pub periods: u32,
    /// Whether it was given up.
    pub ended: bool,
}

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BetaGeometric {
    /// First parameter of the beta distribution of the chance of being given up.
    pub alpha: f64,
    /// Its second.
    pub beta: f64,
    /// The log-likelihood reached.
    pub log_likelihood: f64,
}

impl BetaGeometric {
    /// Fits by maximum likelihood; None unless some contracts ended and some period was survived.
    pub fn fit(contracts: &[Contract]) -> Option<BetaGeometric> {
        let longest = contracts.iter().map(|contract| contract.periods).max()? as usize;
        let (mut ended, mut open) = (vec![0.0; longest + 1], vec![0.0; longest + 1]);
        for contract in contracts {
            let of = if contract.ended { &mut ended } else { &mut open };
            of[contract.periods as usize] += 1.0;
        }
        let any_ended: f64 = ended[1..].iter().sum();
        let any_survived = open[1..].iter().sum::<f64>() + ended.iter().skip(2).sum::<f64>();
        if any_ended == 0.0 || any_survived == 0.0 {
            return None;
        }
        let n = contracts.len() as f64;
        let mut x = vec![0.0, 0.0];
        let stop = Stop { steps: 500, gradient: 1e-10, gain: 1e-15 };
        let value = minimise(&mut x, &[0.2, 0.2], stop, |x, gradient| {
            let (value, d) = ln_likelihood(x[0].exp(), x[1].exp(), &ended, &open);
            for ((g, d), x) in gradient.iter_mut().zip(d).zip(x) {
                *g = -d * x.exp() / n;
            }
            -value / n
        });
        Some(BetaGeometric { alpha: x[0].exp(), beta: x[1].exp(), log_likelihood: -value * n })
    }

    /// Chance that a new contract lasts longer than so many periods.
    pub fn survival(&self, periods: u32) -> f64 {
        ln_survival(self.alpha, self.beta, f64::from(periods)).exp()
    }

    /// Chance that a contract which has lasted `periods` lasts one more: (beta + periods) / (alpha + beta + periods).
    pub fn retention(&self, periods: u32) -> f64 {
        let age = f64::from(periods);
        (self.beta + age) / (self.alpha + self.beta + age)
    }

    /// Expected discounted number of payments within `ahead` periods of a contract that has just been paid for the period after `periods`, the
    /// next payment being a period away; `discount` is the rate of one period.
    pub fn discounted_periods(&self, periods: u32, ahead: u32, discount: f64) -> f64 {
        let (mut alive, mut sum, mut worth) = (1.0, 0.0, 1.0);
        for step in 0..ahead {
            alive *= self.retention(periods + step);
            worth /= 1.0 + discount;
            sum += alive * worth;
        }
        sum
    }
}

/// ln S(t) = ln B(alpha, beta + t) - ln B(alpha, beta).
fn ln_survival(alpha: f64, beta: f64, t: f64) -> f64 {
    ln_gamma(beta + t) - ln_gamma(alpha + beta + t) + ln_gamma(alpha + beta) - ln_gamma(beta)
}

/// The log-likelihood of contracts by their number of periods, and its derivatives.
fn ln_likelihood(alpha: f64, beta: f64, ended: &[f64], open: &[f64]) -> (f64, [f64; 2]) {
    let (mut value, mut d) = (0.0, [0.0; 2]);
    for (t, (&ended, &open)) in ended.iter().zip(open).enumerate() {
        let t = t as f64;
        if open > 0.0 {
            value += open * ln_survival(alpha, beta, t);
            let (whole, apart) = (digamma(alpha + beta), digamma(alpha + beta + t));
            d[0] += open * (whole - apart);
            d[1] += open * (digamma(beta + t) - apart + whole - digamma(beta));
        }
        if ended > 0.0 {
            // P(T = t) = B(alpha + 1, beta + t - 1) / B(alpha, beta) = S(t - 1) alpha / (alpha + beta + t - 1)
            let before = t - 1.0;
            value += ended * (ln_survival(alpha, beta, before) + (alpha / (alpha + beta + before)).ln());
            let (whole, apart) = (digamma(alpha + beta), digamma(alpha + beta + before));
            let over = 1.0 / (alpha + beta + before);
            d[0] += ended * (whole - apart + 1.0 / alpha - over);
            d[1] += ended * (digamma(beta + before) - apart + whole - digamma(beta) - over);
        }
    }
    (value, d)
}
