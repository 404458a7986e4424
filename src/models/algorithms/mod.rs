//! The estimators, each a pure function of matrices and a seed.

pub mod boosting;
pub mod gaussian_mixture;
pub mod k_means;
pub mod logistic;
pub mod minimise;
pub mod newton;
pub mod quantile_bins;
pub mod sparse_logistic;

/// The logistic function, without overflow on either side.
pub fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

/// The log-odds of a probability, which is kept 1e-9 away from 0 and 1.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    (p / (1.0 - p)).ln()
}
