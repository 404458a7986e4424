//! Gaussian mixture: groups that overlap, and that may be long and slanting, behind linfa's traits.
//!
//! p(x) = sum over groups g of w_g N(x; m_g, S_g) with full covariances, fitted by expectation and maximisation (Dempster, Laird and
//! Rubin 1977; McLachlan and Peel 2000) from the groups that k-means finds. The ridge is added to each variance, so that no group
//! can shrink to a point. Sums run over fixed blocks of rows, combined in their order: the same rows and seed give the same bits on
//! any number of threads.

mod component;
mod params;

use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, CowArray, Data, Ix2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::component::{Component, Moments};
pub use self::params::{MixtureError, MixtureParams, MixtureValidParams};
use super::k_means::KMeans;

/// Rows of a block.
const BLOCK: usize = 8_192;

/// A fitted mixture. `predict` gives each row the group it most probably belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GaussianMixture {
    components: Vec<Component>,
    /// Natural logarithm of the likelihood of the rows of the fit.
    log_likelihood: f64,
    rounds: usize,
}

impl GaussianMixture {
    /// Parameters for so many groups, all others as they are by default.
    pub fn params(count: usize) -> MixtureParams {
        MixtureParams::new(count)
    }

    /// Fits rows without the wrapping that linfa wants.
    ///
    /// # Errors
    /// Those of [`MixtureError`].
    pub fn of(data: ArrayView2<'_, f64>, params: MixtureParams) -> Result<GaussianMixture, MixtureError> {
        params.fit(&DatasetBase::from(data))
    }

    /// Groups.
    pub fn count(&self) -> usize {
        self.components.len()
    }

    /// One mean a row.
    pub fn means(&self) -> Array2<f64> {
        let width = self.components[0].mean.len();
        Array2::from_shape_fn((self.count(), width), |(group, column)| self.components[group].mean[column])
    }

    /// The share of rows that each group is expected to hold.
    pub fn weights(&self) -> Vec<f64> {
        self.components.iter().map(|component| component.weight).collect()
    }

    /// The covariance of a group.
    pub fn covariance(&self, group: usize) -> Array2<f64> {
        self.components[group].covariance()
    }

    /// Natural logarithm of the likelihood of the rows of the fit.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Rounds until the fit stayed.
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Schwarz' criterion (1978), p ln n - 2 ln L, of these rows: the lower the better. p counts the weights but one, the means and
    /// the different covariances.
    pub fn bic(&self, data: ArrayView2<'_, f64>) -> f64 {
        let (count, width) = (self.count() as f64, data.ncols() as f64);
        let free = count - 1.0 + count * width + count * width * (width + 1.0) / 2.0;
        free * (data.nrows() as f64).ln() - 2.0 * self.log_likelihood_of(data)
    }

    /// Natural logarithm of the likelihood of these rows.
    pub fn log_likelihood_of(&self, data: ArrayView2<'_, f64>) -> f64 {
        let data = data.as_standard_layout();
        let of_block = |block: &[f64]| {
            let mut sum = 0.0;
            self.each_row(block, |_, _, density| sum += density);
            sum
        };
        blocks(&data).map(of_block).collect::<Vec<f64>>().iter().sum()
    }

    /// For each row the group it most probably belongs to, and how probably.
    pub fn assign(&self, data: ArrayView2<'_, f64>) -> Vec<(usize, f64)> {
        let data = data.as_standard_layout();
        let of_block = |block: &[f64]| {
            let mut found = Vec::with_capacity(block.len() / data.ncols().max(1));
            self.each_row(block, |_, shares, _| {
                let mut best = 0;
                for group in 1..shares.len() {
                    if shares[group] > shares[best] {
                        best = group;
                    }
                }
                found.push((best, shares[best]));
            });
            found
        };
        blocks(&data).flat_map_iter(of_block).collect()
    }

