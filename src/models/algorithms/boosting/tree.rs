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

    fn next(&self, row: &[f64]) -> usize {
        let value = row[self.column as usize];
        // A NaN is below nothing. Without branches: which side it is cannot be foretold, and a wrong guess costs more than both.
        let left = (value < self.below) | (self.missing_left & value.is_nan());
        self.left as usize + usize::from(!left)
    }
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
