//! The difference between two arms, with its variance: what every school of inference starts from.

use serde::{Deserialize, Serialize, Serializer};

use super::cuped;
use super::degenerate::{Degenerate, finite};
use super::statistic::{Statistic, Summary};

/// How the difference is expressed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "difference_type", rename_all = "snake_case")]
pub enum Difference {
    /// (mb - ma) / ma.
    Relative,
    /// mb - ma.
    Absolute,
    /// mb - ma, times what the whole audience would have per day.
    Scaled {
        /// Units in the experiment, all arms.
        total_users: f64,
        /// Share of the audience in the experiment, 0 < traffic <= 1.
        traffic: f64,
        /// Days that it ran.
        days: f64,
    },
}

/// A checked significance level, 0 < alpha < 1 (two-sided unless a test says otherwise).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Level(f64);

impl Level {
    /// alpha = 0.05.
    pub const FIVE_PERCENT: Level = Level(0.05);

    /// Checks a level.
    ///
    /// # Errors
    /// [`Degenerate::BadParameter`] outside the open interval from 0 to 1.
    pub fn new(alpha: f64) -> Result<Level, Degenerate> {
        if alpha > 0.0 && alpha < 1.0 { Ok(Level(alpha)) } else { Err(Degenerate::BadParameter) }
    }

    /// The level as a number.
    pub fn alpha(self) -> f64 {
        self.0
    }
}

/// Which departures from "no difference" count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Either direction.
    Two,
    /// Only a treatment above the control.
    Greater,
    /// Only a treatment below the control.
    Less,
}

/// An estimated difference before any inference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The difference.
    pub point: f64,
    /// Its variance.
    pub variance: f64,
    /// Welch-Satterthwaite degrees of freedom, on the arms' raw variances also for relative differences.
    pub df: f64,
    /// Units in both arms.
    pub n: f64,
    /// The control's mean.
    pub control_mean: f64,
    /// The CUPED coefficient, when one was used.
    pub theta: Option<f64>,
}

/// A difference with interval and p-value. Bounds may be infinite for one-sided tests; JSON then shows "inf" or "-inf".
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effect {
    /// The estimated difference.
    pub point_estimate: f64,
    /// Lower bound of the interval.
    #[serde(serialize_with = "bound")]
    pub ci_lower: f64,
    /// Upper bound of the interval.
    #[serde(serialize_with = "bound")]
    pub ci_upper: f64,
    /// Probability, without any true difference, of one at least as large.
    pub p_value: f64,
    /// Standard error of the estimate.
    pub stderr: f64,
}

impl Effect {
    /// True when the interval leaves out zero.
    pub fn excludes_zero(&self) -> bool {
        self.ci_lower > 0.0 || self.ci_upper < 0.0
    }
}

/// Infinite bounds as text, since JSON has no infinity.
fn bound<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(if *value > 0.0 { "inf" } else { "-inf" })
    }
}

impl Difference {
    /// Factor from an absolute difference to this one (1 for relative, which has a form of its own).
    fn factor(self) -> Result<f64, Degenerate> {
        match self {
            Difference::Relative | Difference::Absolute => Ok(1.0),
            Difference::Scaled { total_users, traffic, days } => {
                if total_users > 0.0 && traffic > 0.0 && traffic <= 1.0 && days > 0.0 {
                    Ok(total_users / (traffic * days))
                } else {
                    Err(Degenerate::BadParameter)
                }
            }
        }
    }
}

/// The difference of treatment `b` from control `a`.
///
/// Absolute: variance vb/nb + va/na. Relative: (mb - ma) / ma with the delta method's vb/nb/ma^2 + va/na mb^2/ma^4.
/// With CUPED sums in both arms both are adjusted by the pooled coefficient.
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it; a relative difference needs a control mean above zero.
pub fn estimate(a: &Statistic, b: &Statistic, difference: Difference) -> Result<Estimate, Degenerate> {
    let made = match (a, b) {
        (Statistic::Cuped(a), Statistic::Cuped(b)) => adjusted(a, b, difference)?,
        (Statistic::Proportion(_), Statistic::Proportion(_))
        | (Statistic::Mean(_), Statistic::Mean(_))
        | (Statistic::Ratio(_), Statistic::Ratio(_)) => plain(a.summary()?, b.summary()?, difference)?,
        _ => return Err(Degenerate::MixedKinds),
    };
    finite(&[made.point, made.variance, made.df])?;
    if made.variance <= 0.0 { Err(Degenerate::ZeroVariance) } else { Ok(made) }
}

