//! How to fit a logistic regression: checked before it runs.

use linfa::DatasetBase;
use linfa::ParamGuard;
use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use ndarray::{ArrayBase, Data, Ix2};

use super::Logistic;
use super::newton::Objective;
use super::sums::Rows;

/// How to fit, unchecked.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `l2` | 1 | penalty: `l2` / 2 x sum of squared weights is added to the sum of log-losses | >= 0 |
/// | `penalties` | `l2` for each column | a penalty for each column; 0 leaves it free | >= 0 |
/// | `tolerance` | 1e-7 | a fit ends when no component of the gradient is larger than this x the rows' weight | > 0 |
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticParams(LogisticValidParams);

/// How to fit, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticValidParams {
    l2: f64,
    penalties: Option<Vec<f64>>,
    tolerance: f64,
}

/// Why a logistic regression could not be fitted.
#[derive(Debug, thiserror::Error)]
pub enum LogisticError {
    /// A penalty that is negative or no number.
    #[error("the penalty {0} must be 0 or more")]
    Penalty(f64),
    /// A tolerance that is not above 0.
    #[error("the tolerance {0} must be above 0")]
    Tolerance(f64),
    /// Penalties, labels or weights that are not as many as they should be.
    #[error("{found} {what} stand beside {expected} of the data")]
    Count {
        /// What there is too much or too little of.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Nothing to tell apart.
    #[error("{events} of {rows} rows are events; both classes are needed")]
    OneClass {
        /// Events that count.
        events: usize,
        /// Rows that count.
        rows: usize,
    },
    /// A value that is infinite or no number.
    #[error("row {row} (from 0) holds a value or a weight that is not a finite number, or a weight below 0")]
    NotFinite {
        /// The first such row.
        row: usize,
    },
    /// What the loss is of no value can be found wrong with.
    #[error("values are too large to be multiplied; standardise the columns")]
    Overflow,
    /// From linfa.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl Default for LogisticParams {
    fn default() -> Self {
        LogisticParams(LogisticValidParams { l2: 1.0, penalties: None, tolerance: 1e-7 })
    }
}

impl LogisticParams {
    /// The defaults.
    pub fn new() -> LogisticParams {
        LogisticParams::default()
    }

    /// One penalty for all columns.
    #[must_use]
    pub fn l2(mut self, l2: f64) -> LogisticParams {
        self.0.l2 = l2;
        self
    }

    /// A penalty for each column.
    #[must_use]
    pub fn penalties(mut self, penalties: Vec<f64>) -> LogisticParams {
        self.0.penalties = Some(penalties);
        self
    }

    /// When a fit ends.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> LogisticParams {
        self.0.tolerance = tolerance;
        self
    }
}

impl ParamGuard for LogisticParams {
    type Checked = LogisticValidParams;
    type Error = LogisticError;

    fn check_ref(&self) -> Result<&LogisticValidParams, LogisticError> {
        let all = self.0.penalties.iter().flatten().chain([&self.0.l2]);
        if let Some(&bad) = all.into_iter().find(|&&penalty| !(penalty >= 0.0 && penalty.is_finite())) {
            return Err(LogisticError::Penalty(bad));
        }
        if self.0.tolerance.is_nan() || self.0.tolerance <= 0.0 {
            return Err(LogisticError::Tolerance(self.0.tolerance));
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<LogisticValidParams, LogisticError> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// Rows count by the dataset's weights where it has any.
impl<D, T> Fit<ArrayBase<D, Ix2>, T, LogisticError> for LogisticValidParams
where
    D: Data<Elem = f64>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = Logistic;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Logistic, LogisticError> {
        let x = dataset.records.as_standard_layout();
        let (count, width) = x.dim();
        let happened = dataset.targets.as_single_targets().to_vec();
        let penalties = self.penalties.clone().unwrap_or_else(|| vec![self.l2; width]);
        for (what, found, expected) in [
            ("labels", happened.len(), count),
            ("penalties", penalties.len(), width),
            ("weights", dataset.weights().map_or(count, <[f32]>::len), count),
        ] {
            if found != expected {
                return Err(LogisticError::Count { what, found, expected });
            }
        }
        let x = x.as_slice().expect("standard layout");
        let rows = Rows { x, width, happened: &happened, weights: dataset.weights() };
        both_classes(&rows)?;
        let Some(mut found) = (Objective { rows, penalties: &penalties }).minimum(self.tolerance) else {
            let bad = |row: &usize| !x[row * width..(row + 1) * width].iter().all(|v| v.is_finite());
            return Err((0..count).find(bad).map_or(LogisticError::Overflow, |row| LogisticError::NotFinite { row }));
        };
        let intercept = found.pop().expect("the intercept stands last");
        Ok(Logistic { intercept, weights: found })
    }
}

fn both_classes(rows: &Rows<'_>) -> Result<(), LogisticError> {
    if let Some(row) = rows.weights.and_then(|all| all.iter().position(|w| !(*w >= 0.0 && w.is_finite()))) {
        return Err(LogisticError::NotFinite { row });
    }
    let counts = |row: &usize| rows.weights.is_none_or(|weights| weights[*row] > 0.0);
    let counted = (0..rows.len()).filter(counts).count();
    let events = (0..rows.len()).filter(counts).filter(|&row| rows.happened[row]).count();
    if events == 0 || events == counted {
        return Err(LogisticError::OneClass { events, rows: counted });
    }
    Ok(())
}
