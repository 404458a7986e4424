//! Sample ratio mismatch: are the arms as large as planned? If not, nothing else of the experiment can be believed.

use serde::Serialize;
use statrs::function::gamma::ln_gamma;

use super::degenerate::{Degenerate, finite};
use super::distribution::chi_square_sf;

/// Below this p-value no verdict is given.
pub const BLOCKS_BELOW: f64 = 0.001;

/// The chi-square test says something only from this expected count per arm on.
pub const LEAST_EXPECTED: f64 = 5.0;

/// The chi-square test of the arms' sizes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SampleRatio {
    /// Sum of (observed - expected)^2 / expected.
    pub chi_square: f64,
    /// Arms with a planned share, less one.
    pub df: f64,
    /// Probability of sizes at least as far from the plan.
    pub p_value: f64,
    /// The smallest expected count of an arm.
    pub least_expected: f64,
}

impl SampleRatio {
    /// True when the assignment is broken. Never true where too few are expected per arm to tell.
    pub fn mismatch(&self) -> bool {
        self.p_value < BLOCKS_BELOW && self.least_expected >= LEAST_EXPECTED
    }
}

/// Arms with a planned share above zero, as (observed, share of the whole).
fn planned(users: &[f64], weights: &[f64]) -> Result<Vec<(f64, f64)>, Degenerate> {
    finite(users)?;
    finite(weights)?;
    if users.len() != weights.len() {
        return Err(Degenerate::MixedKinds);
    }
    if users.iter().any(|u| *u < 0.0 || u.fract() != 0.0) || weights.iter().any(|w| *w < 0.0) {
        return Err(Degenerate::ImpossibleSums);
    }
    if users.iter().any(|u| *u > 9_007_199_254_740_992.0) {
        return Err(Degenerate::CountTooLarge);
    }
    if users.iter().zip(weights).any(|(u, w)| *w == 0.0 && *u > 0.0) {
        return Err(Degenerate::UnplannedArm);
    }
    let whole: f64 = weights.iter().sum();
    let arms: Vec<_> = users.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(u, w)| (*u, w / whole)).collect();
    if arms.len() < 2 { Err(Degenerate::TooFewArms) } else { Ok(arms) }
}

/// Pearson's chi-square of the arms' sizes `users` against the planned `weights` (any scale), over the arms that were planned
/// to get somebody.
///
/// # Errors
/// [`Degenerate`] for impossible counts, fewer than two planned arms, nobody at all, or units in an unplanned arm.
pub fn check(users: &[f64], weights: &[f64]) -> Result<SampleRatio, Degenerate> {
    let arms = planned(users, weights)?;
    let total: f64 = arms.iter().map(|(u, _)| u).sum();
    if total < 2.0 {
        return Err(Degenerate::TooFewUnits);
    }
    let chi_square = arms.iter().map(|(u, share)| (u - total * share).powi(2) / (total * share)).sum();
    let df = arms.len() as f64 - 1.0;
    let least_expected = arms.iter().map(|(_, share)| total * share).fold(f64::INFINITY, f64::min);
    Ok(SampleRatio { chi_square, df, p_value: chi_square_sf(chi_square, df), least_expected })
}

/// A sample ratio test that may be looked at after every unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SequentialSampleRatio {
    /// Log of the Bayes factor against the planned shares.
    pub log_bayes_factor: f64,
    /// min(1, 1 / factor); the test's p-value is the smallest over all looks so far.
    pub p_value: f64,
}

/// Dirichlet-multinomial Bayes factor against the planned shares (Lindon, Malek 2020), with prior K w_i for K arms:
/// ln BF = ln G(A) - ln G(A + N) + sum(ln G(a_i + n_i) - ln G(a_i)) - sum n_i ln w_i, A = sum a_i = K.
///
/// # Errors
/// As [`check`], except that nobody at all is no evidence (p = 1).
pub fn check_sequentially(users: &[f64], weights: &[f64]) -> Result<SequentialSampleRatio, Degenerate> {
    let arms = planned(users, weights)?;
    let k = arms.len() as f64;
    let total: f64 = arms.iter().map(|(u, _)| u).sum();
    let mut log = ln_gamma(k) - ln_gamma(k + total);
    for (n, share) in &arms {
        let prior = k * share;
        log += ln_gamma(prior + n) - ln_gamma(prior) - n * share.ln();
    }
    finite(&[log])?;
    Ok(SequentialSampleRatio { log_bayes_factor: log, p_value: (-log).exp().min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_experiment_is_not_called_broken() {
        let made = check(&[8.0, 0.0], &[0.5, 0.5]).unwrap();
        assert!(made.p_value < 0.01 && !made.mismatch());
        assert!(check(&[5_000.0, 5_500.0], &[0.5, 0.5]).unwrap().mismatch());
    }

    #[test]
    fn degenerate_plans_have_names() {
        assert_eq!(check(&[10.0, 10.0], &[1.0, 0.0]), Err(Degenerate::UnplannedArm));
        assert_eq!(check(&[10.0, 0.0], &[1.0, 0.0]), Err(Degenerate::TooFewArms));
        assert_eq!(check(&[0.0, 0.0], &[1.0, 1.0]), Err(Degenerate::TooFewUnits));
        assert_eq!(check(&[10.0], &[1.0, 1.0]), Err(Degenerate::MixedKinds));
        assert_eq!(check(&[10.5, 9.0], &[1.0, 1.0]), Err(Degenerate::ImpossibleSums));
        assert_eq!(check_sequentially(&[0.0, 0.0], &[1.0, 1.0]).unwrap().p_value, 1.0);
    }
}
