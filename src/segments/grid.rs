//! The grid of recency, frequency and amount: each customer stands at three scores, from 1 to the number of bins.
//!
//! A score says in which part of all customers somebody stands (Hughes 1994; Bult and Wansbeek 1995), by the middle of the ranks of those
//! with the same value: equal values have equal scores, however many there are (most clients of most shops have bought once).

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::models::FeatureMatrix;

/// The features behind the three scores.
pub const SCALES: [&str; 3] = ["recency", "freq", "monetary"];

/// Where each scale is cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    bins: usize,
    /// For each scale the least value of the scores 2, 3, ...; a score that nobody has is never reached.
    floors: [Vec<f64>; 3],
}

impl Grid {
    /// Cuts the scales of these customers into `bins` parts.
    ///
    /// # Errors
    /// Invalid, when a feature is missing.
    pub fn fit(matrix: &FeatureMatrix, bins: usize) -> Result<Grid> {
        let mut floors = [Vec::new(), Vec::new(), Vec::new()];
        for (scale, floors) in SCALES.iter().zip(&mut floors) {
            *floors = floors_of(upward(scale, column(matrix, scale)?), bins);
        }
        Ok(Grid { bins, floors })
    }

    /// Cells there are.
    pub fn cells(&self) -> usize {
        self.bins.pow(3)
    }

    /// The code and the name of each cell, in the order of [`Grid::assign`].
    pub fn named(&self) -> impl Iterator<Item = (String, String)> + '_ {
        (0..self.cells()).map(|cell| {
            let [recency, frequency, amount] = self.scores(cell);
            let code = format!("{recency}-{frequency}-{amount}");
            let name = format!("{} {code}", group(self.bins, [recency, frequency, amount]));
            (code, name)
        })
    }

    /// The cell of each row.
    ///
    /// # Errors
    /// Invalid, when a feature is missing.
    pub fn assign(&self, matrix: &FeatureMatrix) -> Result<Vec<usize>> {
        let mut cells = vec![0; matrix.values.nrows()];
        for (scale, floors) in SCALES.iter().zip(&self.floors) {
            for (cell, value) in cells.iter_mut().zip(upward(scale, column(matrix, scale)?)) {
                *cell = *cell * self.bins + floors.partition_point(|floor| *floor <= value);
            }
        }
        Ok(cells)
    }

    fn scores(&self, cell: usize) -> [usize; 3] {
        [cell / (self.bins * self.bins) + 1, cell / self.bins % self.bins + 1, cell % self.bins + 1]
    }
}

/// Recency counts backwards: the fewer days, the higher the score.
fn upward<'a>(scale: &str, values: ArrayView1<'a, f64>) -> impl Iterator<Item = f64> + 'a + use<'a> {
    let sign = if scale == SCALES[0] { -1.0 } else { 1.0 };
    values.into_iter().map(move |value| sign * value)
}

/// The least value of each score above the first.
fn floors_of(values: impl Iterator<Item = f64>, bins: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut floors: Vec<f64> = Vec::with_capacity(bins - 1);
    let mut from = 0;
    while from < sorted.len() {
        let until = from + sorted[from..].partition_point(|value| *value <= sorted[from]);
        let middle = (from + until) as f64 / 2.0 / sorted.len() as f64;
        let score = ((middle * bins as f64) as usize).min(bins - 1);
        // Scores that were jumped over begin here too.
        while floors.len() < score {
            floors.push(sorted[from]);
        }
        from = until;
    }
    floors
}

/// What customers of a cell have in common, in words that they may read.
fn group(bins: usize, scores: [usize; 3]) -> &'static str {
    let part = |score: f64| ((score - 1.0) / (bins - 1) as f64 * 3.0).min(2.0) as usize;
    let recency = part(scores[0] as f64);
    let volume = part((scores[1] + scores[2]) as f64 / 2.0);
    GROUPS[recency][volume]
}

/// By recency (long ago, a while ago, lately), then by frequency and amount together (little, some, much).
pub(super) const GROUPS: [[&str; 3]; 3] = [
    ["early acquaintances", "visitors of earlier days", "regulars of earlier days"],
    ["now and then", "returning clients", "steady regulars"],
    ["recent newcomers", "growing clients", "close regulars"],
];

fn column<'a>(matrix: &'a FeatureMatrix, name: &str) -> Result<ArrayView1<'a, f64>> {
    matrix.column(name).ok_or_else(|| Error::invalid(format!("the grid needs the feature `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;
    use ndarray::Array2;

    fn customers(rows: &[[f64; 3]]) -> FeatureMatrix {
        FeatureMatrix {
            customers: (0..rows.len() as i64).map(CustomerId).collect(),
            names: SCALES.map(String::from).to_vec(),
            values: Array2::from_shape_fn((rows.len(), 3), |(row, column)| rows[row][column]),
        }
    }

    fn codes(grid: &Grid, matrix: &FeatureMatrix) -> Vec<String> {
        let named: Vec<String> = grid.named().map(|(code, _)| code).collect();
        grid.assign(matrix).unwrap().into_iter().map(|cell| named[cell].clone()).collect()
    }

    #[test]
    fn quintiles_of_ten_customers_hold_two_each_and_recency_counts_backwards() {
        let rows: Vec<[f64; 3]> = (0..10).map(|i| [f64::from(i), f64::from(i), 10.0 * f64::from(i)]).collect();
        let matrix = customers(&rows);
        let grid = Grid::fit(&matrix, 5).unwrap();
        assert_eq!(
            codes(&grid, &matrix),
            ["5-1-1", "5-1-1", "4-2-2", "4-2-2", "3-3-3", "3-3-3", "2-4-4", "2-4-4", "1-5-5", "1-5-5"]
        );
        // Beyond what was seen the outermost scores go on.
        assert_eq!(codes(&grid, &customers(&[[99.0, 99.0, -1.0]])), ["1-5-1"]);
        assert_eq!(grid.named().count(), 125);
    }

    /// Six of ten bought once: all of them stand in the middle of the lower six tenths.
    #[test]
    fn equal_values_have_equal_scores() {
        let rows: Vec<[f64; 3]> =
            [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 9.0].iter().map(|&n| [0.0, n, 1.0]).collect();
        let matrix = customers(&rows);
        let found = codes(&Grid::fit(&matrix, 5).unwrap(), &matrix);
        // ranks 0..6: 0.3 of all, score 2; 6..8: 0.7, score 4; then 0.85 and 0.95, score 5. All share one recency and amount: 3.
        assert!(found[..6].iter().all(|code| code == "3-2-3"), "{found:?}");
        assert_eq!(found[6..], ["3-4-3", "3-4-3", "3-5-3", "3-5-3"]);
    }

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        for bins in 2..=9 {
            let matrix = customers(&[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]);
            let grid = Grid::fit(&matrix, bins).unwrap();
            let names: std::collections::BTreeSet<String> = grid.named().map(|(_, name)| name).collect();
            assert_eq!(names.len(), grid.cells());
        }
        assert_eq!(
            (group(5, [5, 5, 5]), group(5, [1, 1, 1]), group(5, [3, 3, 3])),
            (GROUPS[2][2], GROUPS[0][0], GROUPS[1][1])
        );
        assert_eq!((group(2, [2, 2, 2]), group(2, [1, 1, 1])), (GROUPS[2][2], GROUPS[0][0]));
    }
}
