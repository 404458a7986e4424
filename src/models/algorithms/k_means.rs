//! K-means: groups of customers around centres (Lloyd's algorithm by linfa), seeded by our own streams so that the same data and
//! seed give the same groups.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::error::{Error, Result};
use crate::random::Stream;

/// How to look for groups.
///
/// | Name | Default | Purpose | Range |
/// |---|---|---|---|
/// | `count` | 6 | number of groups | 2..=50 |
/// | `starts` | 10 | fits from different starting centres; the best is kept | 1..=100 |
/// | `iterations` | 300 | at most so many rounds a fit | 1.. |
/// | `tolerance` | 1e-6 | a fit ends when the centres move less (Euclidean, all together) | > 0 |
/// | `seed` | 1 | starting centres depend on it alone | |
#[derive(Debug, Clone, Copy)]
pub struct KMeansParams {
    /// Number of groups.
    pub count: usize,
    /// Fits from different starting centres.
    pub starts: usize,
    /// Most rounds in one fit.
    pub iterations: u64,
    /// The fit ends when the centres move less than this.
    pub tolerance: f64,
    /// What the starting centres are drawn from.
    pub seed: u64,
}

impl Default for KMeansParams {
    fn default() -> Self {
        KMeansParams { count: 6, starts: 10, iterations: 300, tolerance: 1e-6, seed: 1 }
    }
}

/// The groups found.
#[derive(Debug, Clone)]
pub struct Clusters {
    /// One centre a row.
    pub centres: Array2<f64>,
    /// The group of each row of the data.
    pub membership: Vec<usize>,
    /// Sum of squared distances to the centres.
    pub inertia: f64,
}

/// Groups the rows of `data`; the centres come in the order in which the best start found them.
///
/// # Errors
/// Invalid when there are fewer rows than groups or a value is not finite.
pub fn k_means(data: ArrayView2<'_, f64>, params: KMeansParams) -> Result<Clusters> {
    if params.count == 0 || data.nrows() < params.count {
        return Err(Error::invalid(format!("{} rows cannot make {} groups", data.nrows(), params.count)));
    }
    if data.iter().any(|v| !v.is_finite()) {
        return Err(Error::invalid("a value to be grouped is not a finite number"));
    }
    let mut best: Option<Clusters> = None;
    for start in 0..params.starts.max(1) {
        let mut stream = Stream::new(params.seed, &format!("k-means start {start}"));
        let fitted = fit_from(data, starting_centres(data, params.count, &mut stream), params)?;
        if best.as_ref().is_none_or(|best| fitted.inertia < best.inertia) {
            best = Some(fitted);
        }
    }
    Ok(best.expect("at least one start was made"))
}

fn fit_from(data: ArrayView2<'_, f64>, start: Array2<f64>, params: KMeansParams) -> Result<Clusters> {
    let dataset = DatasetBase::from(data.to_owned());
    let fitted = KMeans::params(params.count)
        .init_method(KMeansInit::Precomputed(start))
        .n_runs(1)
        .max_n_iterations(params.iterations)
        .tolerance(params.tolerance)
        .fit(&dataset)
        .map_err(|error| Error::internal("the groups could not be fitted").caused_by(error))?;
    let centres = fitted.centroids().clone();
    let nearest: Vec<(usize, f64)> = data.rows().into_iter().map(|row| nearest_centre(row, centres.view())).collect();
    let inertia = nearest.iter().map(|(_, distance)| distance).sum();
    Ok(Clusters { centres, membership: nearest.into_iter().map(|(centre, _)| centre).collect(), inertia })
}

/// The nearest centre (the first of equals) and the squared distance to it.
pub fn nearest_centre(row: ArrayView1<'_, f64>, centres: ArrayView2<'_, f64>) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, centre) in centres.rows().into_iter().enumerate() {
        let distance = squared_distance(row, centre);
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

fn squared_distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b.iter()).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Greedy k-means++ (Arthur and Vassilvitskii 2007): each further centre is the best of 2 + ln k candidates, drawn by squared
/// distance from the centres so far.
fn starting_centres(data: ArrayView2<'_, f64>, count: usize, stream: &mut Stream) -> Array2<f64> {
    let mut centres = Array2::zeros((count, data.ncols()));
    let first = stream.below(data.nrows());
    centres.row_mut(0).assign(&data.row(first));
    let mut nearest: Vec<f64> = data.rows().into_iter().map(|row| squared_distance(row, data.row(first))).collect();
    let trials = 2 + (count as f64).ln() as usize;
    for index in 1..count {
        let total: f64 = nearest.iter().sum();
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..trials {
            let candidate = draw(&nearest, stream.uniform() * total);
            let closer: Vec<f64> = data
                .rows()
                .into_iter()
                .zip(&nearest)
                .map(|(row, &now)| now.min(squared_distance(row, data.row(candidate))))
                .collect();
            let potential: f64 = closer.iter().sum();
            if best.as_ref().is_none_or(|(least, ..)| potential < *least) {
                best = Some((potential, candidate, closer));
            }
        }
        let (_, chosen, closer) = best.expect("there is at least one trial");
        centres.row_mut(index).assign(&data.row(chosen));
        nearest = closer;
    }
    centres
}

/// The row at which the running sum of `weights` passes `point`.
fn draw(weights: &[f64], point: f64) -> usize {
    let mut sum = 0.0;
    for (index, weight) in weights.iter().enumerate() {
        sum += weight;
        if sum > point {
            return index;
        }
    }
    weights.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> Array2<f64> {
        let mut stream = Stream::new(5, "blobs");
        Array2::from_shape_fn((600, 2), |(row, column)| {
            let centre = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]][row % 3][column];
            centre + stream.normal()
        })
    }

    #[test]
    fn finds_the_groups_that_are_there() {
        let data = blobs();
        let found = k_means(data.view(), KMeansParams { count: 3, starts: 3, ..KMeansParams::default() }).unwrap();
        for row in 0..600 {
            assert_eq!(found.membership[row], found.membership[row % 3], "row {row}");
        }
        // Two coordinates of unit variance: about 2 a row.
        assert!((found.inertia / 600.0 - 2.0).abs() < 0.2, "{}", found.inertia);
    }

    #[test]
    fn the_same_seed_gives_the_same_centres_bit_for_bit() {
        let data = blobs();
        let params = KMeansParams { count: 4, starts: 2, seed: 9, ..KMeansParams::default() };
        let (one, two) = (k_means(data.view(), params).unwrap(), k_means(data.view(), params).unwrap());
        assert_eq!(one.centres, two.centres);
        assert_eq!(one.inertia.to_bits(), two.inertia.to_bits());
    }

    #[test]
    fn too_few_rows_are_refused() {
        let error = k_means(Array2::zeros((2, 2)).view(), KMeansParams::default()).unwrap_err();
        assert_eq!(error.message(), "2 rows cannot make 6 groups");
    }
}
