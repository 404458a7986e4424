//! What a customer will spend, as a distribution: draws at fixed points that fill the unit cube evenly (Kronecker's sequence with the
//! plastic number; Niederreiter 1992, "Random Number Generation and Quasi-Monte Carlo Methods"), the same for every customer, so that
//! no randomness enters and gamma quantiles are computed once for all.
//!
//! Number of purchases: the quantile of its exact distribution. Sum of n purchases of a customer with x known ones of mean z: given his own
//! scale it is gamma distributed (p n), the scale too (q + p x, v + x z); so the sum is `(v + x z) G(p n) / G(q + p x)`.

use statrs::function::gamma::{gamma_lr, ln_gamma};

use super::{GammaGamma, Spending};

/// Draws a customer.
pub const DRAWS: usize = 128;
/// Shapes with tables of their own; larger ones by the cube-root approximation, which is exact to a thousandth there.
const TABLES: usize = 48;

/// Quantiles of gamma distributions at the fixed points.
pub struct Draws {
    value: GammaGamma,
    /// Of the sum of n purchases, by n.
    sums: Vec<[f64; DRAWS]>,
    /// Of the customer's scale, by x.
    scales: Vec<[f64; DRAWS]>,
    /// Normal quantiles at the points of both.
    normal: [[f64; DRAWS]; 2],
    /// Points of a third coordinate, for what else is drawn.
    pub third: [f64; DRAWS],
}

impl Draws {
    /// For amounts of this distribution.
    pub fn new(value: GammaGamma) -> Draws {
        let point = |irrational: f64| -> [f64; DRAWS] {
            std::array::from_fn(|i| (0.5 + (i as f64 + 1.0) * irrational).fract())
        };
        let points = [point(0.819_172_513_396_164_4), point(0.671_043_606_703_789_3)];
        let table = |shape: f64, at: &[f64; DRAWS]| at.map(|u| gamma_quantile(shape, u));
        Draws {
            value,
            sums: (0..TABLES).map(|n| table(value.p * n.max(1) as f64, &points[0])).collect(),
            scales: (0..TABLES).map(|x| table(value.q + value.p * x as f64, &points[1])).collect(),
            normal: points.map(|points| points.map(normal_quantile)),
            third: point(0.549_700_477_901_970_3),
        }
    }

    /// The `i`-th draw of the sum of `n` purchases, at least one.
    #[inline]
    pub fn sum(&self, of: Spending, n: usize, i: usize) -> f64 {
        let x = of.count as usize;
        let sum = match self.sums.get(n) {
            Some(table) => table[i],
            None => cube_root(self.value.p * n as f64, self.normal[0][i]),
        };
        let scale = match self.scales.get(x) {
            Some(table) => table[i],
            None => cube_root(self.value.q + self.value.p * x as f64, self.normal[1][i]),
        };
        (self.value.v + f64::from(of.count) * of.mean) * sum / scale
    }

    /// Calls `take` with the number of purchases of each draw, whose chances of at least 1, 2, ... these are.
    #[inline]
    pub fn counts(&self, at_least: &[f64], mut take: impl FnMut(usize, usize)) {
        let mut n = 0;
        for i in 0..DRAWS {
            let above = 1.0 - (i as f64 + 0.5) / DRAWS as f64;
            while at_least.get(n).is_some_and(|&chance| chance > above) {
                n += 1;
            }
            take(i, n);
        }
    }
}

/// Wilson and Hilferty (1931): the cube root of a gamma variable is nearly normal.
fn cube_root(shape: f64, normal: f64) -> f64 {
    let ninth = 1.0 / (9.0 * shape);
    shape * (1.0 - ninth + normal * ninth.sqrt()).max(0.0).powi(3)
}

/// The quantile of a gamma distribution of rate 1, by Newton's method on the logarithm.
fn gamma_quantile(shape: f64, u: f64) -> f64 {
    let small = ((u.ln() + ln_gamma(shape + 1.0)) / shape).exp();
    let start = if shape < 1.0 { small } else { cube_root(shape, normal_quantile(u)).max(small.min(shape)) };
    let mut x = start.clamp(1e-280, 1e280);
    for _ in 0..50 {
        let slope = (shape * x.ln() - x - ln_gamma(shape)).exp();
        if slope <= 0.0 {
            break;
        }
        let step = ((gamma_lr(shape, x) - u) / slope).clamp(-1.0, 1.0);
        x *= (-step).exp();
        if step.abs() < 1e-12 {
            break;
        }
    }
    x
}

/// The quantile of the standard normal distribution.
fn normal_quantile(u: f64) -> f64 {
    std::f64::consts::SQRT_2 * statrs::function::erf::erf_inv(2.0 * u - 1.0)
}

/// The quantile of draws, which are put out of order.
pub fn quantile(draws: &mut [f64; DRAWS], level: f64) -> f64 {
    let at = ((level * DRAWS as f64) as usize).min(DRAWS - 1);
    *draws.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn gamma_quantiles_turn_the_distribution_round() {
        for shape in [0.2, 0.9, 1.0, 6.25, 80.0, 900.0] {
            for u in [0.004, 0.1, 0.5, 0.97] {
                let x = gamma_quantile(shape, u);
                assert!((gamma_lr(shape, x) - u).abs() < 1e-9, "{shape} {u} {x}");
            }
        }
        assert!((cube_root(300.0, normal_quantile(0.9)) / gamma_quantile(300.0, 0.9) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn draws_of_sums_are_distributed_as_simulated_purchases() {
        let value = GammaGamma { p: 6.25, q: 3.74, v: 15.44, log_likelihood: 0.0 };
        let draws = Draws::new(value);
        let of = Spending { count: 3, mean: 40.0 };
        for n in [1, 4, 70] {
            let mut drawn: [f64; DRAWS] = std::array::from_fn(|i| draws.sum(of, n, i));
            let mut stream = Stream::new(9, "sums");
            let mut simulated: Vec<f64> = (0..20_000)
                .map(|_| {
                    let own = stream.gamma(value.q + value.p * 3.0, 1.0 / (value.v + 120.0));
                    (0..n).map(|_| stream.gamma(value.p, 1.0 / own)).sum()
                })
                .collect();
            simulated.sort_by(f64::total_cmp);
            for level in [0.1, 0.5, 0.9] {
                let (found, true_one) = (quantile(&mut drawn, level), simulated[(level * 20_000.0) as usize]);
                assert!((found / true_one - 1.0).abs() < 0.06, "{n} {level}: {found} {true_one}");
            }
        }
    }

    #[test]
    fn draws_of_counts_are_quantiles() {
        let draws = Draws::new(GammaGamma { p: 1.0, q: 2.0, v: 1.0, log_likelihood: 0.0 });
        let mut seen = [0.0; 4];
        draws.counts(&[0.75, 0.25, 0.125], |_, n| seen[n] += 1.0 / DRAWS as f64);
        assert_eq!(seen, [0.25, 0.5, 0.125, 0.125]);
    }
}
