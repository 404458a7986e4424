//! Weights that move with what was seen, and the analysis of what they leave behind.
//!
//! Where the weights of a period depend on the outcomes of earlier ones, sums pooled over periods mislead: an arm that began by
//! luck gets more customers just when times are good. Within a period the weights are fixed and known, so that each period is an
//! experiment of its own (strata), or each outcome counts by the inverse of its propensity (Horvitz, Thompson 1952; Hadad,
//! Hirshberg, Zhan, Wager, Athey 2021). Both are unbiased given the past; their errors over periods do not correlate.

use serde::{Deserialize, Serialize};

use super::Degenerate;
use super::degenerate::finite;
use super::distribution::{normal_quantile, normal_sf};
use super::effect::{Effect, Level};
use super::statistic::{MeanSums, ProportionSums};
use crate::random::Stream;

/// Units that each arm must have before weights move.
pub const LEAST_UNITS: f64 = 100.0;
/// Draws from the posteriors; the error of a weight is at most 1 / (2 sqrt(draws)).
const DRAWS: usize = 10_000;

/// The chance of each arm to be the best, from Beta(1 + s, 1 + n - s), by seeded draws; none below `floor`:
/// p = floor + (1 - K floor) w (Thompson 1933). `None` while an arm has fewer than [`LEAST_UNITS`].
///
/// # Errors
/// [`Degenerate`] for impossible counts, or a floor of which the arms have no room.
pub fn thompson(arms: &[ProportionSums], floor: f64, seed: u64) -> Result<Option<Vec<f64>>, Degenerate> {
    let k = arms.len() as f64;
    if arms.is_empty() || !(0.0..=1.0 / k).contains(&floor) {
        return Err(Degenerate::BadParameter);
    }
    if arms.iter().any(|arm| !(arm.n >= 0.0 && arm.sum >= 0.0 && arm.sum <= arm.n && arm.n.is_finite())) {
        return Err(Degenerate::ImpossibleSums);
    }
    if arms.iter().any(|arm| arm.n < LEAST_UNITS) {
        return Ok(None);
    }
    let mut stream = Stream::new(seed, "thompson");
    let mut wins = vec![0usize; arms.len()];
    for _ in 0..DRAWS {
        let mut best = (0, -1.0);
        for (i, arm) in arms.iter().enumerate() {
            let yes = stream.gamma(1.0 + arm.sum, 1.0);
            let no = stream.gamma(1.0 + arm.n - arm.sum, 1.0);
            let share = yes / (yes + no);
            if share > best.1 {
                best = (i, share);
            }
        }
        wins[best.0] += 1;
    }
    Ok(Some(wins.into_iter().map(|wins| floor + (1.0 - k * floor) * wins as f64 / DRAWS as f64).collect()))
}

/// One arm in one period, whose weights were fixed before it began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PeriodArm {
    /// The chance with which a unit came to this arm.
    pub propensity: f64,
    /// The outcome's sums.
    #[serde(flatten)]
    pub sums: MeanSums,
}

/// A treatment against the control over periods with weights of their own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AdaptiveEffect {
    /// Units of all arms, over the periods in which both had a chance.
    pub units: f64,
    /// Periods that count.
    pub periods: usize,
    /// Inverse propensity: sum of y / p over the treatment's units less the same over the control's, per unit.
    pub ipw: Effect,
    /// Differences within periods, weighted by the units of the periods: narrower, and what a verdict rests on.
    pub stratified: Effect,
}

