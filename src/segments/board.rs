//! A grid as people look at it: recency down, frequency across; amounts are added up.

use serde::Serialize;

use super::store::KeptSegment;

/// A segmentation by grid as a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Board {
    /// The segmentation.
    pub segmentation: String,
    /// By recency, who bought last first; in each line by frequency, who bought most often last.
    pub lines: Vec<Vec<Square>>,
}

/// The cells of one recency and one frequency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Square {
    /// Customers in them.
    pub customers: i64,
    /// What they brought so far, in units of the currency.
    pub profit: f64,
}

impl Board {
    /// Scores of a scale.
    pub fn bins(&self) -> usize {
        self.lines.len()
    }

    /// Customers in the fullest square.
    pub fn fullest(&self) -> i64 {
        self.lines.iter().flatten().map(|square| square.customers).max().unwrap_or(0)
    }
}

/// Takes grids out of segments that are in the order of segmentations: what is left, and each grid with its cells.
pub fn boards(segments: Vec<KeptSegment>) -> (Vec<KeptSegment>, Vec<(Board, Vec<KeptSegment>)>) {
    let (mut others, mut boards) = (Vec::new(), Vec::new());
    for of_one in segments.chunk_by(|a, b| a.segmentation == b.segmentation) {
        match board(of_one) {
            Some(board) => boards.push((board, of_one.to_vec())),
            None => others.extend_from_slice(of_one),
        }
    }
    (others, boards)
}

/// The board of a segmentation that has every cell of a grid and nothing else.
fn board(segments: &[KeptSegment]) -> Option<Board> {
    let bins = (2..=9_usize).find(|bins| bins.pow(3) == segments.len())?;
    let mut lines = vec![vec![Square::default(); bins]; bins];
    for segment in segments {
        let scores: Vec<usize> = segment.code.split('-').filter_map(|score| score.parse().ok()).collect();
        let [recency, frequency, amount] = scores[..] else { return None };
        if [recency, frequency, amount].iter().any(|score| !(1..=bins).contains(score)) {
            return None;
        }
        let square = &mut lines[bins - recency][frequency - 1];
        square.customers += segment.size;
        square.profit += segment.economics.value;
    }
    Some(Board { segmentation: segments[0].segmentation.clone(), lines })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::ModelVersionId;
    use crate::segments::{Portrait, SegmentEconomics};

    fn kept(segmentation: &str, code: &str, size: i64) -> KeptSegment {
        let economics = SegmentEconomics {
            customers: size as usize,
            share: 0.0,
            value: 10.0 * size as f64,
            value_share: None,
            unprofitable: 0.0,
            means: Default::default(),
        };
        KeptSegment {
            segmentation: segmentation.into(),
            code: code.into(),
            name: code.into(),
            size,
            economics,
            portrait: Portrait::default(),
            model_version_id: ModelVersionId(1),
            computed_at: Timestamp(0),
        }
    }

    #[test]
    fn a_whole_grid_becomes_a_board_and_nothing_else_does() {
        let codes = (0..8).map(|cell| format!("{}-{}-{}", cell / 4 + 1, cell / 2 % 2 + 1, cell % 2 + 1));
        let mut all: Vec<KeptSegment> = codes.enumerate().map(|(i, code)| kept("rfm", &code, i as i64)).collect();
        all.extend([kept("segments", "s1", 5), kept("segments", "s2", 6)]);
        let (others, boards) = boards(all.clone());
        assert_eq!(others.len(), 2);
        let (board, cells) = &boards[0];
        assert_eq!((board.bins(), board.fullest(), cells.len()), (2, 13, 8));
        let customers: Vec<Vec<i64>> =
            board.lines.iter().map(|line| line.iter().map(|square| square.customers).collect()).collect();
        // Codes 2-1-*, 2-2-* above 1-1-*, 1-2-*.
        assert_eq!(customers, [[9, 13], [1, 5]]);
        assert_eq!(board.lines[1][1].profit, 50.0);
        all.remove(3);
        assert!(super::boards(all).1.is_empty(), "a cell is missing");
    }
}
