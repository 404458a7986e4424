//! How to look for groups, and what stands in the way.

use linfa::param_guard::ParamGuard;
use thiserror::Error;

/// How to look for groups; made by [`super::KMeans::params`], usable after [`ParamGuard::check`].
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `count` | | number of groups | 1.. |
/// | `starts` | 10 | fits from different starting centres; the best is kept | 1.. |
/// | `rounds` | 300 | at most so many rounds of Lloyd a fit | 1.. |
/// | `tolerance` | 1e-5 | a fit ends when the centres move less: squared, all together, in mean variances of the columns | >= 0 |
/// | `seed` | 1 | sample and starting centres depend on it alone | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KMeansParams(KMeansValidParams);

/// Checked [`KMeansParams`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KMeansValidParams {
    count: usize,
    starts: usize,
    rounds: usize,
    tolerance: f64,
    seed: u64,
}

impl KMeansParams {
    pub(super) fn new(count: usize) -> KMeansParams {
        KMeansParams(KMeansValidParams { count, starts: 10, rounds: 300, tolerance: 1e-5, seed: 1 })
    }

    /// Fits from different starting centres.
    #[must_use]
    pub fn starts(mut self, starts: usize) -> KMeansParams {
        self.0.starts = starts;
        self
    }

    /// Most rounds in one fit.
    #[must_use]
    pub fn rounds(mut self, rounds: usize) -> KMeansParams {
        self.0.rounds = rounds;
        self
    }

    /// The fit ends when the centres move less than this.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> KMeansParams {
        self.0.tolerance = tolerance;
        self
    }

    /// What sample and starting centres are drawn from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> KMeansParams {
        self.0.seed = seed;
        self
    }
}

impl KMeansValidParams {
    /// Number of groups.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Fits from different starting centres.
    pub fn starts(&self) -> usize {
        self.starts
    }

    /// Most rounds in one fit.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// The fit ends when the centres move less than this.
    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// What sample and starting centres are drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl ParamGuard for KMeansParams {
    type Checked = KMeansValidParams;
    type Error = KMeansError;

    fn check_ref(&self) -> Result<&KMeansValidParams, KMeansError> {
        let params = &self.0;
        for (good, fault) in [
            (params.count > 0, "k-means needs at least one group"),
            (params.starts > 0, "k-means needs at least one start"),
            (params.rounds > 0, "k-means needs at least one round"),
            (params.tolerance >= 0.0, "the tolerance of k-means must not be below 0"),
        ] {
            if !good {
                return Err(KMeansError::Parameter(fault));
            }
        }
        Ok(params)
    }

    fn check(self) -> Result<KMeansValidParams, KMeansError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// What stands in the way of groups.
#[derive(Debug, Error)]
pub enum KMeansError {
    /// A parameter is outside its range.
    #[error("{0}")]
    Parameter(&'static str),
    /// There are fewer rows than groups.
    #[error("{rows} rows cannot make {count} groups")]
    TooFewRows {
        /// Rows there are.
        rows: usize,
        /// Groups asked for.
        count: usize,
    },
    /// A value has no place among the others.
    #[error("a value to be grouped is not a finite number")]
    NotFinite,
    /// What linfa says.
    #[error(transparent)]
    Linfa(#[from] linfa::error::Error),
}

impl From<KMeansError> for crate::Error {
    fn from(error: KMeansError) -> crate::Error {
        match error {
            KMeansError::Linfa(error) => crate::Error::internal("the groups could not be fitted").caused_by(error),
            other => crate::Error::invalid(other.to_string()),
        }
    }
}
