//! Tests that may be looked at as often as one likes: asymptotic confidence sequences and the mixture likelihood ratio.

use serde::Serialize;

use super::degenerate::{Degenerate, finite};
use super::effect::{Difference, Effect, Estimate, Level, Sides, estimate};
use super::statistic::Statistic;

/// Expected units at the time of the decision; the interval is narrowest near it.
pub const DEFAULT_DECISION_SIZE: f64 = 5_000.0;

/// rho = sqrt((-2 ln a + ln(-2 ln a + 1)) / N*) (Waudby-Smith et al., arXiv 2103.06476).
///
/// # Errors
/// [`Degenerate::BadParameter`] when `decision_size` is not positive.
pub fn rho(alpha: f64, decision_size: f64) -> Result<f64, Degenerate> {
    let log = -2.0 * alpha.ln();
    let rho = ((log + (log + 1.0).ln()) / decision_size).sqrt();
    if decision_size > 0.0 && rho.is_finite() && rho > 0.0 { Ok(rho) } else { Err(Degenerate::BadParameter) }
}

/// An always-valid test of treatment `b` against control `a`.
///
/// Two-sided, with t = n rho^2 + 1, n the units of both arms and s^2 = se^2 n (equation 9 there): half-width
/// sqrt(s^2 2 t / (n rho)^2 ln(sqrt(t) / a)); p = min(1, sqrt(t) exp(-rho^2 S / (2 t))), S = est^2 n / se^2.
/// One-sided (equation 134): rho at 2a, and ln(1 + sqrt(t) / (2a)) in the place of ln(sqrt(t) / a).
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it or `decision_size` is not positive.
pub fn confidence_sequence(
    a: &Statistic,
    b: &Statistic,
    difference: Difference,
    level: Level,
    sides: Sides,
    decision_size: f64,
) -> Result<Effect, Degenerate> {
    infer(&estimate(a, b, difference)?, level, sides, decision_size)
}

/// The same from an estimate that is already there.
///
/// # Errors
/// As [`confidence_sequence`].
pub fn infer(estimate: &Estimate, level: Level, sides: Sides, decision_size: f64) -> Result<Effect, Degenerate> {
    let alpha = level.alpha();
    let rho = match sides {
        Sides::Two => rho(alpha, decision_size)?,
        // The one-sided bound is tuned at twice the level, which must itself stay below one.
        _ => rho((2.0 * alpha).min(1.0 - f64::EPSILON), decision_size)?,
    };
    let (n, point, stderr) = (estimate.n, estimate.point, estimate.variance.sqrt());
    let t = n * rho * rho + 1.0;
    // (est^2 n^2 rho^2) / (2 t s^2): the exponent of the evidence against zero.
    let evidence = rho * rho * n * (point / stderr).powi(2) / (2.0 * t);
    let reach = |log: f64| (estimate.variance * n * 2.0 * t * log).sqrt() / (n * rho);
    let (lower, upper, p_value) = match sides {
        Sides::Two => {
            let reach = reach((t.sqrt() / alpha).ln());
            (point - reach, point + reach, t.sqrt() * (-evidence).exp())
        }
        _ => {
            let reach = reach((t.sqrt() / (2.0 * alpha)).ln_1p());
            let towards = if sides == Sides::Greater { point } else { -point };
            let p_value = if towards > 0.0 { t.sqrt() / (2.0 * evidence.exp_m1()) } else { 1.0 };
            if sides == Sides::Greater {
                (point - reach, f64::INFINITY, p_value)
            } else {
                (f64::NEG_INFINITY, point + reach, p_value)
            }
        }
    };
    finite(&[point, stderr])?;
    Ok(Effect { point_estimate: point, ci_lower: lower, ci_upper: upper, p_value: p_value.min(1.0), stderr })
}

