//! The nearest centre of each row: the part in which the time goes.
//!
//! |x - c|^2 = |x|^2 - 2 x.c + |c|^2, of which the first does not change what is nearest. Rows and centres are taken from a common
//! origin among the rows, so that data far from 0 lose no digits. Rows are handled [`LANES`] at a time, one a lane, which the compiler
//! turns into vector instructions of whatever the processor has.

use ndarray::{ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

/// Rows of a block: partial results are made for each and combined in the order of the blocks.
pub(super) const BLOCK: usize = 8_192;

/// Rows handled together: their distances fill four registers of the smallest vector unit of x86-64.
const LANES: usize = 8;

/// A column of some rows together.
type Lane = [f64; LANES];

/// Centres made ready for comparison.
pub(super) struct Prepared {
    width: usize,
    /// What all is measured from.
    origin: Vec<f64>,
    /// -2 (c - origin), centre after centre.
    doubled: Vec<f64>,
    /// |c - origin|^2.
    squared: Vec<f64>,
}

impl Prepared {
    /// `origin` lies among the rows.
    pub(super) fn of(centres: ArrayView2<'_, f64>, origin: &[f64]) -> Prepared {
        let width = centres.ncols();
        let mut made = Prepared { width, origin: origin.to_vec(), doubled: Vec::new(), squared: Vec::new() };
        for centre in centres.rows() {
            let away: Vec<f64> = centre.iter().zip(origin).map(|(c, o)| c - o).collect();
            made.squared.push(away.iter().map(|d| d * d).sum());
            made.doubled.extend(away.iter().map(|d| -2.0 * d));
        }
        made
    }

    /// Calls `each(row, nearest)` for every row of a block of contiguous rows, in order; of equally near centres the first counts.
    pub(super) fn each_nearest(&self, block: &[f64], mut each: impl FnMut(&[f64], usize)) {
        let mut tile: Vec<Lane> = vec![[0.0; LANES]; self.width];
        for rows in block.chunks(LANES * self.width) {
            for (lane, row) in rows.chunks_exact(self.width).enumerate() {
                for ((place, x), o) in tile.iter_mut().zip(row).zip(&self.origin) {
                    place[lane] = x - o;
                }
            }
            let nearest = self.nearest(&tile);
            // Lanes beyond the last row hold rows of before, whose answers nobody asks for.
            for (row, nearest) in rows.chunks_exact(self.width).zip(nearest) {
                each(row, nearest as usize);
            }
        }
    }

    /// The nearest centre of each lane.
    fn nearest(&self, tile: &[Lane]) -> [u64; LANES] {
        let (mut least, mut nearest) = ([f64::INFINITY; LANES], [0u64; LANES]);
        for (index, (doubled, &squared)) in (0u64..).zip(self.doubled.chunks_exact(self.width).zip(&self.squared)) {
            let mut distance = [squared; LANES];
            for (column, &weight) in tile.iter().zip(doubled) {
                for (distance, x) in distance.iter_mut().zip(column) {
                    *distance += weight * x;
                }
            }
            for lane in 0..LANES {
                let closer = distance[lane] < least[lane];
                least[lane] = if closer { distance[lane] } else { least[lane] };
                nearest[lane] = if closer { index } else { nearest[lane] };
            }
        }
        nearest
    }
}

/// |a - b|^2.
pub(super) fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The blocks of contiguous rows.
pub(super) fn blocks<'a>(data: &'a ArrayView2<'_, f64>) -> rayon::slice::Chunks<'a, f64> {
    data.as_slice().expect("rows are in standard layout").par_chunks(BLOCK * data.ncols().max(1))
}

/// The first row: as good an origin as any among the rows, and found without a look at the others.
pub(super) fn origin(data: ArrayView2<'_, f64>) -> Vec<f64> {
    data.axis_iter(Axis(0)).next().map_or_else(Vec::new, |row: ArrayView1<'_, f64>| row.to_vec())
}

/// The nearest centre of every row.
pub(super) fn assign(data: ArrayView2<'_, f64>, centres: ArrayView2<'_, f64>) -> Vec<usize> {
    let prepared = Prepared::of(centres, &origin(data));
    let of_block = |block: &[f64]| {
        let mut nearest = Vec::with_capacity(block.len() / centres.ncols().max(1));
        prepared.each_nearest(block, |_, index| nearest.push(index));
        nearest
    };
    blocks(&data).flat_map_iter(of_block).collect()
}
