//! Sufficient statistics of one arm: what SQL sums, and all that inference needs.

use serde::{Deserialize, Serialize};

use super::cuped::CupedSums;
use super::degenerate::{Degenerate, finite};

/// Whole numbers above this are not exact in a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The sums of one arm, by kind of metric. One unit is one assigned customer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Statistic {
    /// A share: converted or not.
    Proportion(ProportionSums),
    /// An amount per unit.
    Mean(MeanSums),
    /// A quotient of two amounts per unit, such as margin per order.
    Ratio(RatioSums),
    /// An amount per unit, adjusted by the same amount before the assignment.
    Cuped(CupedSums),
}

/// Units and successes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProportionSums {
    /// Units.
    pub n: f64,
    /// Units that converted.
    pub sum: f64,
}

/// Units, sum and sum of squares, all of `value - shift`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanSums {
    /// Units.
    pub n: f64,
    /// Sum of (value - shift).
    pub sum: f64,
    /// Sum of (value - shift)^2.
    pub sum_squares: f64,
    /// What was taken from each value before summing; keeps the variance when the mean is large against it.
    #[serde(default)]
    pub shift: f64,
}

/// Sums of a numerator m and a denominator d per unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatioSums {
    /// Units.
    pub n: f64,
    /// Sum of m.
    pub m_sum: f64,
    /// Sum of m^2.
    pub m_sum_squares: f64,
    /// Sum of d.
    pub d_sum: f64,
    /// Sum of d^2.
    pub d_sum_squares: f64,
    /// Sum of m d.
    pub m_d_sum_of_products: f64,
}

/// What a test needs from one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Units.
    pub n: f64,
    /// The estimate.
    pub mean: f64,
    /// The variance of one unit, so that variance / n is the estimate's.
    pub variance: f64,
}

impl Statistic {
    /// Mean and unit variance: of a proportion m(1 - m), of a mean the sample variance, of a ratio the delta method's
    /// vM / D^2 + vD M^2 / D^4 - 2 cov M / D^3, of an adjusted mean that of the outcome alone.
    ///
    /// # Errors
    /// [`Degenerate`] when the sums cannot carry it.
    pub fn summary(&self) -> Result<Summary, Degenerate> {
        match self {
            Statistic::Proportion(sums) => sums.summary(),
            Statistic::Mean(sums) => sums.summary(),
            Statistic::Ratio(sums) => sums.summary(),
            Statistic::Cuped(sums) => sums.post().summary(),
        }
    }

    /// Units.
    pub fn n(&self) -> f64 {
        match self {
            Statistic::Proportion(sums) => sums.n,
            Statistic::Mean(sums) => sums.n,
            Statistic::Ratio(sums) => sums.n,
            Statistic::Cuped(sums) => sums.n,
        }
    }
}

/// A count that is whole, not negative, exact, and at least two.
pub(crate) fn check_count(n: f64) -> Result<(), Degenerate> {
    finite(&[n])?;
    if n < 0.0 || n.fract() != 0.0 {
        return Err(Degenerate::ImpossibleSums);
    }
    if n > EXACT {
        return Err(Degenerate::CountTooLarge);
    }
    if n < 2.0 { Err(Degenerate::TooFewUnits) } else { Ok(()) }
}

/// Sample variance (sum_squares - sum^2 / n) / (n - 1), or why rounding has eaten it.
///
/// A sum of n rounded terms carries a relative error of some 1e-16; what is left after the subtraction must stand a million
/// times above that to be right to six digits.
pub(crate) fn variance(n: f64, sum: f64, sum_squares: f64) -> Result<f64, Degenerate> {
    finite(&[sum, sum_squares])?;
    let centred = sum_squares - sum * sum / n;
    let noise = sum_squares * f64::EPSILON;
    if sum_squares < 0.0 || centred < -1e3 * noise {
        Err(Degenerate::ImpossibleSums)
    } else if centred <= 4.0 * noise {
        Err(Degenerate::ZeroVariance)
    } else if centred < 1e6 * noise {
        Err(Degenerate::PrecisionLost)
    } else {
        Ok(centred / (n - 1.0))
    }
}

impl ProportionSums {
    fn summary(&self) -> Result<Summary, Degenerate> {
        check_count(self.n)?;
        finite(&[self.sum])?;
        if self.sum < 0.0 || self.sum > self.n {
            return Err(Degenerate::ImpossibleSums);
        }
        let mean = self.sum / self.n;
        if mean == 0.0 || mean == 1.0 {
            return Err(Degenerate::ZeroVariance);
        }
        Ok(Summary { n: self.n, mean, variance: mean * (1.0 - mean) })
    }
}

