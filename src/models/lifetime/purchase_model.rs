//! Any of the purchase models, and what it says of the future of one customer.

use serde::{Deserialize, Serialize};

use super::history::Purchases;
use super::special::{NODES, WEIGHTS};
use super::{BgNbd, Leaving, ParetoNbd};

/// Which purchase model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseKind {
    /// BG/NBD.
    BgNbd,
    /// MBG/NBD.
    MbgNbd,
    /// Pareto/NBD.
    ParetoNbd,
}

impl PurchaseKind {
    /// As it stands in specs and figures.
    pub fn as_str(self) -> &'static str {
        match self {
            PurchaseKind::BgNbd => "bg_nbd",
            PurchaseKind::MbgNbd => "mbg_nbd",
            PurchaseKind::ParetoNbd => "pareto_nbd",
        }
    }

    /// Fits this model; None without any repeat purchase.
    pub fn fit(self, customers: &[Purchases]) -> Option<PurchaseModel> {
        match self {
            PurchaseKind::BgNbd => BgNbd::fit(Leaving::AfterRepeat, customers).map(PurchaseModel::BgNbd),
            PurchaseKind::MbgNbd => BgNbd::fit(Leaving::AfterAny, customers).map(PurchaseModel::MbgNbd),
            PurchaseKind::ParetoNbd => ParetoNbd::fit(customers).map(PurchaseModel::ParetoNbd),
        }
    }
}

/// A fitted purchase model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseModel {
    /// BG/NBD.
    BgNbd(BgNbd),
    /// MBG/NBD.
    MbgNbd(BgNbd),
    /// Pareto/NBD.
    ParetoNbd(ParetoNbd),
}

impl PurchaseModel {
    /// Which one it is.
    pub fn kind(&self) -> PurchaseKind {
        match self {
            PurchaseModel::BgNbd(_) => PurchaseKind::BgNbd,
            PurchaseModel::MbgNbd(_) => PurchaseKind::MbgNbd,
            PurchaseModel::ParetoNbd(_) => PurchaseKind::ParetoNbd,
        }
    }

    /// Its parameters by name.
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        match self {
            PurchaseModel::BgNbd(m) | PurchaseModel::MbgNbd(m) => {
                vec![("r", m.r), ("alpha", m.alpha), ("a", m.a), ("b", m.b)]
            }
            PurchaseModel::ParetoNbd(m) => vec![("r", m.r), ("alpha", m.alpha), ("s", m.s), ("beta", m.beta)],
        }
    }

    /// The log-likelihood reached.
    pub fn log_likelihood(&self) -> f64 {
        match self {
            PurchaseModel::BgNbd(m) | PurchaseModel::MbgNbd(m) => m.log_likelihood,
            PurchaseModel::ParetoNbd(m) => m.log_likelihood,
        }
    }

    /// Chance that the customer is still there. It must not rank customers: BG/NBD says 1 for everybody who bought once.
    pub fn alive(&self, of: Purchases) -> f64 {
        match self {
            PurchaseModel::BgNbd(m) | PurchaseModel::MbgNbd(m) => m.alive(of),
            PurchaseModel::ParetoNbd(m) => m.alive(of),
        }
    }

    /// Shape and rate of the gamma distribution of the customer's own purchase rate, given that he is there.
    pub fn rate(&self, of: Purchases) -> (f64, f64) {
        let x = f64::from(of.count);
        match self {
            PurchaseModel::BgNbd(m) | PurchaseModel::MbgNbd(m) => (m.r + x, m.alpha + of.age),
            PurchaseModel::ParetoNbd(m) => (m.r + x, m.alpha + of.age),
        }
    }

    /// Expected purchases within `ahead`, and the chances of at least 1, 2, 3, ... of them.
    pub fn ahead(&self, of: Purchases, ahead: f64) -> Ahead {
        let mut tails = Vec::new();
        self.tails(of, self.alive(of), ahead, &mut tails);
        let expected = tails.iter().sum();
        Ahead { expected, at_least: tails }
    }

    /// Fills `tails` with P(N >= 1), P(N >= 2), ... of the purchases N within `ahead`.
    ///
    /// Given that the customer is there, his rate is gamma distributed and independent of his leaving, which is beta distributed (a, b + x)
    /// for BG/NBD and (a, b + x + 1) for MBG/NBD. He makes n purchases if as many fall into the time and he has not left after any of the
    /// n - 1 before: `P(N >= n) = P(alive) P(K >= n) B(a, b' + n - 1) / B(a, b')`, K negative binomial. Their sum is equation 10 of Fader,
    /// Hardie and Lee (2005). For Pareto/NBD the time is cut short by leaving, whose moment is Pareto distributed (s, β + T).
    pub fn tails(&self, of: Purchases, alive: f64, ahead: f64, tails: &mut Vec<f64>) {
        tails.clear();
        if ahead <= 0.0 {
            return;
        }
        let (shape, rate) = self.rate(of);
        let x = f64::from(of.count);
        match self {
            PurchaseModel::BgNbd(m) | PurchaseModel::MbgNbd(m) => {
                let b = m.b + x + f64::from(u8::from(m.leaving == Leaving::AfterAny));
                counts(shape, rate, ahead, alive, NEGLIGIBLE, tails);
                let mut stays = 1.0;
                for (n, tail) in tails.iter_mut().enumerate() {
                    *tail *= stays;
                    stays *= (b + n as f64) / (m.a + b + n as f64);
                }
            }
            PurchaseModel::ParetoNbd(m) => {
                let now = m.beta + of.age;
                let stays = (now / (now + ahead)).powf(m.s);
                counts(shape, rate, ahead, alive * stays, UNSEEN, tails);
                // Those who leave within the time do so at moments of equal chance.
                for (node, weight) in NODES.iter().zip(WEIGHTS) {
                    let left = 1.0 - node * (1.0 - stays);
                    let until = now * (left.powf(-1.0 / m.s) - 1.0);
                    counts(shape, rate, until, alive * weight * (1.0 - stays), UNSEEN, tails);
                }
            }
        }
    }

    /// Expected purchases within `ahead` by the closed formula.
    pub fn expected(&self, of: Purchases, ahead: f64) -> f64 {
        match self {
            PurchaseModel::BgNbd(m) | PurchaseModel::MbgNbd(m) => m.expected(of, ahead),
            PurchaseModel::ParetoNbd(m) => m.expected(of, ahead),
        }
    }
}

