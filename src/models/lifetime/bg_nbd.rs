//! Purchases of customers who may leave unseen: BG/NBD (Fader, Hardie and Lee 2005, Marketing Science 24, 275-284) and its
//! modification MBG/NBD, in which a customer may leave right after the first purchase too (Batislam, Denizel and Filiztekin 2007,
//! International Journal of Research in Marketing 24, 201-209).
//!
//! While alive a customer buys at a rate of his own, gamma distributed over customers (r, alpha); after each purchase he leaves with
//! a chance of his own, beta distributed (a, b).

use serde::{Deserialize, Serialize};

use super::history::{Group, Purchases, groups, sum_of_blocks};
use super::special::{digamma, hypergeometric, ln_gamma, trigamma};
use crate::models::algorithms::newton::{Bend, Stop, newton};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// After each repeat purchase (BG/NBD).
    AfterRepeat,
    /// After each purchase, the first too (MBG/NBD).
    AfterAny,
}

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BgNbd {
    /// When customers may leave.
    pub leaving: Leaving,
    /// Shape of the gamma distribution of rates.
    pub r: f64,
    /// Its rate, in units of time.
    pub alpha: f64,
    /// First parameter of the beta distribution of leaving.
    pub a: f64,
    /// Its second.
    pub b: f64,
    /// The log-likelihood reached.
    pub log_likelihood: f64,
}

/// Penalty on the squared logarithms of the parameters, for each customer: keeps them finite where data say nothing.
const PENALTY: f64 = 1e-10;

impl BgNbd {
    /// Fits by maximum likelihood on the logarithms of the parameters; None without any repeat purchase, about which nothing can be learned.
    pub fn fit(leaving: Leaving, customers: &[Purchases]) -> Option<BgNbd> {
        if customers.iter().all(|customer| customer.count == 0) {
            return None;
        }
        let groups = groups(customers);
        let n = customers.len() as f64;
        let mean_age = groups.iter().map(|group| group.customers * group.age).sum::<f64>() / n;
        let scale = mean_age.max(1e-9);
        // Time in units of the mean age: all parameters are then of the order of one.
        let scaled: Vec<Group> =
            groups.iter().map(|g| Group { last: g.last / scale, age: g.age / scale, ..*g }).collect();
        let likelihood = Likelihood::new(leaving, scaled);
        let mut x = [-0.5, -1.0, -0.3, 0.7];
        newton(&mut x, Stop { steps: 200, gradient: 1e-10 }, |x| likelihood.mean_loss(x));
        let (value, ..) = likelihood.value(x.map(f64::exp));
        let events: f64 = groups.iter().map(|g| g.customers * g.count).sum();
        let [r, alpha, a, b] = x.map(f64::exp);
        Some(BgNbd { leaving, r, alpha: alpha * scale, a, b, log_likelihood: value - events * scale.ln() })
    }

    /// Chance that the customer is still there: 1 for who never came back, under [`Leaving::AfterRepeat`].
    pub fn alive(&self, of: Purchases) -> f64 {
        1.0 / (1.0 + self.odds_of_having_left(of))
    }

    fn odds_of_having_left(&self, of: Purchases) -> f64 {
        let x = f64::from(of.count);
        let past = ((self.alpha + of.age) / (self.alpha + of.last)).powf(self.r + x);
        match self.leaving {
            Leaving::AfterRepeat if of.count == 0 => 0.0,
            Leaving::AfterRepeat => self.a / (self.b + x - 1.0) * past,
            Leaving::AfterAny => self.a / (self.b + x) * past,
        }
    }

