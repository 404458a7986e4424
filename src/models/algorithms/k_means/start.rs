//! Where a fit starts: greedy k-means++.

use ndarray::{Array2, ArrayView2, Axis};

use super::distance::{assign, squared};
use crate::random::Stream;

/// The first centre is a row drawn evenly; each further one is the best of 2 + ln k rows, drawn by their squared distance from the
/// centres so far (Arthur and Vassilvitskii 2007, section 3 and 5).
pub(super) fn centres(data: ArrayView2<'_, f64>, count: usize, stream: &mut Stream) -> Array2<f64> {
    let rows = data.nrows();
    // Column after column: the distances of many rows from one are then sums over long, even stretches.
    let columns = data.t().as_standard_layout().into_owned();
    let mut chosen = vec![stream.below(rows)];
    let mut nearest = vec![f64::INFINITY; rows];
    closer(&columns, chosen[0], &mut nearest);
    let trials = 2 + (count as f64).ln() as usize;
    while chosen.len() < count {
        let total: f64 = nearest.iter().sum();
        let drawn: Vec<usize> = (0..trials).map(|_| draw(&nearest, stream.uniform() * total)).collect();
        let tried = drawn.into_iter().map(|row| {
            let mut distances = nearest.clone();
            let sum = closer(&columns, row, &mut distances);
            (sum, row, distances)
        });
        let best = tried.reduce(|best, other| if other.0 < best.0 { other } else { best });
        let (_, row, distances) = best.expect("there is at least one trial");
        chosen.push(row);
        nearest = distances;
    }
    data.select(Axis(0), &chosen)
}

/// These centres, one of them moved to a row drawn by its squared distance from all.
pub(super) fn with_one_moved(data: ArrayView2<'_, f64>, centres: &Array2<f64>, stream: &mut Stream) -> Array2<f64> {
    let mut moved = centres.clone();
    let flat = centres.as_slice().expect("centres are in standard layout");
    let width = data.ncols();
    let nearest = assign(data, centres.view());
    let rows = data.rows().into_iter().zip(nearest);
    let away = rows.map(|(row, centre)| {
        squared(row.to_slice().expect("rows are in standard layout"), &flat[centre * width..(centre + 1) * width])
    });
    let away: Vec<f64> = away.collect();
    let total: f64 = away.iter().sum();
    let row = draw(&away, stream.uniform() * total);
    moved.row_mut(stream.below(centres.nrows())).assign(&data.row(row));
    moved
}

/// Lowers each row's squared distance to that from `to`, where this is nearer; returns their sum.
fn closer(columns: &Array2<f64>, to: usize, nearest: &mut [f64]) -> f64 {
    /// Rows whose distances stay in the nearest cache.
    const STRETCH: usize = 1_024;
    let mut sum = 0.0;
    let mut distances = [0.0; STRETCH];
    for (stretch, nearest) in nearest.chunks_mut(STRETCH).enumerate() {
        let distances = &mut distances[..nearest.len()];
        distances.fill(0.0);
        for column in columns.rows() {
            let column = column.to_slice().expect("columns were laid out one after the other");
            let from = &column[stretch * STRETCH..];
            let centre = column[to];
            for (distance, x) in distances.iter_mut().zip(from) {
                *distance += (x - centre) * (x - centre);
            }
        }
        for (near, distance) in nearest.iter_mut().zip(distances) {
            *near = if *distance < *near { *distance } else { *near };
        }
        sum += nearest.iter().sum::<f64>();
    }
    sum
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
