//! Growing: bins, histograms, splits.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::params::BoostingValidParams;
use super::tree::{Node, Tree};
use super::{BLOCK, Boosting};
use crate::models::algorithms::{logit, sigmoid};
use crate::random::{Stream, mix, unit};

/// The bin of a missing value; the others begin at 1.
const MISSING: u8 = 0;
/// The place of a row whose node splits no further; a level has at most 128 nodes.
const DONE: u8 = u8::MAX;

/// Rows whose sums by bin are made by one thread; those of the parts are then added in order, whatever the number of threads.
const PART: usize = 32_768;

/// The columns in bins, row after row: a row's sums are added to one bin of each column, and these additions do not wait for each
/// other.
struct Binned {
    /// The bin of each column.
    codes: Vec<u8>,
    width: usize,
    /// Of each column: bin b > 0 holds values from `edges[b - 2]` (or any) to below `edges[b - 1]`.
    edges: Vec<Vec<f64>>,
    /// Where the bins of each column begin among those of all, and how many there are.
    starts: Vec<usize>,
    bins: usize,
}

/// Slope and curvature of the loss, summed.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    slope: f64,
    curve: f64,
}

impl std::ops::Add for Sums {
    type Output = Sums;
    fn add(self, other: Sums) -> Sums {
        Sums { slope: self.slope + other.slope, curve: self.curve + other.curve }
    }
}

impl std::ops::Sub for Sums {
    type Output = Sums;
    fn sub(self, other: Sums) -> Sums {
        Sums { slope: self.slope - other.slope, curve: self.curve - other.curve }
    }
}

impl Sums {
    /// By how much the best answer for these rows reduces the loss, doubled: slope squared / (curvature + penalty).
    fn worth(self, l2: f64) -> f64 {
        if self.curve + l2 > 0.0 { self.slope * self.slope / (self.curve + l2) } else { 0.0 }
    }

    fn answer(self, l2: f64) -> f64 {
        if self.curve + l2 > 0.0 { -self.slope / (self.curve + l2) } else { 0.0 }
    }
}

/// The best split of a node by one column.
#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    column: usize,
    /// The first bin that goes right.
    bin: usize,
    missing_left: bool,
    left: Sums,
    right: Sums,
}

/// `weights`: how much each row counts; all the same when None.
pub(super) fn boost(
    params: &BoostingValidParams,
    x: ArrayView2<'_, f64>,
    happened: &[bool],
    weights: Option<&[f32]>,
) -> Boosting {
    let binned = Binned::of(x, params.bins);
    let weight = |row: usize| weights.map_or(1.0, |weights| f64::from(weights[row]));
    let (mut events, mut total) = (0.0, 0.0);
    for (row, &y) in happened.iter().enumerate() {
        events += weight(row) * f64::from(u8::from(y));
        total += weight(row);
    }
    let base = logit(events / total);
    let mut log_odds = vec![base; happened.len()];
    let mut sums = vec![Sums::default(); happened.len()];
    let mut trees = Vec::with_capacity(params.rounds);
    for round in 0..params.rounds as u64 {
        sums.par_chunks_mut(BLOCK).enumerate().for_each(|(block, sums)| {
            for (row, sum) in (block * BLOCK..).zip(sums) {
                let (p, w) = (sigmoid(log_odds[row]), weight(row));
                *sum = Sums { slope: w * (p - f64::from(u8::from(happened[row]))), curve: w * p * (1.0 - p) };
            }
        });
        let tree = Grower::new(params, &binned, &sums, round).grow();
        answer(&tree, &binned, &mut log_odds);
        trees.push(Tree { nodes: tree.nodes });
    }
    Boosting { base, trees }
}

impl Binned {
    fn of(x: ArrayView2<'_, f64>, bins: usize) -> Binned {
        let edges: Vec<Vec<f64>> =
            (0..x.ncols()).into_par_iter().map(|column| edges_of(x.column(column).iter(), bins)).collect();
        let code = |edges: &[f64], value: f64| {
            if value.is_finite() { 1 + edges.partition_point(|&edge| edge <= value) as u8 } else { MISSING }
        };
        let width = x.ncols();
        let mut codes = vec![MISSING; x.nrows() * width];
        codes.par_chunks_mut((BLOCK * width).max(1)).enumerate().for_each(|(block, codes)| {
            for (row, codes) in (block * BLOCK..).zip(codes.chunks_exact_mut(width)) {
                for (code_of, (edges, &value)) in codes.iter_mut().zip(edges.iter().zip(x.row(row))) {
                    *code_of = code(edges, value);
                }
            }
        });
        let mut bins = 0;
        let mut starts = Vec::with_capacity(width);
        for edges in &edges {
            starts.push(bins);
            bins += edges.len() + 2;
        }
        Binned { codes, width, edges, starts, bins }
    }

