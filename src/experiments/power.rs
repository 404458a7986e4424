//! The planner: how many are needed, what a given number can detect, and with what chance.

use serde::Serialize;

use super::degenerate::Degenerate;
use super::distribution::{normal_quantile, normal_sf};
use super::effect::Level;

/// The plan of a two-arm experiment on shares. Sizes are of the control arm; the treatment has `ratio` times as many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SampleSize {
    /// 2 asin sqrt(p1) - 2 asin sqrt(p0).
    pub cohen_h: f64,
    /// Size by the arcsine transformation, both tails counted.
    pub n1_arcsine: f64,
    /// (z(1 - alpha/2) + z(power))^2 (v0 + v1 / ratio) / delta^2.
    pub n1_wald_unpooled: f64,
    /// The latter as a whole number of customers.
    pub n1_ceil: f64,
}

/// The chance to find a difference that is there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Power {
    /// By the arcsine transformation.
    pub power_arcsine: f64,
    /// By the unpooled normal test.
    pub power_wald: f64,
}

/// The arms of a plan on shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Share in the control.
    pub p0: f64,
    /// Share in the treatment.
    pub p1: f64,
    /// Treatment's size over the control's.
    pub ratio: f64,
}

impl Shares {
    fn check(self) -> Result<Shares, Degenerate> {
        let share = |p: f64| p > 0.0 && p < 1.0;
        if share(self.p0) && share(self.p1) && self.p0 != self.p1 && self.ratio > 0.0 && self.ratio.is_finite() {
            Ok(self)
        } else {
            Err(Degenerate::BadParameter)
        }
    }

    fn cohen_h(self) -> f64 {
        2.0 * self.p1.sqrt().asin() - 2.0 * self.p0.sqrt().asin()
    }
}

/// Two-sided power of a normal test whose statistic has mean `drift`: P(Z > z - d) + P(Z < -z - d).
fn two_sided(drift: f64, level: Level) -> f64 {
    let z = normal_quantile(1.0 - level.alpha() / 2.0);
    normal_sf(z - drift) + normal_sf(z + drift)
}

/// The drift at which the two-sided test has this power, by bisection (power rises with the drift).
fn drift_for(power: f64, level: Level) -> Result<f64, Degenerate> {
    // Below alpha every drift has more power than asked.
    if !(power > level.alpha() && power < 1.0) {
        return Err(Degenerate::BadParameter);
    }
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if two_sided(middle, level) < power { low = middle } else { high = middle }
    }
    Ok(0.5 * (low + high))
}

/// The size of the control arm at which a true difference from p0 to p1 is found with this power.
///
/// # Errors
/// [`Degenerate::BadParameter`] for shares outside 0..1, equal shares, a ratio or power out of range.
pub fn sample_size(shares: Shares, level: Level, power: f64) -> Result<SampleSize, Degenerate> {
    let Shares { p0, p1, ratio } = shares.check()?;
    let drift = drift_for(power, level)?;
    let cohen_h = shares.cohen_h();
    let z = normal_quantile(1.0 - level.alpha() / 2.0) + normal_quantile(power);
    let wald = z * z * (p0 * (1.0 - p0) + p1 * (1.0 - p1) / ratio) / (p1 - p0).powi(2);
    Ok(SampleSize {
        cohen_h,
        n1_arcsine: drift * drift * (1.0 + 1.0 / ratio) / (cohen_h * cohen_h),
        n1_wald_unpooled: wald,
        n1_ceil: wald.ceil(),
    })
}

/// The power of a control arm of `n1` for a true difference from p0 to p1.
///
/// # Errors
/// [`Degenerate::BadParameter`] as [`sample_size`], [`Degenerate::TooFewUnits`] below two.
pub fn achieved(shares: Shares, n1: f64, level: Level) -> Result<Power, Degenerate> {
    let Shares { p0, p1, ratio } = shares.check()?;
    if !(n1 >= 2.0 && n1.is_finite()) {
        return Err(Degenerate::TooFewUnits);
    }
    let arcsine = shares.cohen_h().abs() * (n1 / (1.0 + 1.0 / ratio)).sqrt();
    let stderr = ((p0 * (1.0 - p0) + p1 * (1.0 - p1) / ratio) / n1).sqrt();
    Ok(Power { power_arcsine: two_sided(arcsine, level), power_wald: two_sided((p1 - p0).abs() / stderr, level) })
}

/// The smallest true difference that an estimate with this standard error finds with this power:
/// (z(1 - alpha/2) + z(power)) se.
///
/// # Errors
/// [`Degenerate::BadParameter`] when `stderr` is not positive or the power not between alpha and 1.
pub fn detectable(stderr: f64, level: Level, power: f64) -> Result<f64, Degenerate> {
    if !(stderr > 0.0 && stderr.is_finite() && power > level.alpha() && power < 1.0) {
        return Err(Degenerate::BadParameter);
    }
    Ok((normal_quantile(1.0 - level.alpha() / 2.0) + normal_quantile(power)) * stderr)
}

/// What arms of these sizes can detect in a mean whose unit variance is known from history, before anything is sent:
/// [`detectable`] with se^2 = variance (1/na + 1/nb).
///
/// # Errors
/// [`Degenerate`] for arms below two, a variance that is not positive, or a power out of range.
pub fn detectable_with(variance: f64, na: f64, nb: f64, level: Level, power: f64) -> Result<f64, Degenerate> {
    if !(na >= 2.0 && nb >= 2.0) {
        return Err(Degenerate::TooFewUnits);
    }
    if !(variance > 0.0 && variance.is_finite()) {
        return Err(Degenerate::ZeroVariance);
    }
    detectable((variance * (1.0 / na + 1.0 / nb)).sqrt(), level, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reaches_its_own_power() {
        let shares = Shares { p0: 0.04, p1: 0.05, ratio: 2.0 };
        let plan = sample_size(shares, Level::FIVE_PERCENT, 0.85).unwrap();
        let power = achieved(shares, plan.n1_arcsine, Level::FIVE_PERCENT).unwrap();
        assert!((power.power_arcsine - 0.85).abs() < 1e-9);
        let power = achieved(shares, plan.n1_wald_unpooled, Level::FIVE_PERCENT).unwrap();
        assert!((power.power_wald - 0.85).abs() < 1e-6);
    }

    #[test]
    fn what_is_detectable_falls_with_the_root_of_the_size() {
        let small = detectable_with(4.0, 1e3, 1e3, Level::FIVE_PERCENT, 0.8).unwrap();
        let large = detectable_with(4.0, 4e3, 4e3, Level::FIVE_PERCENT, 0.8).unwrap();
        assert!((small / large - 2.0).abs() < 1e-12);
        assert_eq!(detectable_with(4.0, 1.0, 1e3, Level::FIVE_PERCENT, 0.8), Err(Degenerate::TooFewUnits));
        assert_eq!(detectable_with(0.0, 9.0, 1e3, Level::FIVE_PERCENT, 0.8), Err(Degenerate::ZeroVariance));
    }

    #[test]
    fn impossible_plans_are_refused() {
        for (p0, p1, power) in [(0.1, 0.1, 0.8), (0.0, 0.1, 0.8), (0.6, 1.2, 0.8), (0.1, 0.2, 1.0), (0.1, 0.2, 0.01)] {
            let made = sample_size(Shares { p0, p1, ratio: 1.0 }, Level::FIVE_PERCENT, power);
            assert_eq!(made, Err(Degenerate::BadParameter));
        }
    }
}
