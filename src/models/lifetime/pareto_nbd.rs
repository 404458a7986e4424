//! Purchases of customers who may leave at any moment: Pareto/NBD (Schmittlein, Morrison and Colombo 1987, Management Science 33, 1-24;
//! formulas as in Fader and Hardie 2005, "A note on deriving the Pareto/NBD model").
//!
//! While alive a customer buys at a rate of his own, gamma distributed over customers (r, alpha), and leaves at a rate of his own,
//! gamma distributed too (s, beta).

use super::history::{Group, Purchases, groups};
use super::special::{hypergeometric, ln_difference, ln_gamma, ln_sum};
use crate::models::algorithms::minimise::{Stop, minimise};

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoNbd {
    /// Shape of the gamma distribution of purchase rates.
    pub r: f64,
    /// Its rate, in units of time.
    pub alpha: f64,
    /// Shape of the gamma distribution of leaving rates.
    pub s: f64,
    /// Its rate, in units of time.
    pub beta: f64,
    /// The log-likelihood reached.
    pub log_likelihood: f64,
}

/// Penalty on the squared logarithms of the parameters, for each customer: keeps them finite where data say nothing.
const PENALTY: f64 = 1e-10;
/// Step of the differences that stand for the gradient.
const STEP: f64 = 1e-5;

impl ParetoNbd {
    /// Fits by maximum likelihood on the logarithms of the parameters; None without any repeat purchase.
    pub fn fit(customers: &[Purchases]) -> Option<ParetoNbd> {
        if customers.iter().all(|customer| customer.count == 0) {
            return None;
        }
        let groups = groups(customers);
        let n = customers.len() as f64;
        let scale = (customers.iter().map(|customer| customer.age).sum::<f64>() / n).max(1e-9);
        let scaled: Vec<Group> =
            groups.iter().map(|g| Group { last: g.last / scale, age: g.age / scale, ..*g }).collect();
        let loss = |x: &[f64]| {
            let model = ParetoNbd::of(x, 1.0);
            let sum: f64 = scaled.iter().map(|group| group.customers * model.ln_likelihood(group)).sum();
            -sum / n + PENALTY * x.iter().map(|x| x * x).sum::<f64>()
        };
        let mut x = vec![-0.5, -1.0, -0.5, -1.0];
        let stop = Stop { steps: 300, gradient: 1e-7, gain: 1e-13 };
        minimise(&mut x, &[0.2, 0.2, 0.1, 0.1], stop, |x, gradient| {
            let mut near = x.to_vec();
            for i in 0..x.len() {
                near[i] = x[i] + STEP;
                let above = loss(&near);
                near[i] = x[i] - STEP;
                gradient[i] = (above - loss(&near)) / (2.0 * STEP);
                near[i] = x[i];
            }
            loss(x)
        });
        let model = ParetoNbd::of(&x, scale);
        let log_likelihood = groups.iter().map(|group| group.customers * model.ln_likelihood(group)).sum();
        Some(ParetoNbd { log_likelihood, ..model })
    }

    fn of(x: &[f64], scale: f64) -> ParetoNbd {
        let log_likelihood = 0.0;
        ParetoNbd { r: x[0].exp(), alpha: x[1].exp() * scale, s: x[2].exp(), beta: x[3].exp() * scale, log_likelihood }
    }

    fn ln_likelihood(&self, of: &Group) -> f64 {
        let (r, alpha, s, beta) = (self.r, self.alpha, self.s, self.beta);
        let shape = r + of.count;
        let alive = -shape * (alpha + of.age).ln() - s * (beta + of.age).ln();
        ln_gamma(shape) - ln_gamma(r) + r * alpha.ln() + s * beta.ln() + ln_sum(alive, self.ln_left(of))
    }

    /// ln of s / (r + s + x) A0: the weight of all the moments between the last purchase and now at which the customer can have left.
    fn ln_left(&self, of: &Group) -> f64 {
        let (r, alpha, s, beta) = (self.r, self.alpha, self.s, self.beta);
        if of.age <= of.last {
            return f64::NEG_INFINITY;
        }
        let power = r + s + of.count;
        let (larger, parameter) = if alpha >= beta { (alpha, s + 1.0) } else { (beta, r + of.count) };
        let apart = (alpha - beta).abs();
        let term = |time: f64| {
            hypergeometric(power, parameter, power + 1.0, apart / (larger + time)).ln() - power * (larger + time).ln()
        };
        (s / power).ln() + ln_difference(term(of.last), term(of.age))
    }

    /// Chance that the customer is still there.
    pub fn alive(&self, of: Purchases) -> f64 {
        let group = Group { count: f64::from(of.count), last: of.last, age: of.age, customers: 1.0 };
        let alive = -(self.r + group.count) * (self.alpha + of.age).ln() - self.s * (self.beta + of.age).ln();
        1.0 / (1.0 + (self.ln_left(&group) - alive).exp())
    }

    /// Expected purchases within `ahead` from now.
    pub fn expected(&self, of: Purchases, ahead: f64) -> f64 {
        // The formula divides by s - 1; its limit there is reached from either side.
        let s = if (self.s - 1.0).abs() < 1e-6 { 1.0 + 1e-6 } else { self.s };
        let now = self.beta + of.age;
        let rate = (self.r + f64::from(of.count)) / (self.alpha + of.age);
        self.alive(of) * rate * now / (s - 1.0) * (1.0 - (now / (now + ahead)).powf(s - 1.0))
    }
}
