//! Tests for shares alone: the pooled z-test, Newcombe's interval, Fisher's exact test.

use serde::Serialize;
use statrs::function::gamma::ln_gamma;

use super::degenerate::Degenerate;
use super::distribution::{normal_quantile, normal_sf};
use super::effect::Level;
use super::statistic::{ProportionSums, Statistic};

/// The pooled z-test with Newcombe's interval for the absolute difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PooledTest {
    /// (mb - ma) / sqrt(m (1 - m) (1/na + 1/nb)), m pooled.
    pub z: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Lower bound for mb - ma, from Wilson's intervals of both (Newcombe 1998, method 10).
    pub newcombe_lower: f64,
    /// Upper bound.
    pub newcombe_upper: f64,
}

/// The z-test of treatment `b` against control `a` with the pooled variance.
///
/// # Errors
/// [`Degenerate`] for impossible counts, or when nobody or everybody converted in both arms together.
pub fn pooled_test(a: ProportionSums, b: ProportionSums, level: Level) -> Result<PooledTest, Degenerate> {
    for arm in [a, b] {
        match Statistic::Proportion(arm).summary() {
            // One arm without any conversion still has a pooled variance.
            Ok(_) | Err(Degenerate::ZeroVariance) => {}
            Err(other) => return Err(other),
        }
    }
    let (ma, mb) = (a.sum / a.n, b.sum / b.n);
    let pooled = (a.sum + b.sum) / (a.n + b.n);
    let variance = pooled * (1.0 - pooled) * (1.0 / a.n + 1.0 / b.n);
    if variance <= 0.0 {
        return Err(Degenerate::ZeroVariance);
    }
    let z = (mb - ma) / variance.sqrt();
    let (la, ua) = wilson(a, level);
    let (lb, ub) = wilson(b, level);
    Ok(PooledTest {
        z,
        p_value: (2.0 * normal_sf(z.abs())).min(1.0),
        newcombe_lower: mb - ma - ((mb - lb).powi(2) + (ua - ma).powi(2)).sqrt(),
        newcombe_upper: mb - ma + ((ub - mb).powi(2) + (ma - la).powi(2)).sqrt(),
    })
}

/// Wilson's score interval for a share (1927): bounds that stay within 0 and 1 and work at no success at all.
pub fn wilson(arm: ProportionSums, level: Level) -> (f64, f64) {
    let z = normal_quantile(1.0 - level.alpha() / 2.0);
    let (n, share) = (arm.n, arm.sum / arm.n);
    let centre = share + z * z / (2.0 * n);
    let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    (((centre - reach) / scale).max(0.0), ((centre + reach) / scale).min(1.0))
}

/// Fisher's exact test of a 2 x 2 table, two-sided: the sum of all tables with the same margins that are no likelier than
/// this one (with a relative tolerance of 1e-7 for ties).
///
/// # Errors
/// [`Degenerate`] for counts that are negative, fractional or above 2^53, or an empty table.
pub fn fisher(table: [[f64; 2]; 2]) -> Result<f64, Degenerate> {
    let cells = table.concat();
    if cells.iter().any(|c| !c.is_finite()) {
        return Err(Degenerate::NotFinite);
    }
    if cells.iter().any(|c| *c < 0.0 || c.fract() != 0.0) {
        return Err(Degenerate::ImpossibleSums);
    }
    let [row1, row2] = [table[0][0] + table[0][1], table[1][0] + table[1][1]];
    let column1 = table[0][0] + table[1][0];
    let total = row1 + row2;
    if total > 9_007_199_254_740_992.0 {
        return Err(Degenerate::CountTooLarge);
    }
    if total < 2.0 {
        return Err(Degenerate::TooFewUnits);
    }
    let log_choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let log_p = |x: f64| log_choose(row1, x) + log_choose(row2, column1 - x) - log_choose(total, column1);
    let observed = log_p(table[0][0]) + 1e-7;
    let (low, high) = ((column1 - row2).max(0.0), column1.min(row1));
    let mut sum = 0.0;
    let mut x = low;
    while x <= high {
        let log = log_p(x);
        if log <= observed {
            sum += log.exp();
        }
        x += 1.0;
    }
    Ok(sum.min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_of_the_lady_tasting_tea() {
        // Fisher 1935: three of four cups right on both sides.
        let p = fisher([[3.0, 1.0], [1.0, 3.0]]).unwrap();
        assert!((p - 34.0 / 70.0).abs() < 1e-9);
        assert_eq!(fisher([[0.0, 0.0], [0.0, 0.0]]), Err(Degenerate::TooFewUnits));
        assert_eq!(fisher([[-1.0, 0.0], [5.0, 0.0]]), Err(Degenerate::ImpossibleSums));
    }

    #[test]
    fn one_arm_without_conversions_still_has_a_pooled_test() {
        let (a, b) = (ProportionSums { n: 100.0, sum: 0.0 }, ProportionSums { n: 100.0, sum: 5.0 });
        let test = pooled_test(a, b, Level::FIVE_PERCENT).unwrap();
        assert!(test.p_value > 0.02 && test.p_value < 0.03 && test.newcombe_upper < 0.12);
        assert_eq!(pooled_test(a, a, Level::FIVE_PERCENT), Err(Degenerate::ZeroVariance));
    }
}
