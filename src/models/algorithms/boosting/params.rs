//! How to boost: checked before it runs.

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{ArrayBase, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::{Boosting, grow};

/// How to boost, unchecked.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `depth` | 3 | splits between root and leaf: how many features may act together | 1..=8 |
/// | `rounds` | 150 | trees | 1..=5000 |
/// | `rate` | 0.05 | share of each tree's answer that is added | 0..=1 |
/// | `l2` | 1 | penalty of a leaf's answer | >= 0 |
/// | `least` | 5 | least sum of p (1 - p) on either side of a split: about four rows each at p = 1/2 | >= 0 |
/// | `rows` | 0.8 | share of the rows that each tree sees | 0..=1 |
/// | `columns` | 0.8 | share of the columns that each tree sees | 0..=1 |
/// | `bins` | 128 | quantile bins of a column, between which it may be split | 2..=255 |
/// | `seed` | 1 | draws rows and columns | |
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoostingParams(BoostingValidParams);

/// How to boost, checked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoostingValidParams {
    /// Splits between root and leaf.
    pub(super) depth: usize,
    /// Trees.
    pub(super) rounds: usize,
    /// Share of each tree's answer that is added.
    pub(super) rate: f64,
    /// Penalty of a leaf's answer.
    pub(super) l2: f64,
    /// Least sum of p (1 - p) on either side of a split.
    pub(super) least: f64,
    /// Share of the rows that each tree sees.
    pub(super) rows: f64,
    /// Share of the columns that each tree sees.
    pub(super) columns: f64,
    /// Quantile bins of a column.
    pub(super) bins: usize,
    /// Draws rows and columns.
    pub(super) seed: u64,
}

/// Why trees could not be grown.
#[derive(Debug, thiserror::Error)]
pub enum BoostingError {
    /// A hyper-parameter outside its range.
    #[error("{name} = {value} is outside {range}")]
    Range {
        /// Which.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// Labels that are not as many as the rows, or weights.
    #[error("{labels} labels stand beside {rows} rows")]
    Count {
        /// Labels or weights.
        labels: usize,
        /// Rows.
        rows: usize,
    },
    /// Nothing to tell apart.
    #[error("{events} of {rows} rows are events; both classes are needed")]
    OneClass {
        /// Events.
        events: usize,
        /// Rows.
        rows: usize,
    },
    /// From linfa.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl Default for BoostingValidParams {
    fn default() -> Self {
        BoostingValidParams {
            depth: 3,
            rounds: 150,
            rate: 0.05,
            l2: 1.0,
            least: 5.0,
            rows: 0.8,
            columns: 0.8,
            bins: 128,
            seed: 1,
        }
    }
}

impl BoostingParams {
    /// The defaults.
    pub fn new() -> BoostingParams {
        BoostingParams::default()
    }

    /// Splits between root and leaf.
    #[must_use]
    pub fn depth(mut self, depth: usize) -> BoostingParams {
        self.0.depth = depth;
        self
    }

    /// Trees, and the share of each one's answer that is added.
    #[must_use]
    pub fn rounds(mut self, rounds: usize, rate: f64) -> BoostingParams {
        (self.0.rounds, self.0.rate) = (rounds, rate);
        self
    }

    /// Shares of the rows and of the columns that each tree sees.
    #[must_use]
    pub fn shares(mut self, rows: f64, columns: f64) -> BoostingParams {
        (self.0.rows, self.0.columns) = (rows, columns);
        self
    }

    /// What rows and columns are drawn from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> BoostingParams {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for BoostingParams {
    type Checked = BoostingValidParams;
    type Error = BoostingError;

    fn check_ref(&self) -> Result<&BoostingValidParams, BoostingError> {
        let p = &self.0;
        let share = |value: f64| value > 0.0 && value <= 1.0;
        for (good, name, value, range) in [
            ((1..=8).contains(&p.depth), "depth", p.depth as f64, "1..8"),
            ((1..=5000).contains(&p.rounds), "rounds", p.rounds as f64, "1..5000"),
            (share(p.rate), "rate", p.rate, "0..1"),
            (p.l2 >= 0.0 && p.l2.is_finite(), "l2", p.l2, "0.."),
            (p.least >= 0.0 && p.least.is_finite(), "least", p.least, "0.."),
            (share(p.rows), "rows", p.rows, "0..1"),
            (share(p.columns), "columns", p.columns, "0..1"),
            ((2..=255).contains(&p.bins), "bins", p.bins as f64, "2..255"),
        ] {
            if !good {
                return Err(BoostingError::Range { name, value, range });
            }
        }
        Ok(p)
    }

    fn check(self) -> Result<BoostingValidParams, BoostingError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A value that is not a finite number counts as missing. The weights of the data set are those of its rows.
impl<D, T> Fit<ArrayBase<D, Ix2>, T, BoostingError> for BoostingValidParams
where
    D: Data<Elem = f64>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = Boosting;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Boosting, BoostingError> {
        let happened = dataset.targets.as_single_targets().to_vec();
        let rows = dataset.records.nrows();
        if happened.len() != rows {
            return Err(BoostingError::Count { labels: happened.len(), rows });
        }
        let events = happened.iter().filter(|&&y| y).count();
        if events == 0 || events == rows {
            return Err(BoostingError::OneClass { events, rows });
        }
        let weights = dataset.weights();
        if let Some(weights) = weights.filter(|weights| weights.len() != rows) {
            return Err(BoostingError::Count { labels: weights.len(), rows });
        }
        Ok(grow::boost(self, dataset.records.view(), &happened, weights))
    }
}
