//! What the data leave us to believe: normal posterior of the effect, and the exact comparison of two shares.

use serde::Serialize;
use statrs::function::beta::ln_beta;

use super::degenerate::{Degenerate, finite};
use super::distribution::{normal_cdf, normal_pdf, normal_quantile, normal_sf};
use super::effect::{Difference, Level, estimate};
use super::statistic::{ProportionSums, Statistic};

/// What was believed about the effect before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// Nothing (improper flat prior).
    Flat,
    /// Normal, on the relative effect; an absolute analysis rescales it by the control's mean.
    Relative {
        /// Expected relative effect.
        mean: f64,
        /// Its variance.
        variance: f64,
    },
    /// Normal, on the absolute effect; a relative analysis rescales it by the control's mean.
    Absolute {
        /// Expected absolute effect.
        mean: f64,
        /// Its variance.
        variance: f64,
    },
}

/// The posterior of the effect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Posterior {
    /// P(the treatment is better).
    pub chance_to_win: f64,
    /// Posterior mean.
    pub point_estimate: f64,
    /// Lower bound of the credible interval.
    pub ci_lower: f64,
    /// Upper bound.
    pub ci_upper: f64,
    /// Posterior standard deviation.
    pub stddev: f64,
    /// Expected loss from choosing the control.
    pub risk_control: f64,
    /// Expected loss from choosing the treatment.
    pub risk_treatment: f64,
}

/// Normal-normal update: precision 1/se^2 + 1/prior variance; `lower_is_better` turns chance and risks round.
///
/// Risk of the control E[max(d, 0)], of the treatment E[max(-d, 0)] for the posterior d ~ N(m, s^2):
/// E[max(d, 0)] = m Phi(m / s) + s phi(m / s).
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it or the prior's variance is not positive.
pub fn posterior(
    a: &Statistic,
    b: &Statistic,
    difference: Difference,
    prior: Prior,
    level: Level,
    lower_is_better: bool,
) -> Result<Posterior, Degenerate> {
    let data = estimate(a, b, difference)?;
    let (mean, variance) = match on_scale(prior, difference, data.control_mean)? {
        None => (data.point, data.variance),
        Some((prior_mean, prior_variance)) => {
            let precision = 1.0 / data.variance + 1.0 / prior_variance;
            ((data.point / data.variance + prior_mean / prior_variance) / precision, 1.0 / precision)
        }
    };
    let stddev = variance.sqrt();
    let reach = normal_quantile(1.0 - level.alpha() / 2.0) * stddev;
    let (gain, loss) = (expected_positive(mean, stddev), expected_positive(-mean, stddev));
    let (chance, risk_control, risk_treatment) =
        if lower_is_better { (normal_sf(mean / stddev), loss, gain) } else { (normal_cdf(mean / stddev), gain, loss) };
    finite(&[mean, stddev, chance, risk_control, risk_treatment])?;
    Ok(Posterior {
        chance_to_win: chance,
        point_estimate: mean,
        ci_lower: mean - reach,
        ci_upper: mean + reach,
        stddev,
        risk_control,
        risk_treatment,
    })
}

/// E[max(d, 0)] for d ~ N(mean, stddev^2).
fn expected_positive(mean: f64, stddev: f64) -> f64 {
    let z = mean / stddev;
    (mean * normal_cdf(z) + stddev * normal_pdf(z)).max(0.0)
}

/// The prior's mean and variance on the scale of the analysis; `None` when it is flat.
fn on_scale(prior: Prior, difference: Difference, control: f64) -> Result<Option<(f64, f64)>, Degenerate> {
    let base = control.abs();
    let (mean, variance, factor) = match (prior, difference) {
        (Prior::Flat, _) => return Ok(None),
        (Prior::Relative { mean, variance }, Difference::Relative) => (mean, variance, 1.0),
        (Prior::Relative { mean, variance }, Difference::Absolute) => (mean, variance, base),
        (Prior::Absolute { mean, variance }, Difference::Absolute) => (mean, variance, 1.0),
        (Prior::Absolute { mean, variance }, Difference::Relative) => (mean, variance, 1.0 / base),
        // A belief about shares or amounts says nothing about units per day of an audience.
        (_, Difference::Scaled { .. }) => return Err(Degenerate::BadParameter),
    };
    let scaled = (mean * factor, variance * factor * factor);
    if scaled.1 > 0.0 && scaled.1.is_finite() && scaled.0.is_finite() {
        Ok(Some(scaled))
    } else {
        Err(Degenerate::BadParameter)
    }
}