impl MeanSums {
    /// The sums of these values, shifted by the first, in the order given.
    pub fn of(values: impl IntoIterator<Item = f64>) -> MeanSums {
        let mut sums = MeanSums { n: 0.0, sum: 0.0, sum_squares: 0.0, shift: 0.0 };
        for value in values {
            if sums.n == 0.0 {
                sums.shift = value;
            }
            let centred = value - sums.shift;
            sums.n += 1.0;
            sums.sum += centred;
            sums.sum_squares += centred * centred;
        }
        sums
    }

    /// The sums of both parts, with this one's shift.
    #[must_use]
    pub fn plus(self, other: MeanSums) -> MeanSums {
        if self.n == 0.0 {
            return other;
        }
        let move_by = other.shift - self.shift;
        MeanSums {
            n: self.n + other.n,
            sum: self.sum + other.sum + other.n * move_by,
            sum_squares: self.sum_squares + other.sum_squares + 2.0 * move_by * other.sum + other.n * move_by * move_by,
            shift: self.shift,
        }
    }

    pub(crate) fn summary(&self) -> Result<Summary, Degenerate> {
        check_count(self.n)?;
        finite(&[self.shift])?;
        let variance = variance(self.n, self.sum, self.sum_squares)?;
        let mean = self.shift + self.sum / self.n;
        finite(&[mean, variance])?;
        Ok(Summary { n: self.n, mean, variance })
    }
}

impl RatioSums {
    fn summary(&self) -> Result<Summary, Degenerate> {
        check_count(self.n)?;
        let n = self.n;
        finite(&[self.m_d_sum_of_products])?;
        if self.d_sum <= 0.0 {
            return Err(Degenerate::DenominatorNotPositive);
        }
        let var_m = variance(n, self.m_sum, self.m_sum_squares)?;
        // A denominator that is the same for everybody makes the ratio a plain mean.
        let var_d = match variance(n, self.d_sum, self.d_sum_squares) {
            Err(Degenerate::ZeroVariance) => 0.0,
            other => other?,
        };
        let covariance = (self.m_d_sum_of_products - self.m_sum * self.d_sum / n) / (n - 1.0);
        let (m, d) = (self.m_sum / n, self.d_sum / n);
        let variance = var_m / d.powi(2) + var_d * m * m / d.powi(4) - 2.0 * covariance * m / d.powi(3);
        finite(&[variance])?;
        if variance <= 0.0 {
            return Err(Degenerate::ZeroVariance);
        }
        Ok(Summary { n, mean: self.m_sum / self.d_sum, variance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifted_sums_keep_six_digits_at_mean_a_million() {
        let values: Vec<f64> = (0..10_000).map(|i| 1e6 + f64::from(i % 3) - 1.0).collect();
        let (left, right) = values.split_at(4_321);
        let whole = MeanSums::of(values.iter().copied()).summary().unwrap();
        let parts = MeanSums::of(left.iter().copied()).plus(MeanSums::of(right.iter().copied())).summary().unwrap();
        let exact = values.iter().map(|v| (v - 1e6).powi(2)).sum::<f64>() / 9_999.0;
        for summary in [whole, parts] {
            assert!((summary.variance - exact).abs() < 1e-6 && (summary.mean - 1e6).abs() < 1e-3);
        }
    }

    #[test]
    fn unshifted_sums_that_lost_the_variance_are_refused() {
        let n = 1e6;
        let sums = MeanSums { n, sum: n * 1e6, sum_squares: n * (1e12 + 1.0), shift: 0.0 };
        assert_eq!(sums.summary(), Err(Degenerate::PrecisionLost));
    }

    #[test]
    fn degenerate_sums_have_names() {
        let proportion = |n, sum| Statistic::Proportion(ProportionSums { n, sum }).summary();
        assert_eq!(proportion(0.0, 0.0), Err(Degenerate::TooFewUnits));
        assert_eq!(proportion(1.0, 1.0), Err(Degenerate::TooFewUnits));
        assert_eq!(proportion(10.0, 10.0), Err(Degenerate::ZeroVariance));
        assert_eq!(proportion(10.0, 11.0), Err(Degenerate::ImpossibleSums));
        assert_eq!(proportion(-3.0, 0.0), Err(Degenerate::ImpossibleSums));
        assert_eq!(proportion(1e17, 5.0), Err(Degenerate::CountTooLarge));
        assert_eq!(proportion(f64::NAN, 5.0), Err(Degenerate::NotFinite));
        let mean = |sum, sum_squares| MeanSums { n: 100.0, sum, sum_squares, shift: 0.0 }.summary();
        assert_eq!(mean(100.0, 100.0), Err(Degenerate::ZeroVariance));
        assert_eq!(mean(100.0, 50.0), Err(Degenerate::ImpossibleSums));
        assert_eq!(mean(f64::INFINITY, 50.0), Err(Degenerate::NotFinite));
    }
}
