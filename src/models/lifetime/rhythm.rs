//! The date of the next purchase: by the purchase model alone, to which purchases come at any moment alike, or by the customer's own
//! rhythm, which knows that they keep a distance.
//!
//! Rhythm: the gaps between a customer's purchases are gamma distributed (k, ρ), k being how regular purchases are (1: not at all) and ρ
//! the customer's own, gamma distributed over customers (q, v). The next gap of a customer with n gaps that took a time t is then
//! `(v + t) Y`, Y beta prime distributed (k, q + k n), and longer than what has already passed (compare the condensed purchases of
//! Chatfield and Goodhardt 1973, Journal of Marketing Research 10, 59-68, and the regularity of Wheat and Morrison 1990, 27, 87-93).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::PurchaseModel;
use super::history::{Purchases, sum_of_blocks};
use super::special::{digamma, ln_gamma};
use crate::models::algorithms::newton::{Stop, newton, with_differences};

/// What the date of the next purchase is foretold by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextKind {
    /// The purchase model.
    PurchaseModel,
    /// The customer's own rhythm.
    Rhythm,
}

/// The gaps between a customer's purchases.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gaps {
    /// How many.
    pub count: u32,
    /// Their sum.
    pub sum: f64,
    /// The sum of their logarithms.
    pub ln_sum: f64,
}

/// How regular purchases are, and how customers differ in their pace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Shape of a customer's gaps; 1 when purchases come at any moment alike.
    pub k: f64,
    /// Shape of the distribution of paces.
    pub q: f64,
    /// Its rate, in units of time.
    pub v: f64,
    /// The log-likelihood reached.
    pub log_likelihood: f64,
}

/// Keeps the parameters finite where data say nothing.
const PENALTY: f64 = 1e-6;

impl Rhythm {
    /// Fits by maximum likelihood on the gaps that are complete; None unless ten customers have bought again.
    pub fn fit(customers: &[Gaps]) -> Option<Rhythm> {
        let mut used: Vec<Gaps> = customers.iter().copied().filter(|of| of.count > 0 && of.sum > 0.0).collect();
        if used.len() < 10 {
            return None;
        }
        let order = |a: &Gaps, b: &Gaps| a.count.cmp(&b.count).then(a.sum.total_cmp(&b.sum));
        used.sort_unstable_by(|a, b| order(a, b).then(a.ln_sum.total_cmp(&b.ln_sum)));
        let [gaps, time] = sum_of_blocks(&used, |block| {
            block.iter().fold([0.0; 2], |[gaps, time], of| [gaps + f64::from(of.count), time + of.sum])
        });
        let scale = time / gaps;
        let scaled = used.iter().map(|of| Gaps {
            sum: of.sum / scale,
            ln_sum: of.ln_sum - f64::from(of.count) * scale.ln(),
            ..*of
        });
        let scaled: Vec<Gaps> = scaled.collect();
        let mut x = [0.3, 0.5, 0.5];
        let mean_loss = |x: &[f64; 3]| {
            let (value, d) = ln_likelihood(&scaled, x.map(f64::exp));
            let gradient = std::array::from_fn(|i| 2.0 * PENALTY * x[i] - d[i] * x[i].exp() / gaps);
            (PENALTY * x.iter().map(|x| x * x).sum::<f64>() - value / gaps, gradient)
        };
        newton(&mut x, Stop { steps: 100, gradient: 1e-9 }, |x| with_differences(x, mean_loss));
        let at = x.map(f64::exp);
        let log_likelihood = ln_likelihood(&scaled, at).0 - gaps * scale.ln();
        Some(Rhythm { k: at[0], q: at[1], v: at[2] * scale, log_likelihood })
    }
}

/// Of gaps g given k, q and v, by customer:
/// `ln Γ(q + k n) - ln Γ(q) + q ln v - (q + k n) ln(v + Σg) + (k - 1) Σ ln g - n ln Γ(k)`; and its derivatives.
fn ln_likelihood(customers: &[Gaps], [k, q, v]: [f64; 3]) -> (f64, [f64; 3]) {
    let (ln_gamma_k, di_k) = (ln_gamma(k), digamma(k));
    let [value, dk, dq, dv] = sum_of_blocks(customers, |block| {
        let (mut known, mut gamma, mut di) = (0, 0.0, 0.0);
        block.iter().fold([0.0; 4], |mut sum, of| {
            let n = f64::from(of.count);
            if of.count != known {
                (known, gamma, di) = (of.count, ln_gamma(q + k * n), digamma(q + k * n));
            }
            let whole = v + of.sum;
            let ln_whole = whole.ln();
            sum[0] += gamma - (q + k * n) * ln_whole + (k - 1.0) * of.ln_sum - n * ln_gamma_k;
            sum[1] += n * (di - ln_whole - di_k) + of.ln_sum;
            sum[2] += di - ln_whole;
            sum[3] -= (q + k * n) / whole;
            sum
        })
    });
    let n = customers.len() as f64;
    (value + n * (q * v.ln() - ln_gamma(q)), [dk, dq + n * (v.ln() - digamma(q)), dv + n * q / v])
}

