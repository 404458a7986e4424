//! Welch's t-test on the estimated difference: one look, at a size that was fixed before.

use super::degenerate::{Degenerate, finite};
use super::distribution::{student_quantile, student_sf};
use super::effect::{Difference, Effect, Estimate, Level, Sides, estimate};
use super::statistic::Statistic;

/// Welch's t-test of treatment `b` against control `a`.
///
/// Two-sided: estimate +- t(1 - alpha/2, df) se, p = 2 P(T > |t|). One-sided: the bound on one side with t(1 - alpha, df),
/// the other infinite.
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it.
pub fn welch(
    a: &Statistic,
    b: &Statistic,
    difference: Difference,
    level: Level,
    sides: Sides,
) -> Result<Effect, Degenerate> {
    infer(&estimate(a, b, difference)?, level, sides)
}

/// The same from an estimate that is already there.
///
/// # Errors
/// [`Degenerate::NotFinite`] when the estimate is not finite.
pub fn infer(estimate: &Estimate, level: Level, sides: Sides) -> Result<Effect, Degenerate> {
    let stderr = estimate.variance.sqrt();
    let t = estimate.point / stderr;
    let alpha = level.alpha();
    let (lower, upper, p_value) = match sides {
        Sides::Two => {
            let reach = student_quantile(1.0 - alpha / 2.0, estimate.df) * stderr;
            (estimate.point - reach, estimate.point + reach, 2.0 * student_sf(t.abs(), estimate.df))
        }
        Sides::Greater => {
            let reach = student_quantile(1.0 - alpha, estimate.df) * stderr;
            (estimate.point - reach, f64::INFINITY, student_sf(t, estimate.df))
        }
        Sides::Less => {
            let reach = student_quantile(1.0 - alpha, estimate.df) * stderr;
            (f64::NEG_INFINITY, estimate.point + reach, student_sf(-t, estimate.df))
        }
    };
    finite(&[estimate.point, stderr, p_value])?;
    Ok(Effect {
        point_estimate: estimate.point,
        ci_lower: lower,
        ci_upper: upper,
        p_value: p_value.clamp(0.0, 1.0),
        stderr,
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
    fn the_p_value_survives_beyond_eight_standard_errors() {
        let effect =
            welch(&arm(1e5, 1e4), &arm(1e5, 1.5e4), Difference::Absolute, Level::FIVE_PERCENT, Sides::Two).unwrap();
        assert!(effect.p_value > 0.0 && effect.p_value < 1e-200);
    }

    #[test]
    fn the_two_one_sided_tests_share_the_evidence() {
        let test = |sides| welch(&arm(1e4, 1e3), &arm(1e4, 1.1e3), Difference::Absolute, Level::FIVE_PERCENT, sides);
        let (up, down) = (test(Sides::Greater).unwrap(), test(Sides::Less).unwrap());
        assert!((up.p_value + down.p_value - 1.0).abs() < 1e-12);
        assert!(up.ci_upper.is_infinite() && down.ci_lower.is_infinite());
        assert!(serde_json::to_string(&up).unwrap().contains(r#""ci_upper":"inf""#));
    }
}