    /// Expected purchases within `ahead` from now (equation 10 of Fader, Hardie and Lee 2005).
    pub fn expected(&self, of: Purchases, ahead: f64) -> f64 {
        let x = f64::from(of.count);
        let later = match self.leaving {
            Leaving::AfterRepeat => 0.0,
            Leaving::AfterAny => 1.0,
        };
        // The formula divides by a - 1; its limit there is reached from either side.
        let a = if (self.a - 1.0).abs() < 1e-6 { 1.0 + 1e-6 } else { self.a };
        let (shape, b, c) = (self.r + x, self.b + x + later, a + self.b + x - 1.0 + later);
        let now = self.alpha + of.age;
        let z = ahead / (now + ahead);
        let decline = (now / (now + ahead)).powf(shape) * hypergeometric(shape, b, c, z);
        c / (a - 1.0) * (1.0 - decline) / (1.0 + self.odds_of_having_left(of))
    }
}

/// The groups, with tables of what depends on the number of purchases alone.
struct Likelihood {
    leaving: Leaving,
    groups: Vec<Group>,
    /// Customers by number of purchases.
    by_count: Vec<(f64, f64)>,
    customers: f64,
}

impl Likelihood {
    fn new(leaving: Leaving, groups: Vec<Group>) -> Likelihood {
        let mut by_count: Vec<(f64, f64)> = Vec::new();
        for group in &groups {
            match by_count.last_mut() {
                Some((count, customers)) if *count == group.count => *customers += group.customers,
                _ => by_count.push((group.count, group.customers)),
            }
        }
        let customers = groups.iter().map(|group| group.customers).sum();
        Likelihood { leaving, groups, by_count, customers }
    }

    /// Minus the mean log-likelihood at the logarithms of r, alpha, a and b, with the penalty, and its derivatives.
    fn mean_loss(&self, x: &[f64; 4]) -> Bend<4> {
        let at = x.map(f64::exp);
        let (value, d, h) = self.value(at);
        let n = self.customers;
        let mut loss = -value / n;
        let (mut gradient, mut hessian) = ([0.0; 4], [[0.0; 4]; 4]);
        for i in 0..4 {
            loss += PENALTY * x[i] * x[i];
            gradient[i] = -d[i] * at[i] / n + 2.0 * PENALTY * x[i];
            for j in 0..4 {
                hessian[i][j] = -h[i][j] * at[i] * at[j] / n;
            }
            hessian[i][i] += -d[i] * at[i] / n + 2.0 * PENALTY;
        }
        (loss, gradient, hessian)
    }

    /// The log-likelihood at r, alpha, a and b, its first and its second derivatives.
    fn value(&self, at: [f64; 4]) -> Bend<4> {
        let any = f64::from(u8::from(self.leaving == Leaving::AfterAny));
        let sums = sum_of_blocks(&self.groups, |block| {
            // Groups are sorted by count: its logarithm is taken once for each count of the block.
            let (mut known, mut ln_stay) = (f64::NAN, 0.0);
            block.iter().fold([0.0; TERMS], |mut sum, group| {
                if group.count != known {
                    (known, ln_stay) = (group.count, (at[3] + group.count - 1.0 + any).ln());
                }
                add_group(&mut sum, group, at, ln_stay, any);
                sum
            })
        });
        let (mut value, mut d, mut h) = self.by_count(at, any);
        value += sums[0];
        for i in 0..4 {
            d[i] += sums[1 + i];
            for j in 0..=i {
                h[i][j] += sums[5 + i * (i + 1) / 2 + j];
                h[j][i] = h[i][j];
            }
        }
        (value, d, h)
    }