    fn row(&self, row: usize) -> &[u8] {
        &self.codes[row * self.width..][..self.width]
    }

    /// A column's bins among those of all columns.
    fn range(&self, column: usize) -> std::ops::Range<usize> {
        self.starts[column]..self.starts[column] + self.edges[column].len() + 2
    }
}

/// Where a column is cut into bins.
fn edges_of<'a>(values: impl Iterator<Item = &'a f64>, bins: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.copied().filter(|v| v.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    // With few values each has its own bin; else quantiles, each of which is the first value of its bin.
    if distinct.len() < bins {
        return distinct.windows(2).map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0).collect();
    }
    let mut edges: Vec<f64> = (1..bins - 1).map(|i| sorted[i * sorted.len() / (bins - 1)]).collect();
    edges.dedup();
    edges.retain(|&edge| edge > sorted[0]);
    edges
}

/// Grows the tree of one round.
struct Grower<'a> {
    params: &'a BoostingValidParams,
    binned: &'a Binned,
    /// The columns of this tree, rising.
    drawn: Vec<usize>,
    /// The rows of this tree, rising, and their sums.
    rows: Vec<u32>,
    sums: Vec<Sums>,
    /// For each of those rows the place of its node in the level.
    places: Vec<u8>,
}

/// A tree on its way: beside each node the curvature of its rows, and the first bin that goes right.
#[derive(Default)]
struct Growing {
    nodes: Vec<Node>,
    curves: Vec<f64>,
    bins: Vec<usize>,
}

impl Growing {
    fn push(&mut self, sums: Sums, params: &BoostingValidParams) {
        let value = params.rate * sums.answer(params.l2);
        self.nodes.push(Node { column: 0, below: 0.0, missing_left: false, left: 0, value, gain: 0.0 });
        self.curves.push(sums.curve);
        self.bins.push(0);
    }

    /// Gives each split the mean of what stands below it, weighted by curvature.
    fn means(&mut self) {
        for at in (0..self.nodes.len()).rev().filter(|&at| !self.nodes[at].is_leaf()).collect::<Vec<_>>() {
            let left = self.nodes[at].left as usize;
            let [a, b] = [left, left + 1].map(|child| (self.curves[child], self.nodes[child].value));
            self.nodes[at].value = if a.0 + b.0 > 0.0 { (a.0 * a.1 + b.0 * b.1) / (a.0 + b.0) } else { 0.0 };
        }
    }
}

