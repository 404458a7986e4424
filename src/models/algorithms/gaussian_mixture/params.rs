//! How to fit a mixture, and what stands in the way.

use linfa::param_guard::ParamGuard;
use thiserror::Error;

use crate::models::algorithms::k_means::KMeansError;

/// How to fit a mixture; made by [`super::GaussianMixture::params`], usable after [`ParamGuard::check`].
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `count` | | number of groups | 1.. |
/// | `starts` | 10 | starts of k-means, whose groups the fit begins with | 1.. |
/// | `rounds` | 200 | at most so many rounds | 1.. |
/// | `tolerance` | 1e-5 | the fit ends when a round gains less, in nats a row | >= 0 |
/// | `ridge` | 1e-3 | added to each variance (columns scaled to deviation 1) | > 0 |
/// | `seed` | 1 | the start depends on it alone | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixtureParams(MixtureValidParams);

/// Checked [`MixtureParams`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixtureValidParams {
    count: usize,
    starts: usize,
    rounds: usize,
    tolerance: f64,
    ridge: f64,
    seed: u64,
}

impl MixtureParams {
    pub(super) fn new(count: usize) -> MixtureParams {
        MixtureParams(MixtureValidParams { count, starts: 10, rounds: 200, tolerance: 1e-5, ridge: 1e-3, seed: 1 })
    }

    /// Starts of k-means.
    #[must_use]
    pub fn starts(mut self, starts: usize) -> MixtureParams {
        self.0.starts = starts;
        self
    }

    /// Most rounds.
    #[must_use]
    pub fn rounds(mut self, rounds: usize) -> MixtureParams {
        self.0.rounds = rounds;
        self
    }

    /// The least gain of a round, in nats a row.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> MixtureParams {
        self.0.tolerance = tolerance;
        self
    }

    /// What is added to each variance.
    #[must_use]
    pub fn ridge(mut self, ridge: f64) -> MixtureParams {
        self.0.ridge = ridge;
        self
    }

    /// What the start is drawn from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> MixtureParams {
        self.0.seed = seed;
        self
    }
}

impl MixtureValidParams {
    /// Number of groups.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Starts of k-means.
    pub fn starts(&self) -> usize {
        self.starts
    }

    /// Most rounds.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// The least gain of a round, in nats a row.
    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// What is added to each variance.
    pub fn ridge(&self) -> f64 {
        self.ridge
    }

    /// What the start is drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl ParamGuard for MixtureParams {
    type Checked = MixtureValidParams;
    type Error = MixtureError;

    fn check_ref(&self) -> Result<&MixtureValidParams, MixtureError> {
        let params = &self.0;
        for (good, fault) in [
            (params.count > 0, "a mixture needs at least one group"),
            (params.rounds > 0, "a mixture needs at least one round"),
            (params.tolerance >= 0.0, "the tolerance of a mixture must not be below 0"),
            (params.ridge > 0.0 && params.ridge.is_finite(), "the ridge of a mixture must be above 0"),
        ] {
            if !good {
                return Err(MixtureError::Parameter(fault));
            }
        }
        Ok(params)
    }

    fn check(self) -> Result<MixtureValidParams, MixtureError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// What stands in the way of a mixture.
#[derive(Debug, Error)]
pub enum MixtureError {
    /// A parameter is outside its range.
    #[error("{0}")]
    Parameter(&'static str),
    /// The start could not be found.
    #[error(transparent)]
    Start(#[from] KMeansError),
    /// What linfa says.
    #[error(transparent)]
    Linfa(#[from] linfa::error::Error),
}

impl From<MixtureError> for crate::Error {
    fn from(error: MixtureError) -> crate::Error {
        match error {
            MixtureError::Parameter(fault) => crate::Error::invalid(fault),
            MixtureError::Start(error) => error.into(),
            MixtureError::Linfa(error) => crate::Error::internal("the mixture could not be fitted").caused_by(error),
        }
    }
}