    /// The part of the log-likelihood that depends on the number of purchases alone, and its derivatives (lower half).
    fn by_count(&self, [r, alpha, a, b]: [f64; 4], any: f64) -> Bend<4> {
        let (mut value, mut d, mut h) = (0.0, [0.0; 4], [[0.0; 4]; 4]);
        let (ln_alpha, ln_gamma_r, di_r, tri_r) = (alpha.ln(), ln_gamma(r), digamma(r), trigamma(r));
        let (ln_ab, di_ab, tri_ab) = (ln_gamma(a + b), digamma(a + b), trigamma(a + b));
        let (ln_b, di_b, tri_b) = (ln_gamma(b), digamma(b), trigamma(b));
        for &(x, n) in &self.by_count {
            let stay = x + any;
            value += n * (ln_gamma(r + x) - ln_gamma_r + r * ln_alpha);
            value += n * (ln_ab + ln_gamma(b + stay) - ln_b - ln_gamma(a + b + stay));
            let (di_abx, tri_abx) = (digamma(a + b + stay), trigamma(a + b + stay));
            d[0] += n * (digamma(r + x) - di_r + ln_alpha);
            d[1] += n * r / alpha;
            d[2] += n * (di_ab - di_abx);
            d[3] += n * (di_ab + digamma(b + stay) - di_b - di_abx);
            h[0][0] += n * (trigamma(r + x) - tri_r);
            h[1][0] += n / alpha;
            h[1][1] -= n * r / (alpha * alpha);
            h[2][2] += n * (tri_ab - tri_abx);
            h[3][2] += n * (tri_ab - tri_abx);
            h[3][3] += n * (tri_ab + trigamma(b + stay) - tri_b - tri_abx);
        }
        (value, d, h)
    }
}

/// A value, four first derivatives, ten second ones.
const TERMS: usize = 15;

/// Adds what a group says beyond its number of purchases: `ln((α+T)^-(r+x) + a/b' (α+t)^-(r+x))` with b' = b + x - 1, or b + x when
/// customers leave after any purchase; who has not come back has only the first summand unless they do.
#[inline]
fn add_group(sum: &mut [f64; TERMS], group: &Group, [r, alpha, a, b]: [f64; 4], ln_stay: f64, any: f64) {
    let (n, shape) = (group.customers, r + group.count);
    let age = alpha + group.age;
    let (ln_age, over_age) = (age.ln(), 1.0 / age);
    sum[0] -= n * shape * ln_age;
    sum[1] -= n * ln_age;
    sum[2] -= n * shape * over_age;
    sum[6] -= n * over_age;
    sum[7] += n * shape * over_age * over_age;
    if group.count == 0.0 && any == 0.0 {
        return;
    }
    let last = alpha + group.last;
    let (apart, over_last) = (ln_age - last.ln(), 1.0 / last);
    let log_odds = a.ln() - ln_stay + shape * apart;
    let small = (-log_odds.abs()).exp();
    let left = if log_odds >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
    sum[0] += n * (log_odds.max(0.0) + (1.0 + small).ln());
    let stay = b + group.count - 1.0 + any;
    let slope = over_age - over_last;
    let z = [apart, shape * slope, 1.0 / a, -1.0 / stay];
    let (by_left, by_both) = (n * left, n * left * (1.0 - left));
    for i in 0..4 {
        sum[1 + i] += by_left * z[i];
        for j in 0..=i {
            sum[5 + i * (i + 1) / 2 + j] += by_both * z[i] * z[j];
        }
    }
    sum[6] += by_left * slope;
    sum[7] += by_left * shape * (over_last * over_last - over_age * over_age);
    sum[10] -= by_left / (a * a);
    sum[14] += by_left / (stay * stay);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivatives_are_those_of_the_value() {
        let groups = [(0.0, 0.0, 3.0), (1.0, 1.0, 2.0), (9.0, 1.2, 2.5)].map(|(count, last, age)| Group {
            count,
            last,
            age,
            customers: 2.0,
        });
        for leaving in [Leaving::AfterRepeat, Leaving::AfterAny] {
            let likelihood = Likelihood::new(leaving, groups.to_vec());
            let at = [0.7, 0.4, 0.6, 1.3];
            let (_, first, second) = likelihood.value(at);
            for i in 0..4 {
                let near = |step: f64| std::array::from_fn(|j| if i == j { at[j] + step } else { at[j] });
                let (above, below) = (likelihood.value(near(1e-5)), likelihood.value(near(-1e-5)));
                assert!(((above.0 - below.0) / 2e-5 - first[i]).abs() < 1e-5, "{i}");
                for (j, exact) in second[i].iter().enumerate() {
                    assert!(((above.1[j] - below.1[j]) / 2e-5 - exact).abs() < 1e-4, "{i} {j}");
                }
            }
        }
    }
}
