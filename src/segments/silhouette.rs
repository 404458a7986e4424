//! How well groups are told apart: silhouettes, between 1 (far apart) over 0 (touching) to -1 (mixed).

use ndarray::{ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Rows that are compared each with each.
const ROWS: usize = 1_500;

/// Mean over evenly taken rows of (b - a) / max(a, b): a the mean distance to rows of the own group, b to those of the nearest other
/// (Rousseeuw 1987).
pub(super) fn silhouette(x: ArrayView2<'_, f64>, membership: &[usize], groups: usize) -> f64 {
    let step = x.nrows().div_ceil(ROWS).max(1);
    let rows: Vec<usize> = (0..x.nrows()).step_by(step).collect();
    let sample = x.select(Axis(0), &rows);
    let groups_of: Vec<usize> = rows.iter().map(|&row| membership[row]).collect();
    let mut sizes = vec![0.0; groups];
    groups_of.iter().for_each(|&group| sizes[group] += 1.0);
    let of_row = |row: usize| -> f64 {
        let own = groups_of[row];
        if sizes[own] <= 1.0 {
            return 0.0;
        }
        let mut sums = vec![0.0; groups];
        for (other, &group) in groups_of.iter().enumerate() {
            sums[group] += squared(sample.row(row), sample.row(other)).sqrt();
        }
        let inside = sums[own] / (sizes[own] - 1.0);
        let outside = (0..groups)
            .filter(|&group| group != own && sizes[group] > 0.0)
            .map(|group| sums[group] / sizes[group])
            .fold(f64::INFINITY, f64::min);
        of_distances(inside, outside)
    };
    let each: Vec<f64> = (0..rows.len()).into_par_iter().map(of_row).collect();
    each.iter().sum::<f64>() / each.len().max(1) as f64
}

/// For each group the mean of (b - a) / max(a, b) over all its rows, a the distance to the own centre, b to the nearest other
/// centre: the simplified silhouette (Hruschka, de Castro and Campello 2004), which costs one look at each row. Rows without a group
/// are left out; groups without rows have 0.
pub(super) fn simplified(
    x: ArrayView2<'_, f64>,
    membership: &[Option<usize>],
    centres: ArrayView2<'_, f64>,
) -> Vec<f64> {
    const BLOCK: usize = 8_192;
    let groups = centres.nrows();
    let starts: Vec<usize> = (0..x.nrows()).step_by(BLOCK).collect();
    let of_block = |&start: &usize| {
        let mut sums = vec![(0.0, 0.0); groups];
        for (row, own) in membership.iter().enumerate().skip(start).take(BLOCK) {
            let Some(own) = *own else { continue };
            let away = |group: usize| squared(x.row(row), centres.row(group));
            let outside = (0..groups)
                .filter(|&group| group != own && centres[[group, 0]].is_finite())
                .map(away)
                .fold(f64::INFINITY, f64::min);
            sums[own].0 += of_distances(away(own).sqrt(), outside.sqrt());
            sums[own].1 += 1.0;
        }
        sums
    };
    let parts: Vec<Vec<(f64, f64)>> = starts.par_iter().map(of_block).collect();
    let total =
        |group: usize| parts.iter().fold((0.0, 0.0), |all, part| (all.0 + part[group].0, all.1 + part[group].1));
    (0..groups).map(total).map(|(sum, rows)| if rows > 0.0 { sum / rows } else { 0.0 }).collect()
}

fn of_distances(inside: f64, outside: f64) -> f64 {
    if outside.is_finite() { (outside - inside) / inside.max(outside).max(f64::MIN_POSITIVE) } else { 0.0 }
}

fn squared(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Two pairs, 1 apart each, 10 between them.
    #[test]
    fn silhouettes_by_hand() {
        let x = array![[0.0], [1.0], [10.0], [11.0]];
        // Row 0: a = 1, b = 10.5; row 1: a = 1, b = 9.5; the others mirror them.
        let expected = ((10.5 - 1.0) / 10.5 + (9.5 - 1.0) / 9.5) / 2.0;
        assert!((silhouette(x.view(), &[0, 0, 1, 1], 2) - expected).abs() < 1e-12);
        let centres = array![[0.5], [10.5]];
        let expected = ((10.5 - 0.5) / 10.5 + (9.5 - 0.5) / 9.5) / 2.0;
        let found = simplified(x.view(), &[Some(0), Some(0), Some(1), None], centres.view());
        assert!((found[0] - expected).abs() < 1e-12, "{found:?}");
        assert_eq!(silhouette(x.view(), &[0, 0, 0, 0], 1), 0.0);
    }
}
