//! One tree, as it answers.

use serde::{Deserialize, Serialize};

/// A split or a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The column that splits.
    pub column: u32,
    /// A value below this goes left.
    pub below: f64,
    /// Whether a missing value goes left.
    pub missing_left: bool,
    /// Where the left child stands, the right one after it; 0 for a leaf.
    pub left: u32,
    /// What the tree adds here: at a leaf its answer, at a split the mean of its training rows.
    pub value: f64,
    /// By how much the split reduced the loss.
    pub gain: f64,
}

impl Node {
    /// Whether it splits no further.
    pub fn is_leaf(&self) -> bool {
        self.left == 0
    }

    /// A NaN is below nothing. Without branches: which side it is cannot be foretold, and a wrong guess costs more than both.
    fn goes_left(&self, value: f64) -> bool {
        (value < self.below) | (self.missing_left & value.is_nan())
    }

    fn next(&self, row: &[f64]) -> usize {
        self.left as usize + usize::from(!self.goes_left(row[self.column as usize]))
    }
}

/// Rows that agree in their first columns.
pub(super) struct Sharing<'a> {
    pub shared: &'a [f64],
    /// The other columns of all rows, row after row.
    pub own: &'a [f64],
    /// How many those are.
    pub width: usize,
}

/// Nodes; the first is the root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// Each split stands before its children.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// What it adds to the log-odds of a row.
    pub fn value(&self, row: &[f64]) -> f64 {
        let mut node = &self.nodes[0];
        while !node.is_leaf() {
            node = &self.nodes[node.next(row)];
        }
        node.value
    }

    /// Adds its answers to the log-odds of these rows, all of which have come to the node `at`. The order of `rows` changes.
    pub(super) fn add_sharing(&self, mut at: usize, asked: &Sharing<'_>, rows: &mut [u32], log_odds: &mut [f64]) {
        loop {
            let node = &self.nodes[at];
            if node.is_leaf() {
                return rows.iter().for_each(|&row| log_odds[row as usize] += node.value);
            }
            let Some(own) = (node.column as usize).checked_sub(asked.shared.len()) else {
                at = node.next(asked.shared);
                continue;
            };
            let mut split = 0;
            for i in 0..rows.len() {
                if node.goes_left(asked.own[rows[i] as usize * asked.width + own]) {
                    rows.swap(split, i);
                    split += 1;
                }
            }
            let (left, right) = rows.split_at_mut(split);
            if !left.is_empty() {
                self.add_sharing(node.left as usize, asked, left, log_odds);
            }
            if right.is_empty() {
                return;
            }
            return self.add_sharing(node.left as usize + 1, asked, right, log_odds);
        }
    }

    /// Credits each column with the change of value at its splits on the row's path.
    pub(super) fn contributions(&self, row: &[f64], parts: &mut [f64]) {
        let mut node = &self.nodes[0];
        while !node.is_leaf() {
            let next = &self.nodes[node.next(row)];
            parts[node.column as usize] += next.value - node.value;
            node = next;
        }
    }
}
