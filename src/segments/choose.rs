//! How many segments the data carry.
//!
//! Compactness alone (silhouette, or Schwarz' criterion for mixtures) answers with whatever cuts a cloud most evenly, also where a
//! second look at other customers would cut it elsewhere. Segments that another half of the customers does not confirm are of no use to
//! those who plan with them. So stability comes first: customers are halved, both halves are fitted, and both fits group the same
//! third party; their agreement (adjusted Rand index, mean over the halvings) must reach the spec's least (Ben-Hur, Elisseeff and
//! Guyon 2002; Lange et al. 2004). Among the numbers that do, the best silhouette (k-means) or the least criterion (mixture) decides.
//! Where none does, the most stable number is taken, and the card says so.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::agreement::adjusted_rand;
use super::silhouette::silhouette;
use crate::error::Result;
use crate::models::algorithms::gaussian_mixture::GaussianMixture;
use crate::models::algorithms::k_means::KMeans;
use crate::random::Stream;

/// Customers on whom numbers are tried.
const ROWS: usize = 6_000;
/// Halvings.
const HALVINGS: usize = 5;
/// Starts of each fit: fewer than in the end, since whole numbers are compared, not single fits.
const STARTS: usize = 2;

/// A number of segments that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Segments.
    pub count: usize,
    /// Mean adjusted Rand index of fits on two halves.
    pub stability: f64,
    /// Silhouette of k-means; none for a mixture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silhouette: Option<f64>,
    /// Schwarz' criterion of a mixture; none for k-means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bic: Option<f64>,
}

/// How rows are grouped while numbers are tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    KMeans,
    Mixture,
}

/// The number that was chosen, and all that were tried; whether any reached the least stability stands in the first.
pub(super) fn choose(
    x: ArrayView2<'_, f64>,
    way: Way,
    range: std::ops::RangeInclusive<usize>,
    min_stability: f64,
    seed: u64,
) -> Result<(usize, Vec<Tried>)> {
    let step = x.nrows().div_ceil(ROWS).max(1);
    let rows: Vec<usize> = (0..x.nrows()).step_by(step).collect();
    let sample = x.select(Axis(0), &rows);
    let counts: Vec<usize> = range.filter(|count| count * 4 <= sample.nrows()).collect();
    let tried =
        counts.into_par_iter().map(|count| of_count(&sample, way, count, seed)).collect::<Result<Vec<Tried>>>()?;
    Ok((best(&tried, min_stability), tried))
}

/// Among the stable numbers the one that is best otherwise; the most stable one where none is. 2 when none was tried.
fn best(tried: &[Tried], min_stability: f64) -> usize {
    let merit = |tried: &Tried| tried.silhouette.unwrap_or_else(|| -tried.bic.unwrap_or(0.0));
    let stable = tried.iter().filter(|tried| tried.stability >= min_stability);
    // Of equals the smaller number: `max_by` would give the last, so the comparison runs from the end.
    let by_merit = stable.rev().max_by(|a, b| merit(a).total_cmp(&merit(b)));
    let by_stability = || tried.iter().rev().max_by(|a, b| a.stability.total_cmp(&b.stability));
    by_merit.or_else(by_stability).map_or(2, |tried| tried.count)
}

fn of_count(sample: &Array2<f64>, way: Way, count: usize, seed: u64) -> Result<Tried> {
    let whole = Grouping::fit(sample.view(), way, count, seed)?;
    let mut stability = 0.0;
    for halving in 0..HALVINGS {
        // The halves depend on the halving alone, so that all numbers are tried on the same ones.
        let mut stream = Stream::new(seed, &format!("halving {halving}"));
        let mut order: Vec<usize> = (0..sample.nrows()).collect();
        stream.shuffle(&mut order);
        let (left, right) = order.split_at(order.len() / 2);
        let fit = |rows: &[usize]| Grouping::fit(sample.select(Axis(0), rows).view(), way, count, seed);
        let (left, right) = (fit(left)?.assign(sample.view()), fit(right)?.assign(sample.view()));
        stability += adjusted_rand(&left, count, &right, count) / HALVINGS as f64;
    }
    let (silhouette, bic) = match &whole {
        Grouping::KMeans(_) => (Some(silhouette(sample.view(), &whole.assign(sample.view()), count)), None),
        Grouping::Mixture(mixture) => (None, Some(mixture.bic(sample.view()))),
    };
    Ok(Tried { count, stability, silhouette, bic })
}

enum Grouping {
    KMeans(KMeans),
    Mixture(GaussianMixture),
}

impl Grouping {
    fn fit(x: ArrayView2<'_, f64>, way: Way, count: usize, seed: u64) -> Result<Grouping> {
        Ok(match way {
            Way::KMeans => Grouping::KMeans(KMeans::of(x, KMeans::params(count).starts(STARTS).seed(seed))?),
            Way::Mixture => {
                let params = GaussianMixture::params(count).starts(STARTS).seed(seed).tolerance(1e-4);
                Grouping::Mixture(GaussianMixture::of(x, params)?)
            }
        })
    }

    fn assign(&self, x: ArrayView2<'_, f64>) -> Vec<usize> {
        match self {
            Grouping::KMeans(k_means) => k_means.assign(x),
            Grouping::Mixture(mixture) => mixture.assign(x).into_iter().map(|(group, _)| group).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` groups of 200 rows, far apart for their width.
    fn groups(count: usize) -> Array2<f64> {
        let mut stream = Stream::new(3, "groups");
        Array2::from_shape_fn((200 * count, 2), |(row, column)| {
            let turn = (row % count) as f64 / count as f64 * std::f64::consts::TAU;
            10.0 * if column == 0 { turn.cos() } else { turn.sin() } + stream.normal()
        })
    }

    #[test]
    fn the_number_of_groups_there_are_is_found_by_either_way() {
        for there in [3, 5] {
            let x = groups(there);
            for way in [Way::KMeans, Way::Mixture] {
                let (chosen, tried) = choose(x.view(), way, 2..=7, 0.8, 1).unwrap();
                assert_eq!(chosen, there, "{way:?} {tried:?}");
                assert!(tried.iter().find(|tried| tried.count == there).unwrap().stability > 0.99);
            }
        }
    }

    /// One even cloud: some silhouette is always the largest, but the halves do not agree on where to cut.
    #[test]
    fn a_cloud_without_groups_is_not_stable() {
        let mut stream = Stream::new(4, "cloud");
        let x = Array2::from_shape_fn((2_000, 6), |_| stream.normal());
        let (_, tried) = choose(x.view(), Way::KMeans, 3..=6, 0.8, 1).unwrap();
        assert!(tried.iter().all(|tried| tried.stability < 0.8), "{tried:?}");
    }

    #[test]
    fn stability_comes_before_compactness() {
        let tried = |count, stability, silhouette| Tried { count, stability, silhouette: Some(silhouette), bic: None };
        let list = [tried(2, 0.9, 0.3), tried(3, 0.5, 0.6), tried(4, 0.8, 0.4)];
        assert_eq!(best(&list, 0.7), 4);
        assert_eq!(best(&list, 0.95), 2);
        assert_eq!(best(&[tried(2, 0.9, 0.3), tried(3, 0.9, 0.3)], 0.7), 2);
    }
}