/// One look of the mixture sequential probability ratio test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MixtureLook {
    /// The absolute difference.
    pub delta: f64,
    /// Its variance.
    pub var_delta: f64,
    /// The likelihood ratio of the mixture against no difference.
    pub lambda_: f64,
    /// min(1, 1 / lambda); the test's p-value is the smallest over all looks so far.
    pub p_value_single_look: f64,
    /// Lower bound; the test's interval is the intersection over all looks so far.
    pub ci_lower: f64,
    /// Upper bound.
    pub ci_upper: f64,
}

/// mSPRT (Johari, Pekelis, Walsh 2015): V = var(difference), L = sqrt(V / (V + tau^2)) exp(tau^2 d^2 / (2 V (V + tau^2))),
/// half-width sqrt(V (V + tau^2) / tau^2 (2 ln(1/a) + ln((V + tau^2) / V))). `tau2` must be fixed before the start.
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it or `tau2` is not positive.
pub fn mixture(a: &Statistic, b: &Statistic, level: Level, tau2: f64) -> Result<MixtureLook, Degenerate> {
    if !(tau2 > 0.0 && tau2.is_finite()) {
        return Err(Degenerate::BadParameter);
    }
    let Estimate { point: d, variance: v, .. } = estimate(a, b, Difference::Absolute)?;
    let log_ratio = 0.5 * (v / (v + tau2)).ln() + tau2 * d * d / (2.0 * v * (v + tau2));
    let reach = (v * (v + tau2) / tau2 * (-2.0 * level.alpha().ln() + ((v + tau2) / v).ln())).sqrt();
    Ok(MixtureLook {
        delta: d,
        var_delta: v,
        // Overwhelming evidence overflows; the largest float says the same and stays JSON.
        lambda_: log_ratio.exp().min(f64::MAX),
        p_value_single_look: (-log_ratio).exp().min(1.0),
        ci_lower: d - reach,
        ci_upper: d + reach,
    })
}

#[cfg(test)]
mod tests {
    use super::super::statistic::ProportionSums;
    use super::*;

    fn arm(n: f64, sum: f64) -> Statistic {
        Statistic::Proportion(ProportionSums { n, sum })
    }

    #[test]
    fn the_p_value_meets_alpha_where_the_interval_meets_zero() {
        // The interval at level p has zero on its border, as long as rho stays; so p < alpha exactly when zero is outside.
        for successes in [1_100.0, 1_150.0, 1_170.0, 1_200.0, 1_300.0] {
            for sides in [Sides::Two, Sides::Greater] {
                let (a, b) = (arm(1e4, 1e3), arm(1e4, successes));
                let made =
                    confidence_sequence(&a, &b, Difference::Relative, Level::FIVE_PERCENT, sides, 5_000.0).unwrap();
                assert_eq!(made.p_value < 0.05, made.excludes_zero(), "{successes} {sides:?}");
            }
        }
    }

    #[test]
    fn lesser_mirrors_greater() {
        let (a, b) = (arm(1e4, 1.2e3), arm(1e4, 1e3));
        let less = confidence_sequence(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Less, 5e3).unwrap();
        let more = confidence_sequence(&b, &a, Difference::Absolute, Level::FIVE_PERCENT, Sides::Greater, 5e3).unwrap();
        assert!((less.ci_upper + more.ci_lower).abs() < 1e-12 && (less.p_value - more.p_value).abs() < 1e-12);
    }

    #[test]
    fn tuning_values_are_checked() {
        let (a, b) = (arm(1e4, 1.2e3), arm(1e4, 1e3));
        let bad = confidence_sequence(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Two, 0.0);
        assert_eq!(bad, Err(Degenerate::BadParameter));
        assert_eq!(mixture(&a, &b, Level::FIVE_PERCENT, 0.0), Err(Degenerate::BadParameter));
    }

    #[test]
    fn overwhelming_evidence_stays_a_number() {
        let look = mixture(&arm(1e9, 1e8), &arm(1e9, 5e8), Level::FIVE_PERCENT, 1e-4).unwrap();
        assert!(look.lambda_.is_finite() && look.p_value_single_look == 0.0);
    }
}
