//! Purchases of customers who may leave at any moment: Pareto/NBD (Schmittlein, Morrison and Colombo 1987, Management Science 33, 1-24;
//! formulas as in Fader and Hardie 2005, "A note on deriving the Pareto/NBD model").
//!
//! While alive a customer buys at a rate of his own, gamma distributed over customers (r, alpha), and leaves at a rate of his own,
//! gamma distributed too (s, beta).
//!
//! The likelihood of x purchases, the last at t, in a time T is
//! `Γ(r+x)/Γ(r) α^r β^s { (α+T)^-(r+x) (β+T)^-s + s ∫_t^T (α+y)^-(r+x) (β+y)^-(s+1) dy }`.
//! The integral is usually written as a difference of hypergeometric functions, which loses digits and has no handy derivatives.
//! Here it is summed by Gauss-Legendre in the variable `((γ+y)/(γ+t))^-(r+x+s)`, with γ between α and β: the integrand is then
//! constant where α = β, and so flat elsewhere that twice eight nodes do.

use serde::{Deserialize, Serialize};

use super::history::{Group, Purchases, groups, sum_of_blocks};
use super::special::{NODES, WEIGHTS, digamma, ln_gamma};
use crate::models::algorithms::newton::{Stop, newton, with_differences};

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

/// Groups of customers that find the way to the greatest likelihood, where there are more.
const WALKERS: usize = 8_192;

impl ParetoNbd {
    /// Fits by maximum likelihood on the logarithms of the parameters; None without any repeat purchase.
    pub fn fit(customers: &[Purchases]) -> Option<ParetoNbd> {
        if customers.iter().all(|customer| customer.count == 0) {
            return None;
        }
        let groups = groups(customers);
        let n = customers.len() as f64;
        let scale = (groups.iter().map(|group| group.customers * group.age).sum::<f64>() / n).max(1e-9);
        let scaled: Vec<Group> =
            groups.iter().map(|g| Group { last: g.last / scale, age: g.age / scale, ..*g }).collect();
        let mut x = [-0.5, -1.0, -0.5, -1.0];
        // What some of the groups say is near what all say: the way is gone by few, and but its end by all.
        let some: Vec<Group> = scaled.iter().copied().step_by(scaled.len().div_ceil(WALKERS)).collect();
        if some.len() < scaled.len() {
            ParetoNbd::walk(&mut x, &some);
        }
        ParetoNbd::walk(&mut x, &scaled);
        let model = ParetoNbd::of(&x, scale);
        let [log_likelihood, ..] = model.likelihood(&groups);
        Some(ParetoNbd { log_likelihood, ..model })
    }

    /// Goes from `x`, logarithms of the parameters, to the greatest likelihood of these groups.
    fn walk(x: &mut [f64; 4], groups: &[Group]) {
        let n: f64 = groups.iter().map(|group| group.customers).sum();
        newton(x, Stop { steps: 200, gradient: 1e-9 }, |x| {
            with_differences(x, |x| {
                let model = ParetoNbd::of(x, 1.0);
                let [value, d @ ..] = model.likelihood(groups);
                let parameters = [model.r, model.alpha, model.s, model.beta];
                let gradient = std::array::from_fn(|i| -d[i] * parameters[i] / n + 2.0 * PENALTY * x[i]);
                (-value / n + PENALTY * x.iter().map(|x| x * x).sum::<f64>(), gradient)
            })
        });
    }

    fn of(x: &[f64; 4], scale: f64) -> ParetoNbd {
        let log_likelihood = 0.0;
        ParetoNbd { r: x[0].exp(), alpha: x[1].exp() * scale, s: x[2].exp(), beta: x[3].exp() * scale, log_likelihood }
    }

    /// The log-likelihood, and its derivatives by r, alpha, s and beta.
    pub(super) fn likelihood(&self, groups: &[Group]) -> [f64; 5] {
        let (ln_gamma_r, digamma_r) = (ln_gamma(self.r), digamma(self.r));
        let (ln_alpha, ln_beta) = (self.alpha.ln(), self.beta.ln());
        sum_of_blocks(groups, |block| {
            // Groups are sorted by count: what depends on it alone is computed once for each count of the block.
            let (mut known, mut gamma, mut di) = (f64::NAN, 0.0, 0.0);
            block.iter().fold([0.0; 5], |mut sum, group| {
                if group.count != known {
                    (known, gamma) = (group.count, ln_gamma(self.r + group.count) - ln_gamma_r);
                    di = digamma(self.r + group.count) - digamma_r;
                }
                let [ln_rest, dr, dalpha, ds, dbeta] = self.alive_or_left(group.count, group.last, group.age);
                let here = [
                    gamma + self.r * ln_alpha + self.s * ln_beta + ln_rest,
                    di + ln_alpha + dr,
                    self.r / self.alpha + dalpha,
                    ln_beta + ds,
                    self.s / self.beta + dbeta,
                ];
                sum.iter_mut().zip(here).for_each(|(sum, here)| *sum += group.customers * here);
                sum
            })
        })
    }

    /// ln of (alive + left), as in the braces above, and its derivatives by r, alpha, s and beta.
    fn alive_or_left(&self, count: f64, last: f64, age: f64) -> [f64; 5] {
        let (shape, s) = (self.r + count, self.s);
        let (a, b) = (self.alpha + age, self.beta + age);
        let (ln_a, ln_b) = (a.ln(), b.ln());
        let alive = -shape * ln_a - s * ln_b;
        // Everything in units of the first summand, so that nothing overflows.
        let mut sum = [1.0, -ln_a, -shape / a, -ln_b, -s / b];
        self.each_moment(shape, last, age, |y, weight| {
            let (a, b) = (self.alpha + y, self.beta + y);
            let (ln_a, ln_b) = (a.ln(), b.ln());
            let part = weight * s * (-shape * ln_a - (s + 1.0) * ln_b - alive).exp();
            sum[0] += part;
            sum[1] -= part * ln_a;
            sum[2] -= part * shape / a;
            sum[3] += part * (1.0 / s - ln_b);
            sum[4] -= part * (s + 1.0) / b;
        });
        [alive + sum[0].ln(), sum[1] / sum[0], sum[2] / sum[0], sum[3] / sum[0], sum[4] / sum[0]]
    }