/// P(pb > pa) with uniform priors on both shares, exactly:
/// the sum over i < Sb + 1 of B(alpha_a + i, beta_a + beta_b) / ((beta_b + i) B(1 + i, beta_b) B(alpha_a, beta_a)).
///
/// The sum has as many terms as `b` has successes; above 100,000 the normal approximation is exact to more digits than shown.
///
/// # Errors
/// [`Degenerate`] for impossible counts. No conversion at all is fine here.
pub fn chance_b_beats_a(a: ProportionSums, b: ProportionSums) -> Result<f64, Degenerate> {
    for arm in [a, b] {
        match Statistic::Proportion(arm).summary() {
            Ok(_) | Err(Degenerate::ZeroVariance) => {}
            Err(other) => return Err(other),
        }
        if arm.sum.fract() != 0.0 {
            return Err(Degenerate::ImpossibleSums);
        }
    }
    let (alpha_a, beta_a) = (1.0 + a.sum, 1.0 + a.n - a.sum);
    let (alpha_b, beta_b) = (1.0 + b.sum, 1.0 + b.n - b.sum);
    if b.sum > 1e5 {
        return Ok(normal_chance((alpha_a, beta_a), (alpha_b, beta_b)));
    }
    let base = ln_beta(alpha_a, beta_a);
    let mut sum = 0.0;
    for i in 0..alpha_b as u64 {
        let i = i as f64;
        let log = ln_beta(alpha_a + i, beta_a + beta_b) - (beta_b + i).ln() - ln_beta(1.0 + i, beta_b) - base;
        sum += log.exp();
    }
    Ok(sum.clamp(0.0, 1.0))
}

fn normal_chance(a: (f64, f64), b: (f64, f64)) -> f64 {
    let moments = |(alpha, beta): (f64, f64)| {
        let n = alpha + beta;
        (alpha / n, alpha * beta / (n * n * (n + 1.0)))
    };
    let ((ma, va), (mb, vb)) = (moments(a), moments(b));
    normal_cdf((mb - ma) / (va + vb).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(n: f64, sum: f64) -> Statistic {
        Statistic::Proportion(ProportionSums { n, sum })
    }

    #[test]
    fn a_prior_means_the_same_on_either_scale() {
        let (a, b) = (arm(1e4, 1e3), arm(1e4, 1.1e3));
        let absolute = Prior::Absolute { mean: 0.0, variance: 0.09 * 0.01 };
        let relative = Prior::Relative { mean: 0.0, variance: 0.09 };
        for difference in [Difference::Relative, Difference::Absolute] {
            let one = posterior(&a, &b, difference, absolute, Level::FIVE_PERCENT, false).unwrap();
            let other = posterior(&a, &b, difference, relative, Level::FIVE_PERCENT, false).unwrap();
            assert!((one.chance_to_win - other.chance_to_win).abs() < 1e-12);
        }
    }

    #[test]
    fn the_exact_chance_is_symmetric_and_meets_the_normal_one() {
        let (a, b) = (ProportionSums { n: 120.0, sum: 6.0 }, ProportionSums { n: 118.0, sum: 11.0 });
        let (ab, ba) = (chance_b_beats_a(a, b).unwrap(), chance_b_beats_a(b, a).unwrap());
        assert!((ab + ba - 1.0).abs() < 1e-9);
        let (a, b) = ((20_001.0, 80_001.0), (20_201.0, 79_801.0));
        let exact =
            chance_b_beats_a(ProportionSums { n: 1e5, sum: 20_000.0 }, ProportionSums { n: 1e5, sum: 20_200.0 })
                .unwrap();
        assert!((exact - normal_chance(a, b)).abs() < 1e-4);
    }

    #[test]
    fn a_prior_without_variance_is_refused() {
        let prior = Prior::Relative { mean: 0.0, variance: 0.0 };
        let made = posterior(&arm(1e4, 1e3), &arm(1e4, 1e3), Difference::Relative, prior, Level::FIVE_PERCENT, false);
        assert_eq!(made, Err(Degenerate::BadParameter));
    }
}