/// Purchases within some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Ahead {
    /// How many are expected.
    pub expected: f64,
    /// Chance of at least 1, at least 2, ...
    pub at_least: Vec<f64>,
}

/// A chance below which further purchases are not looked at.
const NEGLIGIBLE: f64 = 1e-8;
/// The same where the sum of the chances is not needed, because the expectation has a formula of its own.
const UNSEEN: f64 = 2e-5;
/// Purchases that are looked at, at most.
const MOST: usize = 5_000;

/// Adds `weight` times the chances of at least 1, 2, ... events of a Poisson process within `time` whose rate is gamma distributed
/// (shape, rate): the negative binomial distribution, by its recurrence.
fn counts(shape: f64, rate: f64, time: f64, weight: f64, negligible: f64, tails: &mut Vec<f64>) {
    let q = time / (rate + time);
    // Below the smallest number the recurrence would stay at zero.
    let mut mass = (shape * (rate / (rate + time)).ln()).max(-700.0).exp();
    let mut tail = 1.0 - mass;
    let mean = shape * time / rate;
    for n in 0..MOST {
        if tail <= negligible && (n as f64) >= mean {
            return;
        }
        match tails.get_mut(n) {
            Some(known) => *known += weight * tail,
            None => tails.push(weight * tail),
        }
        mass *= (shape + n as f64) / (n as f64 + 1.0) * q;
        tail = (tail - mass).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> [PurchaseModel; 3] {
        let bg = BgNbd {
            leaving: Leaving::AfterRepeat,
            r: 0.2426,
            alpha: 4.4136,
            a: 0.7929,
            b: 2.4259,
            log_likelihood: 0.0,
        };
        [
            PurchaseModel::BgNbd(bg),
            PurchaseModel::MbgNbd(BgNbd { leaving: Leaving::AfterAny, ..bg }),
            PurchaseModel::ParetoNbd(ParetoNbd { r: 0.55, alpha: 10.6, s: 0.6, beta: 11.7, log_likelihood: 0.0 }),
        ]
    }

    #[test]
    fn chances_of_counts_sum_to_the_expectation_of_the_papers() {
        for model in models() {
            for (count, last, age) in [(0, 0.0, 30.0), (2, 30.4, 38.9), (11, 12.0, 38.9), (26, 38.0, 39.0)] {
                let of = Purchases { count, last, age };
                for ahead in [0.5, 13.0, 39.0, 156.0] {
                    let (found, published) = (model.ahead(of, ahead).expected, model.expected(of, ahead));
                    let cut = if model.kind() == PurchaseKind::ParetoNbd { 2e-4 } else { 1e-6 };
                    let tolerance = cut + 5e-4 * published;
                    assert!((found - published).abs() < tolerance, "{model:?} {of:?} {ahead}: {found} {published}");
                }
            }
        }
    }

    #[test]
    fn more_purchases_are_less_likely_and_more_time_brings_more() {
        let of = Purchases { count: 5, last: 30.0, age: 39.0 };
        for model in models() {
            let (short, long) = (model.ahead(of, 10.0), model.ahead(of, 50.0));
            assert!(short.at_least.windows(2).all(|pair| pair[0] >= pair[1]));
            assert!(short.expected < long.expected && long.at_least[0] <= model.alive(of));
        }
    }
}
