//! K-means: groups of rows around centres, behind linfa's traits.
//!
//! Minimises the inertia, the sum over rows x of |x - c(x)|^2 with c(x) the nearest centre, by Lloyd's algorithm (1982) from greedy
//! k-means++ starts (Arthur and Vassilvitskii 2007). Where there are many rows, the starts are tried on a sample and only the best
//! goes on with all rows: its centres lie where those of all rows do within the error of the sample, so that few rounds remain.
//!
//! ```text
//!  sample -> starts x (k-means++ -> Lloyd) -> the best -> Lloyd on all rows -> KMeans
//! ```
//!
//! Sums run over fixed blocks of rows that are combined in their order, and each start has a stream of its own: the same rows and
//! seed give the same centres, bit for bit, on any number of threads.

mod distance;
mod lloyd;
mod params;
mod start;

use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, CowArray, Data, Ix2};
use rayon::prelude::*;

pub use self::params::{KMeansError, KMeansParams, KMeansValidParams};
use crate::random::Stream;

/// Rows on which the starts are tried: enough that each of 50 centres is known to a few percent of a deviation.
const SAMPLE: usize = 32_768;

/// Groups around centres. `predict` gives each row the index of its nearest centre.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use vizavi::models::algorithms::k_means::KMeans;
///
/// let rows = ndarray::array![[0.0], [1.0], [9.0], [10.0]];
/// let model = KMeans::params(2).seed(7).fit(&DatasetBase::from(rows.clone()))?;
/// let groups = model.predict(&rows);
/// assert_eq!((groups[0] == groups[1], groups[1] == groups[2]), (true, false));
/// assert_eq!(model.inertia(), 1.0);
/// # Ok::<(), vizavi::models::algorithms::k_means::KMeansError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    centres: Array2<f64>,
    inertia: f64,
    rounds: usize,
}

impl KMeans {
    /// Parameters for so many groups, all others as they are by default.
    pub fn params(count: usize) -> KMeansParams {
        KMeansParams::new(count)
    }

    /// Groups around these centres, one a row.
    pub fn with_centres(centres: Array2<f64>) -> KMeans {
        KMeans { centres: centres.as_standard_layout().into_owned(), inertia: f64::NAN, rounds: 0 }
    }

    /// Fits rows without the wrapping that linfa wants.
    ///
    /// # Errors
    /// Those of [`KMeansError`].
    pub fn of(data: ArrayView2<'_, f64>, params: KMeansParams) -> Result<KMeans, KMeansError> {
        params.fit(&DatasetBase::from(data))
    }

    /// The index of the nearest centre of each row; of equally near ones the first.
    pub fn assign(&self, data: ArrayView2<'_, f64>) -> Vec<usize> {
        distance::assign(data.as_standard_layout().view(), self.centres.view())
    }

    /// One centre a row, in the order in which the best start found them.
    pub fn centres(&self) -> ArrayView2<'_, f64> {
        self.centres.view()
    }

    /// Sum of squared distances of the rows of the fit to their centres.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// Rounds of Lloyd over all rows.
    pub fn rounds(&self) -> usize {
        self.rounds
    }
}

impl<S: Data<Elem = f64>, T> Fit<ArrayBase<S, Ix2>, T, KMeansError> for KMeansValidParams {
    type Object = KMeans;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<S, Ix2>, T>) -> Result<KMeans, KMeansError> {
        let (count, data) = (self.count(), dataset.records.as_standard_layout());
        if data.nrows() < count {
            return Err(KMeansError::TooFewRows { rows: data.nrows(), count });
        }
        if data.iter().any(|value| !value.is_finite()) {
            return Err(KMeansError::NotFinite);
        }
        let sample = sample(&data, self.seed());
        let tried = (0..self.starts()).into_par_iter().map(|start| {
            let mut stream = Stream::new(self.seed(), &format!("k-means start {start}"));
            lloyd::converge(sample.view(), start::centres(sample.view(), count, &mut stream), self)
        });
        let tried: Vec<lloyd::Converged> = tried.collect();
        let best = tried.into_iter().reduce(|best, other| if other.inertia < best.inertia { other } else { best });
        let best = best.expect("checked parameters ask for at least one start");
        let best = swapped(sample.view(), best, self);
        let found =
            if sample.nrows() == data.nrows() { best } else { lloyd::converge(data.view(), best.centres, self) };
        Ok(KMeans { centres: found.centres, inertia: found.inertia, rounds: found.rounds })
    }
}

impl<S: Data<Elem = f64>> PredictInplace<ArrayBase<S, Ix2>, Array1<usize>> for KMeans {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<S, Ix2>, y: &mut Array1<usize>) {
        *y = Array1::from_vec(self.assign(x.view()));
    }

    fn default_target(&self, x: &ArrayBase<S, Ix2>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}

/// As many swaps as there were starts: a centre drawn evenly goes to a row drawn by squared distance, and what comes of it counts if it
/// is better (random swap, Fränti 2018). Starts end in different valleys; a swap leads from a good one into a neighbour.
fn swapped(data: ArrayView2<'_, f64>, mut best: lloyd::Converged, params: &KMeansValidParams) -> lloyd::Converged {
    let mut stream = Stream::new(params.seed(), "k-means swaps");
    for _ in 0..params.starts() {
        let centres = start::with_one_moved(data, &best.centres, &mut stream);
        let other = lloyd::converge(data, centres, params);
        if other.inertia < best.inertia {
            best = other;
        }
    }
    best
}

/// A row out of each of [`SAMPLE`] equal stretches, or all rows where there are no more: neither an order nor a period of the rows
/// leans on it, and it needs no memory of what was drawn.
fn sample<'a>(data: &'a CowArray<'_, f64, Ix2>, seed: u64) -> CowArray<'a, f64, Ix2> {
    let rows = data.nrows();
    if rows <= SAMPLE {
        return CowArray::from(data.view());
    }
    let mut stream = Stream::new(seed, "k-means sample");
    let drawn: Vec<usize> = (0..SAMPLE)
        .map(|stretch| {
            let (from, until) = (stretch * rows / SAMPLE, (stretch + 1) * rows / SAMPLE);
            from + stream.below(until - from)
        })
        .collect();
    CowArray::from(data.select(Axis(0), &drawn))
}

#[cfg(test)]
mod tests;