    /// The nodes of the integral from `last` to `age` and their weights: two stretches of equal ratio.
    #[inline]
    fn each_moment(&self, shape: f64, last: f64, age: f64, mut take: impl FnMut(f64, f64)) {
        if age <= last {
            return;
        }
        let (power, over) = (shape + self.s, -1.0 / (shape + self.s));
        // The single pole that falls off at `y` as both together do.
        let pole = |y: f64| (power + 1.0) / (shape / (self.alpha + y) + (self.s + 1.0) / (self.beta + y)) - y;
        let first = pole(last);
        let between = ((first + last) * (first + age)).sqrt() - first;
        for (from, until) in [(last, between), (between, age)] {
            let pole = pole(from + 0.2 * (until - from));
            let from = pole + from;
            let lowest = (-power * ((pole + until) / from).ln()).exp();
            for (node, weight) in NODES.iter().zip(WEIGHTS) {
                let p = lowest + (1.0 - lowest) * node;
                let at = from * (over * p.ln()).exp();
                take(at - pole, weight * (1.0 - lowest) * at / (power * p));
            }
        }
    }

    /// Chance that the customer is still there.
    pub fn alive(&self, of: Purchases) -> f64 {
        let (shape, s) = (self.r + f64::from(of.count), self.s);
        let alive = -shape * (self.alpha + of.age).ln() - s * (self.beta + of.age).ln();
        let mut left = 0.0;
        self.each_moment(shape, of.last, of.age, |y, weight| {
            left += weight * s * (-shape * (self.alpha + y).ln() - (s + 1.0) * (self.beta + y).ln() - alive).exp();
        });
        1.0 / (1.0 + left)
    }

    /// Expected purchases within `ahead` from now.
    pub fn expected(&self, of: Purchases, ahead: f64) -> f64 {
        self.alive(of) * self.expected_of_living(of, ahead)
    }

    /// The same for a customer who is known to be there.
    pub(super) fn expected_of_living(&self, of: Purchases, ahead: f64) -> f64 {
        // The formula divides by s - 1; its limit there is reached from either side.
        let s = if (self.s - 1.0).abs() < 1e-6 { 1.0 + 1e-6 } else { self.s };
        let now = self.beta + of.age;
        let rate = (self.r + f64::from(of.count)) / (self.alpha + of.age);
        rate * now / (s - 1.0) * (1.0 - (now / (now + ahead)).powf(s - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::lifetime::special::{hypergeometric, ln_difference, ln_sum};

    /// The integral as Fader and Hardie 2005 write it: by hypergeometric functions.
    fn by_hypergeometric(model: &ParetoNbd, count: f64, last: f64, age: f64) -> f64 {
        let ParetoNbd { r, alpha, s, beta, .. } = *model;
        let power = r + s + count;
        let (larger, parameter) = if alpha >= beta { (alpha, s + 1.0) } else { (beta, r + count) };
        let term = |time: f64| {
            hypergeometric(power, parameter, power + 1.0, (alpha - beta).abs() / (larger + time)).ln()
                - power * (larger + time).ln()
        };
        let left = (s / power).ln() + ln_difference(term(last), term(age));
        ln_sum(-(r + count) * (alpha + age).ln() - s * (beta + age).ln(), left)
    }

    #[test]
    fn the_quadrature_is_the_hypergeometric_form_of_fader_and_hardie_2005() {
        for (r, alpha, s, beta) in
            [(0.55, 10.6, 0.6, 11.7), (0.3, 2.0, 0.9, 40.0), (2.0, 30.0, 0.4, 3.0), (0.8, 5.0, 3.0, 5.0)]
        {
            let model = ParetoNbd { r, alpha, s, beta, log_likelihood: 0.0 };
            for (count, last, age) in
                [(0.0, 0.0, 39.0), (1.0, 2.0, 39.0), (7.0, 30.0, 38.0), (9.0, 38.0, 39.0), (20.0, 35.0, 39.0)]
            {
                let [found, ..] = model.alive_or_left(count, last, age);
                let published = by_hypergeometric(&model, count, last, age);
                assert!((found - published).abs() < 1e-6, "{model:?} {count} {last} {age}: {found} {published}");
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let groups = [(0.0, 0.0, 3.0), (1.0, 1.0, 2.0), (9.0, 1.2, 2.5)].map(|(count, last, age)| Group {
            count,
            last,
            age,
            customers: 2.0,
        });
        let at = [0.7, 0.4, 0.6, 1.3];
        let model = |x: [f64; 4]| ParetoNbd { r: x[0], alpha: x[1], s: x[2], beta: x[3], log_likelihood: 0.0 };
        let exact = model(at).likelihood(&groups);
        for i in 0..4 {
            let [mut above, mut below] = [at; 2];
            (above[i], below[i]) = (at[i] + 1e-5, at[i] - 1e-5);
            let slope = (model(above).likelihood(&groups)[0] - model(below).likelihood(&groups)[0]) / 2e-5;
            assert!((slope - exact[i + 1]).abs() < 1e-4, "{i}: {slope} {}", exact[i + 1]);
        }
    }
}