/// Foretells dates. Times are counted from now, in the unit of the purchases.
pub struct NextPurchase {
    model: PurchaseModel,
    rhythm: Option<(Rhythm, BTreeMap<u32, Table>)>,
}

impl NextPurchase {
    /// For these customers, by `kind`; by the purchase model where there is no rhythm.
    pub fn new<'a>(
        kind: NextKind,
        model: PurchaseModel,
        rhythm: Option<Rhythm>,
        customers: impl Iterator<Item = &'a Purchases>,
    ) -> NextPurchase {
        let rhythm = rhythm.filter(|_| kind == NextKind::Rhythm).map(|rhythm| {
            let mut tables = BTreeMap::new();
            for of in customers {
                let count = of.count.min(MOST_GAPS);
                tables.entry(count).or_insert_with(|| Table::new(rhythm.k, rhythm.q + rhythm.k * f64::from(count)));
            }
            (rhythm, tables)
        });
        NextPurchase { model, rhythm }
    }

    /// The quantiles of the time until the next purchase, given that it comes within `horizon`. `levels` rise.
    pub fn quantiles<const N: usize>(&self, of: Purchases, horizon: f64, levels: [f64; N]) -> [f64; N] {
        if let Some((rhythm, tables)) = &self.rhythm
            && let Some(table) = tables.get(&of.count.min(MOST_GAPS))
        {
            return by_rhythm(rhythm, table, of, horizon, levels);
        }
        match &self.model {
            PurchaseModel::BgNbd(_) | PurchaseModel::MbgNbd(_) => {
                let (shape, rate) = self.model.rate(of);
                let within = 1.0 - (rate / (rate + horizon)).powf(shape);
                levels.map(|level| rate * ((1.0 - level * within).powf(-1.0 / shape) - 1.0))
            }
            PurchaseModel::ParetoNbd(m) => {
                let (shape, rate) = self.model.rate(of);
                let now = m.beta + of.age;
                // Density of the first purchase before leaving, up to a factor.
                let density = |u: f64| (-(shape + 1.0) * (rate + u).ln() - m.s * (now + u).ln()).exp();
                by_density(density, (rate / shape).min(horizon), horizon, levels)
            }
        }
    }
}

/// Gaps beyond which a customer's rhythm is known: more do not narrow it further in the table.
const MOST_GAPS: u32 = 250;

fn by_rhythm<const N: usize>(
    rhythm: &Rhythm,
    table: &Table,
    of: Purchases,
    horizon: f64,
    levels: [f64; N],
) -> [f64; N] {
    let scale = rhythm.v + of.last.max(0.0);
    // Beyond the largest table the distribution is taken at the same mean rate.
    let scale = scale * (f64::from(MOST_GAPS) / f64::from(of.count.max(MOST_GAPS)));
    let passed = (of.age - of.last).max(0.0);
    // ln of the chances that the gap is longer than what has passed, and than what lies ahead.
    let (now, then) = (table.ln_longer(passed / scale), table.ln_longer((passed + horizon) / scale));
    let within = 1.0 - (then - now).exp();
    levels.map(|level| {
        let longer = now + (-level * within).ln_1p();
        (table.at(longer) * scale - passed).clamp(0.0, horizon)
    })
}

/// The distribution function of a beta prime distribution (k, a), as ln of the chance to lie above, over even steps of ln y.
struct Table {
    from: f64,
    ln_longer: Vec<f64>,
}

const STEP: f64 = 0.08;
const STEPS: usize = 240;

impl Table {
    fn new(k: f64, a: f64) -> Table {
        let from = (k / a).ln() - 0.5 * STEP * STEPS as f64;
        let longer = |i: usize| {
            let y = (from + STEP * i as f64).exp();
            // I_{1/(1+y)}(a, k): the chance to lie above, without the loss of digits of 1 - F.
            beta_reg(a, k, 1.0 / (1.0 + y)).max(1e-300).ln()
        };
        let mut ln_longer: Vec<f64> = (0..=STEPS).map(longer).collect();
        // Falling throughout, so that it can be turned round.
        for i in 1..ln_longer.len() {
            ln_longer[i] = ln_longer[i].min(ln_longer[i - 1] - 1e-15);
        }
        Table { from, ln_longer }
    }

    /// ln P(Y > y).
    fn ln_longer(&self, y: f64) -> f64 {
        if y <= 0.0 {
            return 0.0;
        }
        let at = (y.ln() - self.from) / STEP;
        if at <= 0.0 {
            return 0.0;
        }
        // Beyond the table the tail falls off as a power of y: the last stretch goes on.
        let i = (at as usize).min(STEPS - 1);
        let share = at - i as f64;
        self.ln_longer[i] + share * (self.ln_longer[i + 1] - self.ln_longer[i])
    }