    /// Calls `each(row, probability of each group, ln p(row))` for every row of a block.
    fn each_row(&self, block: &[f64], mut each: impl FnMut(&[f64], &[f64], f64)) {
        let width = self.components[0].mean.len();
        let mut shares = vec![0.0; self.count()];
        for row in block.chunks_exact(width) {
            let mut largest = f64::NEG_INFINITY;
            for (share, component) in shares.iter_mut().zip(&self.components) {
                *share = component.log_density(row);
                largest = largest.max(*share);
            }
            // Taken from the largest, lest all of them vanish.
            let mut sum = 0.0;
            for share in &mut shares {
                *share = (*share - largest).exp();
                sum += *share;
            }
            shares.iter_mut().for_each(|share| *share /= sum);
            each(row, &shares, largest + sum.ln());
        }
    }

    /// One round: the rows to the groups by their probability, then the groups to their rows. Returns ln L before it.
    fn round(&mut self, data: &CowArray<'_, f64, Ix2>, ridge: f64) -> f64 {
        let width = data.ncols();
        let of_block = |block: &[f64]| {
            let mut likelihood = 0.0;
            let mut moments = vec![Moments::none(width); self.count()];
            self.each_row(block, |row, shares, density| {
                likelihood += density;
                for ((moments, &share), component) in moments.iter_mut().zip(shares).zip(&self.components) {
                    // What is a billionth of a row here or there shows nowhere.
                    if share > 1e-9 {
                        moments.add(row, &component.mean, share);
                    }
                }
            });
            (likelihood, moments)
        };
        let parts: Vec<(f64, Vec<Moments>)> = blocks(data).map(of_block).collect();
        let mut likelihood = 0.0;
        let mut whole = vec![Moments::none(width); self.count()];
        for (part, moments) in parts {
            likelihood += part;
            whole.iter_mut().zip(&moments).for_each(|(all, some)| all.join(some));
        }
        for (component, moments) in self.components.iter_mut().zip(&whole) {
            component.follow(moments, data.nrows() as f64, ridge);
        }
        likelihood
    }
}

impl<S: Data<Elem = f64>, T> Fit<ArrayBase<S, Ix2>, T, MixtureError> for MixtureValidParams {
    type Object = GaussianMixture;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<S, Ix2>, T>) -> Result<GaussianMixture, MixtureError> {
        let data = dataset.records.as_standard_layout();
        let start = KMeans::of(data.view(), KMeans::params(self.count()).starts(self.starts()).seed(self.seed()))?;
        let mut mixture = from_groups(&data, &start, self.ridge());
        let mut before = f64::NEG_INFINITY;
        while mixture.rounds < self.rounds() {
            let likelihood = mixture.round(&data, self.ridge());
            mixture.rounds += 1;
            if likelihood - before <= self.tolerance() * data.nrows() as f64 {
                break;
            }
            before = likelihood;
        }
        mixture.log_likelihood = mixture.log_likelihood_of(data.view());
        Ok(mixture)
    }
}

/// Each group of k-means with its own mean, covariance and share.
fn from_groups(data: &CowArray<'_, f64, Ix2>, start: &KMeans, ridge: f64) -> GaussianMixture {
    let groups = start.assign(data.view());
    let centres: Vec<Vec<f64>> = start.centres().rows().into_iter().map(|centre| centre.to_vec()).collect();
    let mut moments = vec![Moments::none(data.ncols()); centres.len()];
    for (row, &group) in data.rows().into_iter().zip(&groups) {
        moments[group].add(row.to_slice().expect("rows are in standard layout"), &centres[group], 1.0);
    }
    let components = centres.into_iter().zip(&moments).map(|(centre, moments)| {
        let mut component = Component::round_at(centre);
        component.follow(moments, data.nrows() as f64, ridge);
        component
    });
    GaussianMixture { components: components.collect(), log_likelihood: f64::NAN, rounds: 0 }
}

fn blocks<'a>(data: &'a CowArray<'_, f64, Ix2>) -> rayon::slice::Chunks<'a, f64> {
    data.as_slice().expect("rows are in standard layout").par_chunks(BLOCK * data.ncols().max(1))
}

impl<S: Data<Elem = f64>> PredictInplace<ArrayBase<S, Ix2>, Array1<usize>> for GaussianMixture {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<S, Ix2>, y: &mut Array1<usize>) {
        *y = self.assign(x.view()).into_iter().map(|(group, _)| group).collect();
    }

    fn default_target(&self, x: &ArrayBase<S, Ix2>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests;