/// Compares arm `b` with arm `a` over periods; each period holds all arms, in the same order.
///
/// With N units in all, N_r in period r, and per arm the sums S, Q of y and y^2: ipw = sum_r (S_b / p_b - S_a / p_a) / N, with
/// variance sum_r (Q_b / p_b^2 + Q_a / p_a^2 - N_r d_r^2) / N^2, d_r the period's own estimate. Stratified: sum_r (N_r / N)
/// (mean_b - mean_a), with variance sum_r (N_r / N)^2 (v_b / n_b + v_a / n_a). Periods in which an arm had no chance are left out;
/// so are, from the strata, those in which it has fewer than two units. The intervals are normal: they cover as they should when each
/// arm has some forty units a period, and too seldom (84 to 87 % for 95 %) when the weaker one has a handful.
///
/// # Errors
/// [`Degenerate`] when no period carries a comparison.
pub fn compare(periods: &[Vec<PeriodArm>], (a, b): (usize, usize), level: Level) -> Result<AdaptiveEffect, Degenerate> {
    let both: Vec<(&PeriodArm, &PeriodArm, f64)> = periods
        .iter()
        .filter_map(|arms| Some((arms.get(a)?, arms.get(b)?, arms.iter().map(|arm| arm.sums.n).sum())))
        .filter(|(a, b, n): &(_, _, f64)| a.propensity > 0.0 && b.propensity > 0.0 && *n >= 2.0)
        .collect();
    let units: f64 = both.iter().map(|(_, _, n)| n).sum();
    if units < 2.0 {
        return Err(Degenerate::TooFewUnits);
    }
    let raw = |arm: &PeriodArm| {
        let MeanSums { n, sum, sum_squares, shift } = arm.sums;
        (sum + n * shift, sum_squares + 2.0 * shift * sum + n * shift * shift)
    };
    let (mut total, mut variance) = (0.0, 0.0);
    for (a, b, n) in &both {
        let ((sa, qa), (sb, qb)) = (raw(a), raw(b));
        let sum = sb / b.propensity - sa / a.propensity;
        total += sum;
        variance += qb / b.propensity.powi(2) + qa / a.propensity.powi(2) - sum * sum / n;
    }
    let ipw = effect(total / units, variance / (units * units), level)?;
    let strata: Vec<_> = both.iter().filter(|(a, b, _)| a.sums.n >= 2.0 && b.sums.n >= 2.0).collect();
    let whole: f64 = strata.iter().map(|(_, _, n)| n).sum();
    let (mut point, mut variance) = (0.0, 0.0);
    for (a, b, n) in strata {
        let share = n / whole;
        point += share * (mean(&b.sums) - mean(&a.sums));
        variance += share * share * (mean_variance(&b.sums)? + mean_variance(&a.sums)?);
    }
    Ok(AdaptiveEffect { units, periods: both.len(), ipw, stratified: effect(point, variance, level)? })
}

fn mean(sums: &MeanSums) -> f64 {
    sums.shift + sums.sum / sums.n
}

/// The variance of a mean; 0 where all values are the same, which one period may well show.
fn mean_variance(sums: &MeanSums) -> Result<f64, Degenerate> {
    match sums.summary() {
        Ok(summary) => Ok(summary.variance / sums.n),
        Err(Degenerate::ZeroVariance) => Ok(0.0),
        Err(other) => Err(other),
    }
}

