//! Purchases of customers who may leave unseen: BG/NBD (Fader, Hardie and Lee 2005, Marketing Science 24, 275-284) and its
//! modification MBG/NBD, in which a customer may leave right after the first purchase too (Batislam, Denizel and Filiztekin 2007,
//! International Journal of Research in Marketing 24, 201-209).
//!
//! While alive a customer buys at a rate of his own, gamma distributed over customers (r, alpha); after each purchase he leaves with
//! a chance of his own, beta distributed (a, b).

use super::history::{Group, Purchases, groups};
use super::special::{digamma, hypergeometric, ln_gamma};
use crate::models::algorithms::minimise::{Stop, minimise};
use crate::models::algorithms::sigmoid;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// After each repeat purchase (BG/NBD).
    AfterRepeat,
    /// After each purchase, the first too (MBG/NBD).
    AfterAny,
}

/// A fitted model.
#[derive(Debug, Clone, Copy, PartialEq)]
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
        let mean_age = customers.iter().map(|customer| customer.age).sum::<f64>() / n;
        let scale = mean_age.max(1e-9);
        // Time in units of the mean age: all parameters are then of the order of one.
        let scaled: Vec<Group> =
            groups.iter().map(|g| Group { last: g.last / scale, age: g.age / scale, ..*g }).collect();
        let likelihood = Likelihood::new(leaving, scaled);
        let mut x = vec![-0.5, -1.0, -0.3, 0.7];
        let stop = Stop { steps: 300, gradient: 1e-9, gain: 1e-15 };
        minimise(&mut x, &[0.2, 0.2, 0.1, 0.1], stop, |x, gradient| likelihood.mean_loss(x, gradient));
        let mut unused = [0.0; 4];
        let loss = likelihood.loss(&x, &mut unused);
        let events: f64 = groups.iter().map(|g| g.customers * g.count).sum();
        let [r, alpha, a, b] = [x[0].exp(), x[1].exp() * scale, x[2].exp(), x[3].exp()];
        Some(BgNbd { leaving, r, alpha, a, b, log_likelihood: -loss - events * scale.ln() })
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

    fn mean_loss(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let mut loss = self.loss(x, gradient) / self.customers;
        for (g, x) in gradient.iter_mut().zip(x) {
            *g = *g / self.customers + 2.0 * PENALTY * x;
            loss += PENALTY * x * x;
        }
        loss
    }

    /// Minus the log-likelihood at the logarithms of r, alpha, a and b, and its gradient.
    fn loss(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let [r, alpha, a, b] = [x[0].exp(), x[1].exp(), x[2].exp(), x[3].exp()];
        let (mut value, mut d) = self.by_count(r, alpha, a, b);
        let any = f64::from(u8::from(self.leaving == Leaving::AfterAny));
        let ln_a = a.ln();
        for group in &self.groups {
            let shape = r + group.count;
            let (age, last) = (alpha + group.age, alpha + group.last);
            let ln_age = age.ln();
            if group.count == 0.0 && any == 0.0 {
                value -= group.customers * shape * ln_age;
                d[0] -= group.customers * ln_age;
                d[1] -= group.customers * shape / age;
                continue;
            }
            // Alive: b' ; left after the last purchase: a (age / last)^shape; b' = b + x - 1, or b + x when leaving after any.
            let stay = b + group.count - 1.0 + any;
            let ln_last = last.ln();
            let log_odds = ln_a - stay.ln() + shape * (ln_age - ln_last);
            let left = sigmoid(log_odds);
            value += group.customers * (-shape * ln_age + log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p());
            d[0] += group.customers * (-ln_age + left * (ln_age - ln_last));
            d[1] += group.customers * (-shape / age + left * shape * (1.0 / age - 1.0 / last));
            d[2] += group.customers * left / a;
            d[3] -= group.customers * left / stay;
        }
        for ((g, d), parameter) in gradient.iter_mut().zip(d).zip([r, alpha, a, b]) {
            *g = -d * parameter;
        }
        -value
    }

    /// The part of the log-likelihood that depends on the number of purchases alone, and its derivatives.
    fn by_count(&self, r: f64, alpha: f64, a: f64, b: f64) -> (f64, [f64; 4]) {
        let any = f64::from(u8::from(self.leaving == Leaving::AfterAny));
        let (mut value, mut d) = (0.0, [0.0; 4]);
        let (ln_gamma_r, digamma_r) = (ln_gamma(r), digamma(r));
        let (ln_ab, di_ab, ln_b, di_b) = (ln_gamma(a + b), digamma(a + b), ln_gamma(b), digamma(b));
        for &(x, n) in &self.by_count {
            let stay = x + any;
            value += n * (ln_gamma(r + x) - ln_gamma_r + r * alpha.ln());
            value += n * (ln_ab + ln_gamma(b + stay) - ln_b - ln_gamma(a + b + stay));
            d[0] += n * (digamma(r + x) - digamma_r + alpha.ln());
            d[1] += n * r / alpha;
            let di_abx = digamma(a + b + stay);
            d[2] += n * (di_ab - di_abx);
            d[3] += n * (di_ab + digamma(b + stay) - di_b - di_abx);
        }
        (value, d)
    }
}