    /// The y with this ln P(Y > y).
    fn at(&self, ln_longer: f64) -> f64 {
        let i = self.ln_longer.partition_point(|&known| known > ln_longer).clamp(1, STEPS);
        let (above, below) = (self.ln_longer[i - 1], self.ln_longer[i]);
        let share = (above - ln_longer) / (above - below);
        (self.from + STEP * (i as f64 - 1.0 + share.max(0.0))).exp()
    }
}

/// Quantiles of a falling density on [0, horizon], by sums over steps that grow from `scale` on.
fn by_density<const N: usize>(density: impl Fn(f64) -> f64, scale: f64, horizon: f64, levels: [f64; N]) -> [f64; N] {
    const PARTS: usize = 16;
    let first = scale / 6.0;
    let growth = (horizon / first + 1.0).ln() / PARTS as f64;
    let edge = |i: usize| first * ((growth * i as f64).exp() - 1.0);
    let (mut cumulated, mut before) = ([0.0; PARTS + 1], density(0.0));
    for i in 0..PARTS {
        let (from, until) = (edge(i), edge(i + 1));
        let (middle, after) = (density(0.5 * (from + until)), density(until));
        cumulated[i + 1] = cumulated[i] + (until - from) / 6.0 * (before + 4.0 * middle + after);
        before = after;
    }
    levels.map(|level| {
        let wanted = level * cumulated[PARTS];
        let i = cumulated.partition_point(|&known| known < wanted).clamp(1, PARTS);
        let share = (wanted - cumulated[i - 1]) / (cumulated[i] - cumulated[i - 1]);
        let (from, until) = (edge(i - 1), edge(i));
        from + share.clamp(0.0, 1.0) * (until - from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::lifetime::{BgNbd, Leaving, ParetoNbd};
    use crate::random::Stream;

    /// Customers whose gaps are gamma distributed with shape 4 around a mean of their own, seen for 100 weeks; and their next gap.
    fn regular(stream: &mut Stream) -> (Purchases, Gaps, f64) {
        let rate = stream.gamma(6.0, 1.0 / 6.0);
        let (mut of, mut gaps, mut now) = (Purchases { count: 0, last: 0.0, age: 100.0 }, Gaps::default(), 0.0);
        loop {
            let gap = stream.gamma(4.0, 1.0 / rate);
            now += gap;
            if now > of.age {
                return (of, gaps, now - of.age);
            }
            (of.count, of.last) = (of.count + 1, now);
            gaps = Gaps { count: of.count, sum: now, ln_sum: gaps.ln_sum + gap.ln() };
        }
    }

    #[test]
    fn rhythm_is_recovered_and_its_intervals_hold_what_they_promise() {
        let mut stream = Stream::new(5, "rhythm");
        let made: Vec<(Purchases, Gaps, f64)> = (0..4_000).map(|_| regular(&mut stream)).collect();
        let customers: Vec<Purchases> = made.iter().map(|made| made.0).collect();
        let rhythm = Rhythm::fit(&made.iter().map(|made| made.1).collect::<Vec<_>>()).unwrap();
        assert!((rhythm.k - 4.0).abs() < 0.4, "{rhythm:?}");
        let model = PurchaseModel::BgNbd(BgNbd::fit(Leaving::AfterRepeat, &customers).unwrap());
        let next = NextPurchase::new(NextKind::Rhythm, model, Some(rhythm), customers.iter());
        let plain = NextPurchase::new(NextKind::PurchaseModel, model, None, customers.iter());
        let (mut within, mut error, mut plain_error) = (0.0, 0.0, 0.0);
        for (of, _, after) in &made {
            let [low, median, high] = next.quantiles(*of, 1e6, [0.1, 0.5, 0.9]);
            assert!(low <= median && median <= high);
            within += f64::from(u8::from((low..=high).contains(after)));
            error += (median - after).abs();
            plain_error += (plain.quantiles(*of, 1e6, [0.5])[0] - after).abs();
        }
        let covered = within / made.len() as f64;
        assert!((covered - 0.8).abs() < 0.03, "{covered}");
        assert!(error < 0.9 * plain_error, "{error} {plain_error}");
    }

    #[test]
    fn quantiles_of_the_purchase_models_are_those_of_their_first_purchase() {
        let of = Purchases { count: 3, last: 20.0, age: 26.0 };
        let bg = BgNbd { leaving: Leaving::AfterRepeat, r: 0.5, alpha: 5.0, a: 0.7, b: 2.5, log_likelihood: 0.0 };
        let pareto = ParetoNbd { r: 0.5, alpha: 5.0, s: 0.6, beta: 12.0, log_likelihood: 0.0 };
        for model in [PurchaseModel::BgNbd(bg), PurchaseModel::ParetoNbd(pareto)] {
            let next = NextPurchase::new(NextKind::PurchaseModel, model, None, std::iter::empty());
            let whole = model.ahead(of, 52.0).at_least[0];
            for (level, at) in [0.1, 0.5, 0.9].into_iter().zip(next.quantiles(of, 52.0, [0.1, 0.5, 0.9])) {
                let share = model.ahead(of, at).at_least[0] / whole;
                assert!((share - level).abs() < 0.01, "{model:?}: {share} {level}");
            }
        }
    }
}