/// The normal interval and p-value.
fn effect(point: f64, variance: f64, level: Level) -> Result<Effect, Degenerate> {
    finite(&[point, variance])?;
    if variance <= 0.0 {
        return Err(Degenerate::ZeroVariance);
    }
    let stderr = variance.sqrt();
    let reach = normal_quantile(1.0 - level.alpha() / 2.0) * stderr;
    Ok(Effect {
        point_estimate: point,
        ci_lower: point - reach,
        ci_upper: point + reach,
        p_value: (2.0 * normal_sf((point / stderr).abs())).min(1.0),
        stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: f64 = 0.01;

    fn share(n: f64, sum: f64) -> ProportionSums {
        ProportionSums { n, sum }
    }

    /// One adaptive test: periods of `units`, the chance of arm i in period r being `rate(i, r)`. Gives the periods and the sum
    /// of chances that the units had.
    fn simulate(
        arms: usize,
        periods: usize,
        units: usize,
        (seed, floor): (u64, f64),
        rate: &dyn Fn(usize, usize) -> f64,
    ) -> (Vec<Vec<PeriodArm>>, f64) {
        let mut stream = Stream::new(seed, "adaptive test");
        let mut weights = vec![1.0 / arms as f64; arms];
        let mut totals = vec![share(0.0, 0.0); arms];
        let (mut all, mut gained) = (Vec::new(), 0.0);
        for period in 0..periods {
            let mut seen = vec![share(0.0, 0.0); arms];
            for _ in 0..units {
                let draw = stream.uniform();
                let mut edge = 0.0;
                let arm = weights
                    .iter()
                    .position(|w| {
                        edge += w;
                        draw < edge
                    })
                    .unwrap_or(arms - 1);
                let p = rate(arm, period);
                gained += p;
                seen[arm].n += 1.0;
                seen[arm].sum += f64::from(u8::from(stream.uniform() < p));
            }
            let sums = |s: &ProportionSums| MeanSums { n: s.n, sum: s.sum, sum_squares: s.sum, shift: 0.0 };
            all.push(
                seen.iter().zip(&weights).map(|(s, &propensity)| PeriodArm { propensity, sums: sums(s) }).collect(),
            );
            totals.iter_mut().zip(&seen).for_each(|(total, seen)| {
                total.n += seen.n;
                total.sum += seen.sum;
            });
            weights = thompson(&totals, floor, seed.wrapping_add(period as u64)).unwrap().unwrap_or(weights);
        }
        (all, gained)
    }

    #[test]
    fn weights_follow_the_evidence_and_keep_the_floor() {
        let weights = thompson(&[share(1_000.0, 50.0), share(1_000.0, 100.0)], FLOOR, 1).unwrap().unwrap();
        assert!(weights[0] < 0.0101 && (weights[0] + weights[1] - 1.0).abs() < 1e-12, "{weights:?}");
        let even = thompson(&[share(1_000.0, 50.0), share(1_000.0, 50.0)], FLOOR, 1).unwrap().unwrap();
        assert!((even[0] - 0.5).abs() < 0.03, "{even:?}");
        assert_eq!(thompson(&[share(99.0, 5.0), share(1_000.0, 50.0)], FLOOR, 1), Ok(None));
        assert_eq!(thompson(&[share(9.0, 50.0)], FLOOR, 1), Err(Degenerate::ImpossibleSums));
        assert_eq!(thompson(&[share(9.0, 5.0); 2], 0.6, 1), Err(Degenerate::BadParameter));
    }

    #[test]
    fn the_regret_is_below_that_of_even_weights_on_every_seed() {
        let rates = [0.05, 0.06, 0.09];
        let (periods, units) = (20, 1_000);
        let even = rates.iter().sum::<f64>() / 3.0 * (periods * units) as f64;
        for seed in 0..20 {
            let (_, gained) = simulate(3, periods, units, (seed, FLOOR), &|arm, _| rates[arm]);
            assert!(gained > even, "seed {seed}: {gained} against {even}");
        }
    }

    /// Times get better while the weights move: what pooled sums make of it is wrong, and neither of ours is.
    #[test]
    fn estimates_are_unbiased_where_naive_pooling_is_not_and_their_intervals_cover() {
        let runs = 400;
        let rate = |arm: usize, period: usize| [0.10, 0.12][arm] + 0.03 * period as f64;
        let truth = 0.02;
        let mut sums = [(0.0, 0.0); 3];
        let mut covered = [0; 2];
        for seed in 0..runs {
            // Forty customers of the weaker arm a period; with a handful the normal interval is too narrow.
            let (periods, _) = simulate(2, 6, 400, (seed, 0.1), &rate);
            let made = compare(&periods, (0, 1), Level::FIVE_PERCENT).unwrap();
            let pooled = |arm: usize| {
                let sum: f64 = periods.iter().map(|p| p[arm].sums.sum).sum();
                sum / periods.iter().map(|p| p[arm].sums.n).sum::<f64>()
            };
            let naive = pooled(1) - pooled(0);
            for (slot, value) in sums.iter_mut().zip([made.ipw.point_estimate, made.stratified.point_estimate, naive]) {
                *slot = (slot.0 + value, slot.1 + value * value);
            }
            for (slot, effect) in covered.iter_mut().zip([made.ipw, made.stratified]) {
                *slot += usize::from(effect.ci_lower <= truth && truth <= effect.ci_upper);
            }
        }
        let n = runs as f64;
        let bias = sums.map(|(sum, squares)| {
            let mean = sum / n;
            (mean - truth) / ((squares / n - mean * mean) / n).sqrt()
        });
        assert!(bias[0].abs() < 3.0 && bias[1].abs() < 3.0, "standard errors off: {bias:?}");
        assert!(bias[2].abs() > 5.0, "naive pooling should show why it is not used: {bias:?}");
        // 95 % of 400 is 380 +- 4.4.
        assert!(covered.iter().all(|&covered| (366..=394).contains(&covered)), "{covered:?}");
    }

    #[test]
    fn with_even_and_equal_periods_both_agree_with_the_plain_difference() {
        let arm =
            |sum: f64| PeriodArm { propensity: 0.5, sums: MeanSums { n: 500.0, sum, sum_squares: sum, shift: 0.0 } };
        let periods = vec![vec![arm(50.0), arm(60.0)], vec![arm(40.0), arm(50.0)]];
        let made = compare(&periods, (0, 1), Level::FIVE_PERCENT).unwrap();
        assert!(
            (made.ipw.point_estimate - 0.02).abs() < 1e-12 && (made.stratified.point_estimate - 0.02).abs() < 1e-12
        );
        assert_eq!(compare(&[], (0, 1), Level::FIVE_PERCENT), Err(Degenerate::TooFewUnits));
    }
}
