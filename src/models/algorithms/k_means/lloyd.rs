//! Lloyd's rounds: each row to its nearest centre, each centre to the mean of its rows.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::distance::{Prepared, blocks, origin, squared};
use super::params::KMeansValidParams;

/// Where the rounds ended.
pub(super) struct Converged {
    pub(super) centres: Array2<f64>,
    /// Sum of squared distances to these centres.
    pub(super) inertia: f64,
    pub(super) rounds: usize,
}

/// What one round finds in a block of rows.
struct Tally {
    /// Rows of each centre.
    counts: Vec<usize>,
    /// Their sums, centre after centre.
    sums: Vec<f64>,
}

/// Rounds from these centres until they stay, or the parameters' rounds are over.
pub(super) fn converge(data: ArrayView2<'_, f64>, mut centres: Array2<f64>, params: &KMeansValidParams) -> Converged {
    let origin = origin(data);
    let enough = params.tolerance() * mean_variance(data);
    let mut rounds = 0;
    while rounds < params.rounds() {
        rounds += 1;
        let tally = tally(data, &Prepared::of(centres.view(), &origin), centres.nrows());
        let mut next = centres.clone();
        for (index, mut centre) in next.rows_mut().into_iter().enumerate() {
            // A centre without rows is moved below.
            if tally.counts[index] > 0 {
                let sums = &tally.sums[index * data.ncols()..];
                centre.iter_mut().zip(sums).for_each(|(c, sum)| *c = sum / tally.counts[index] as f64);
            }
        }
        let empty: Vec<usize> = (0..centres.nrows()).filter(|&index| tally.counts[index] == 0).collect();
        let filled = !empty.is_empty() && fill(data, &mut next, &empty, &origin);
        let moved: f64 = next.iter().zip(&centres).map(|(a, b)| (a - b) * (a - b)).sum();
        centres = next;
        if !filled && moved <= enough {
            break;
        }
    }
    let inertia = inertia(data, &centres, &origin);
    Converged { centres, inertia, rounds }
}

fn tally(data: ArrayView2<'_, f64>, prepared: &Prepared, count: usize) -> Tally {
    let width = data.ncols();
    let of_block = |block: &[f64]| {
        let mut tally = Tally { counts: vec![0; count], sums: vec![0.0; count * width] };
        prepared.each_nearest(block, |row, nearest| {
            tally.counts[nearest] += 1;
            let sums = &mut tally.sums[nearest * width..(nearest + 1) * width];
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        });
        tally
    };
    // Collected in the order of the blocks, then added up by one.
    let parts: Vec<Tally> = blocks(&data).map(of_block).collect();
    let mut whole = Tally { counts: vec![0; count], sums: vec![0.0; count * width] };
    for part in parts {
        whole.counts.iter_mut().zip(part.counts).for_each(|(all, some)| *all += some);
        whole.sums.iter_mut().zip(part.sums).for_each(|(all, some)| *all += some);
    }
    whole
}

/// Gives each centre without rows the row that lies farthest from all centres; false when no row lies away from its centre.
fn fill(data: ArrayView2<'_, f64>, centres: &mut Array2<f64>, empty: &[usize], origin: &[f64]) -> bool {
    let mut filled = false;
    for &index in empty {
        let prepared = Prepared::of(centres.view(), origin);
        let of_block = |block: &[f64]| {
            let mut farthest: (f64, Vec<f64>) = (0.0, Vec::new());
            prepared.each_nearest(block, |row, nearest| {
                let away = squared(row, centres.row(nearest).as_slice().expect("centres are in standard layout"));
                if away > farthest.0 {
                    farthest = (away, row.to_vec());
                }
            });
            farthest
        };
        let parts: Vec<(f64, Vec<f64>)> = blocks(&data).map(of_block).collect();
        let farthest = parts.into_iter().reduce(|best, other| if other.0 > best.0 { other } else { best });
        if let Some((_, row)) = farthest.filter(|(away, _)| *away > 0.0) {
            centres.row_mut(index).iter_mut().zip(row).for_each(|(c, x)| *c = x);
            filled = true;
        }
    }
    filled
}

/// Sum of squared distances, taken anew from the differences.
fn inertia(data: ArrayView2<'_, f64>, centres: &Array2<f64>, origin: &[f64]) -> f64 {
    let prepared = Prepared::of(centres.view(), origin);
    let flat = centres.as_slice().expect("centres are in standard layout");
    let width = data.ncols();
    let of_block = |block: &[f64]| {
        let mut sum = 0.0;
        prepared.each_nearest(block, |row, nearest| sum += squared(row, &flat[nearest * width..(nearest + 1) * width]));
        sum
    };
    blocks(&data).map(of_block).collect::<Vec<f64>>().iter().sum()
}

/// Mean over columns of the population variance.
fn mean_variance(data: ArrayView2<'_, f64>) -> f64 {
    let width = data.ncols().max(1);
    let origin = origin(data);
    let of_block = |block: &[f64]| {
        let mut moments = vec![(0.0, 0.0); width];
        for row in block.chunks_exact(width) {
            for ((sum, x), o) in moments.iter_mut().zip(row).zip(&origin) {
                let away = x - o;
                sum.0 += away;
                sum.1 += away * away;
            }
        }
        moments
    };
    let parts: Vec<Vec<(f64, f64)>> = blocks(&data).map(of_block).collect();
    let rows = data.nrows() as f64;
    let variance = |column: usize| {
        let (sum, squares) =
            parts.iter().fold((0.0, 0.0), |all, part| (all.0 + part[column].0, all.1 + part[column].1));
        squares / rows - (sum / rows) * (sum / rows)
    };
    (0..width).map(variance).sum::<f64>() / width as f64
}