fn plain(a: Summary, b: Summary, difference: Difference) -> Result<Estimate, Degenerate> {
    let (va, vb) = (a.variance / a.n, b.variance / b.n);
    let (point, variance) = match difference {
        Difference::Relative => {
            let base = positive(a.mean)?;
            ((b.mean - base) / base, vb / base.powi(2) + va * b.mean.powi(2) / base.powi(4))
        }
        _ => {
            let factor = difference.factor()?;
            ((b.mean - a.mean) * factor, (vb + va) * factor * factor)
        }
    };
    let df = welch_satterthwaite(a.variance, a.n, b.variance, b.n);
    Ok(Estimate { point, variance, df, n: a.n + b.n, control_mean: a.mean, theta: None })
}

/// The adjusted difference. The relative form divides by the unadjusted control mean and has a variance of its own:
/// v_b(theta) / (n_b ma^2) + (v_post,a mb^2/ma^2 - 2 theta cov_a mb/ma + theta^2 v_pre,a) / (n_a ma^2).
fn adjusted(a: &cuped::CupedSums, b: &cuped::CupedSums, difference: Difference) -> Result<Estimate, Degenerate> {
    let theta = cuped::theta(a, b)?;
    let (a, b) = (a.moments()?, b.moments()?);
    let (va, vb) = (a.variance(theta), b.variance(theta));
    let distance = b.mean(theta) - a.mean(theta);
    let (point, variance) = match difference {
        Difference::Relative => {
            let base = positive(a.post)?;
            let ratio = b.post / base;
            let control = a.var_post * ratio * ratio - 2.0 * theta * a.covariance * ratio + theta * theta * a.var_pre;
            (distance / base, vb / (b.n * base * base) + control / (a.n * base * base))
        }
        _ => {
            let factor = difference.factor()?;
            (distance * factor, (vb / b.n + va / a.n) * factor * factor)
        }
    };
    let df = welch_satterthwaite(va, a.n, vb, b.n);
    Ok(Estimate { point, variance, df, n: a.n + b.n, control_mean: a.post, theta: Some(theta) })
}

fn positive(mean: f64) -> Result<f64, Degenerate> {
    if mean > 0.0 { Ok(mean) } else { Err(Degenerate::BaselineNotPositive) }
}

/// (va/na + vb/nb)^2 / ((va/na)^2 / (na - 1) + (vb/nb)^2 / (nb - 1)).
fn welch_satterthwaite(va: f64, na: f64, vb: f64, nb: f64) -> f64 {
    let (a, b) = (va / na, vb / nb);
    (a + b).powi(2) / (a * a / (na - 1.0) + b * b / (nb - 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::statistic::{MeanSums, ProportionSums};
    use super::*;

    #[test]
    fn a_relative_effect_needs_a_positive_baseline() {
        let arm = |sum| Statistic::Mean(MeanSums { n: 100.0, sum, sum_squares: 500.0, shift: 0.0 });
        assert_eq!(estimate(&arm(-50.0), &arm(20.0), Difference::Relative), Err(Degenerate::BaselineNotPositive));
        assert_eq!(estimate(&arm(0.0), &arm(20.0), Difference::Relative), Err(Degenerate::BaselineNotPositive));
        assert!(estimate(&arm(-50.0), &arm(20.0), Difference::Absolute).is_ok());
    }

    #[test]
    fn kinds_do_not_mix_and_scales_are_checked() {
        let share = Statistic::Proportion(ProportionSums { n: 100.0, sum: 10.0 });
        let mean = Statistic::Mean(MeanSums { n: 100.0, sum: 10.0, sum_squares: 50.0, shift: 0.0 });
        assert_eq!(estimate(&share, &mean, Difference::Absolute), Err(Degenerate::MixedKinds));
        let scaled = Difference::Scaled { total_users: 200.0, traffic: 0.0, days: 7.0 };
        assert_eq!(estimate(&share, &share, scaled), Err(Degenerate::BadParameter));
    }

    #[test]
    fn scaled_is_absolute_times_the_audience_per_day() {
        let a = Statistic::Proportion(ProportionSums { n: 1000.0, sum: 100.0 });
        let b = Statistic::Proportion(ProportionSums { n: 1000.0, sum: 120.0 });
        let absolute = estimate(&a, &b, Difference::Absolute).unwrap();
        let scale = Difference::Scaled { total_users: 2000.0, traffic: 0.5, days: 10.0 };
        let scaled = estimate(&a, &b, scale).unwrap();
        assert!((scaled.point - 400.0 * absolute.point).abs() < 1e-9);
        assert!((scaled.variance - 160_000.0 * absolute.variance).abs() < 1e-9);
    }
}
