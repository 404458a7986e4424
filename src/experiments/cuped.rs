//! CUPED: the outcome less what the same measure before the assignment already told (Deng, Xu, Kohavi, Walker 2013).

use serde::{Deserialize, Serialize};

use super::degenerate::{Degenerate, finite};
use super::statistic::{MeanSums, check_count};

/// Sums of the outcome (post) and of the covariate (pre), which must have been measured before the assignment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CupedSums {
    /// Units.
    pub n: f64,
    /// Sum of the outcome.
    pub post_sum: f64,
    /// Sum of its squares.
    pub post_sum_squares: f64,
    /// Sum of the covariate.
    pub pre_sum: f64,
    /// Sum of its squares.
    pub pre_sum_squares: f64,
    /// Sum of outcome x covariate.
    pub post_pre_sum_of_products: f64,
}

/// One arm's means, variances and covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CupedMoments {
    pub n: f64,
    pub post: f64,
    pub pre: f64,
    pub var_post: f64,
    pub var_pre: f64,
    pub covariance: f64,
}

impl CupedSums {
    /// The outcome alone.
    pub fn post(&self) -> MeanSums {
        MeanSums { n: self.n, sum: self.post_sum, sum_squares: self.post_sum_squares, shift: 0.0 }
    }

    /// The covariate alone.
    pub fn pre(&self) -> MeanSums {
        MeanSums { n: self.n, sum: self.pre_sum, sum_squares: self.pre_sum_squares, shift: 0.0 }
    }

    fn covariance(&self) -> f64 {
        (self.post_pre_sum_of_products - self.post_sum * self.pre_sum / self.n) / (self.n - 1.0)
    }

    pub(crate) fn moments(&self) -> Result<CupedMoments, Degenerate> {
        let post = self.post().summary()?;
        // A covariate that is the same for all adjusts nothing; that is no fault.
        let var_pre = match self.pre().summary() {
            Ok(pre) => pre.variance,
            Err(Degenerate::ZeroVariance) => 0.0,
            Err(other) => return Err(other),
        };
        let covariance = self.covariance();
        finite(&[covariance])?;
        // Cauchy-Schwarz, with room for rounding.
        if covariance * covariance > post.variance * var_pre * (1.0 + 1e-6) + 1e-12 {
            return Err(Degenerate::ImpossibleSums);
        }
        Ok(CupedMoments {
            n: self.n,
            post: post.mean,
            pre: self.pre_sum / self.n,
            var_post: post.variance,
            var_pre,
            covariance,
        })
    }
}

impl CupedMoments {
    /// The adjusted mean, post - theta pre.
    pub fn mean(&self, theta: f64) -> f64 {
        self.post - theta * self.pre
    }

    /// The adjusted variance, v_post + theta^2 v_pre - 2 theta cov.
    pub fn variance(&self, theta: f64) -> f64 {
        self.var_post + theta * theta * self.var_pre - 2.0 * theta * self.covariance
    }
}

/// theta = cov(post, pre) / var(pre) over both arms pooled (sums added, one variance); 0 when the covariate does not vary.
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it.
pub fn theta(a: &CupedSums, b: &CupedSums) -> Result<f64, Degenerate> {
    let pooled = CupedSums {
        n: a.n + b.n,
        post_sum: a.post_sum + b.post_sum,
        post_sum_squares: a.post_sum_squares + b.post_sum_squares,
        pre_sum: a.pre_sum + b.pre_sum,
        pre_sum_squares: a.pre_sum_squares + b.pre_sum_squares,
        post_pre_sum_of_products: a.post_pre_sum_of_products + b.post_pre_sum_of_products,
    };
    check_count(pooled.n)?;
    match pooled.pre().summary() {
        Ok(pre) => {
            let theta = pooled.covariance() / pre.variance;
            finite(&[theta])?;
            Ok(theta)
        }
        Err(Degenerate::ZeroVariance) => Ok(0.0),
        Err(other) => Err(other),
    }
}

/// How far the covariate can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CupedHealth {
    /// Two-sided p-value of the difference of the covariate between the arms; before the assignment there must be none.
    pub pre_period_p_value: f64,
    /// The adjusted and the plain estimate point in different directions.
    pub sign_flips: bool,
    /// Share of the variance that the covariate explains, in the pooled arms.
    pub variance_explained: f64,
}

impl CupedHealth {
    /// True when a person should look before believing the adjusted effect.
    pub fn warns(&self) -> bool {
        self.pre_period_p_value < 0.01 || self.sign_flips
    }
}

/// Compares the arms before the assignment, and the effect with and without adjustment.
///
/// # Errors
/// [`Degenerate`] when the sums cannot carry it, also when the covariate does not vary.
pub fn health(a: &CupedSums, b: &CupedSums) -> Result<CupedHealth, Degenerate> {
    use super::{Difference, Level, Sides, Statistic, frequentist};
    let pre = frequentist::welch(
        &Statistic::Mean(a.pre()),
        &Statistic::Mean(b.pre()),
        Difference::Absolute,
        Level::FIVE_PERCENT,
        Sides::Two,
    )?;
    let theta = theta(a, b)?;
    let (ma, mb) = (a.moments()?, b.moments()?);
    let (plain, adjusted) = (mb.post - ma.post, mb.mean(theta) - ma.mean(theta));
    let before = ma.var_post + mb.var_post;
    Ok(CupedHealth {
        pre_period_p_value: pre.p_value,
        sign_flips: plain * adjusted < 0.0,
        variance_explained: 1.0 - (ma.variance(theta) + mb.variance(theta)) / before,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_covariate_adjusts_nothing() {
        let arm = |post_sum: f64| CupedSums {
            n: 100.0,
            post_sum,
            post_sum_squares: 4.0 * post_sum,
            pre_sum: 300.0,
            pre_sum_squares: 900.0,
            post_pre_sum_of_products: 3.0 * post_sum,
        };
        assert_eq!(theta(&arm(100.0), &arm(120.0)), Ok(0.0));
        assert_eq!(health(&arm(100.0), &arm(120.0)), Err(Degenerate::ZeroVariance));
    }

    #[test]
    fn impossible_products_are_refused() {
        let arm = CupedSums {
            n: 100.0,
            post_sum: 100.0,
            post_sum_squares: 300.0,
            pre_sum: 100.0,
            pre_sum_squares: 300.0,
            post_pre_sum_of_products: 5_000.0,
        };
        assert_eq!(arm.moments(), Err(Degenerate::ImpossibleSums));
    }
}