impl<'a> Grower<'a> {
    fn new(params: &'a BoostingValidParams, binned: &'a Binned, all: &[Sums], round: u64) -> Grower<'a> {
        let mut stream = Stream::new(params.seed.wrapping_add(round), "boosting columns");
        let mut drawn: Vec<usize> = (0..binned.width).collect();
        for i in (1..drawn.len()).rev() {
            drawn.swap(i, stream.below(i + 1));
        }
        drawn.truncate(((binned.width as f64 * params.columns).round() as usize).max(1));
        drawn.sort_unstable();
        let salt = mix(params.seed ^ mix(round));
        let seen = |row: &u32| params.rows >= 1.0 || unit(mix(u64::from(*row) ^ salt)) < params.rows;
        let rows: Vec<u32> = (0..all.len() as u32).filter(seen).collect();
        let sums = rows.iter().map(|&row| all[row as usize]).collect();
        Grower { params, binned, drawn, places: vec![0; rows.len()], rows, sums }
    }

    fn grow(&mut self) -> Growing {
        let root = self.sums.iter().fold(Sums::default(), |sum, &row| sum + row);
        let mut tree = Growing::default();
        tree.push(root, self.params);
        // The nodes of the level: where each stands in the tree, and what its rows sum to.
        let mut level = vec![(0, root)];
        for _ in 0..self.params.depth {
            let splits = self.splits(&level);
            let mut next = Vec::new();
            let mut turns = vec![None; level.len()];
            for (place, (&(at, _), split)) in level.iter().zip(splits).enumerate() {
                let Some(split) = split else { continue };
                let left = tree.nodes.len();
                tree.push(split.left, self.params);
                tree.push(split.right, self.params);
                let node = &mut tree.nodes[at];
                (node.column, node.left) = (split.column as u32, left as u32);
                node.below = self.binned.edges[split.column][split.bin - 2];
                (node.missing_left, node.gain) = (split.missing_left, split.gain / 2.0);
                tree.bins[at] = split.bin;
                turns[place] = Some((split, next.len() as u8));
                next.extend([(left, split.left), (left + 1, split.right)]);
            }
            if next.is_empty() {
                break;
            }
            self.move_rows(&turns);
            level = next;
        }
        tree.means();
        tree
    }

    /// Rows of split nodes go to the place of the child; the others are done.
    fn move_rows(&mut self, turns: &[Option<(Split, u8)>]) {
        let (binned, rows) = (self.binned, &self.rows);
        self.places.par_chunks_mut(BLOCK).zip(rows.par_chunks(BLOCK)).for_each(|(places, rows)| {
            for (place, &row) in places.iter_mut().zip(rows).filter(|(place, _)| **place != DONE) {
                *place = match &turns[*place as usize] {
                    Some((split, left)) => {
                        let code = binned.row(row as usize)[split.column];
                        left + u8::from(!goes_left(code, split.bin, split.missing_left))
                    }
                    None => DONE,
                };
            }
        });
    }

    /// The best split of each node of the level; the earlier column where two are as good.
    fn splits(&self, level: &[(usize, Sums)]) -> Vec<Option<Split>> {
        let histograms = self.histograms(level.len());
        let of_node = |(node, &(_, all)): (&[Sums], &(usize, Sums))| -> Option<Split> {
            let by_column =
                self.drawn.iter().map(|&column| self.split_of(column, &node[self.binned.range(column)], all));
            by_column.flatten().reduce(|best, new| if new.gain > best.gain { new } else { best })
        };
        histograms.par_chunks_exact(self.binned.bins).zip(level).map(of_node).collect()
    }

    /// The sums of each node's rows by column and bin, node after node.
    fn histograms(&self, nodes: usize) -> Vec<Sums> {
        let binned = self.binned;
        let of_part = |((rows, places), sums): ((&[u32], &[u8]), &[Sums])| {
            let mut histograms = vec![Sums::default(); nodes * binned.bins];
            for ((&row, &place), &sums) in rows.iter().zip(places).zip(sums).filter(|((_, place), _)| **place != DONE) {
                let node = &mut histograms[place as usize * binned.bins..][..binned.bins];
                let codes = binned.row(row as usize);
                for &column in &self.drawn {
                    let cell = &mut node[binned.starts[column] + codes[column] as usize];
                    *cell = *cell + sums;
                }
            }
            histograms
        };
        let parts = self.rows.par_chunks(PART).zip(self.places.par_chunks(PART)).zip(self.sums.par_chunks(PART));
        let parts: Vec<Vec<Sums>> = parts.map(of_part).collect();
        let added = parts.into_iter().reduce(|mut all, part| {
            all.iter_mut().zip(part).for_each(|(cell, more)| *cell = *cell + more);
            all
        });
        added.unwrap_or_else(|| vec![Sums::default(); nodes * binned.bins])
    }

    /// The best place to cut a node's bins in two, with the missing ones on either side.
    fn split_of(&self, column: usize, bins: &[Sums], all: Sums) -> Option<Split> {
        let l2 = self.params.l2;
        let missing = bins[MISSING as usize];
        let whole = all.worth(l2);
        let mut best: Option<Split> = None;
        let mut below = Sums::default();
        for bin in 2..bins.len() {
            below = below + bins[bin - 1];
            for missing_left in [true, false] {
                let left = if missing_left { below + missing } else { below };
                let right = all - left;
                if left.curve.min(right.curve) < self.params.least.max(1e-9) {
                    continue;
                }
                // Where nothing is missing both sides are alike: what is missing later goes with the most.
                if missing.curve == 0.0 && missing_left != (left.curve >= right.curve) {
                    continue;
                }
                let gain = left.worth(l2) + right.worth(l2) - whole;
                if gain > 1e-9 && best.is_none_or(|old| gain > old.gain) {
                    best = Some(Split { gain, column, bin, missing_left, left, right });
                }
            }
        }
        best
    }
}

fn goes_left(code: u8, bin: usize, missing_left: bool) -> bool {
    if code == MISSING { missing_left } else { (code as usize) < bin }
}

/// Adds a tree's answers to the log-odds of all rows.
fn answer(tree: &Growing, binned: &Binned, log_odds: &mut [f64]) {
    log_odds.par_chunks_mut(BLOCK).enumerate().for_each(|(block, log_odds)| {
        for (row, log_odds) in (block * BLOCK..).zip(log_odds) {
            let (mut at, codes) = (0, binned.row(row));
            while !tree.nodes[at].is_leaf() {
                let node = &tree.nodes[at];
                let code = codes[node.column as usize];
                at = node.left as usize + usize::from(!goes_left(code, tree.bins[at], node.missing_left));
            }
            *log_odds += tree.nodes[at].value;
        }
    });
}
