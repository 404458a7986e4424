//! Who resembles the members of a segment: logistic regression of members against others.
//!
//! P(member | x) = 1 / (1 + exp(-(a + b.z(x)))), with z the scaled features, their squares and their products: a segment often lies
//! in the midst of the others, where no straight border can tell it apart. How well it is told apart is measured on customers that
//! were left out (five folds).

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::ids::CustomerId;
use crate::models::algorithms::logistic::Logistic;
use crate::models::calibration::fold_of;
use crate::models::evaluation::auc;
use crate::models::spec::segments::{Likeness, Size};

/// Folds of customers.
const FOLDS: usize = 5;
/// L2 penalty on the weights of scaled columns.
const L2: f64 = 1.0;
/// With more features their products would be more than a segment can teach.
const MOST_PRODUCTS: usize = 12;

/// The fitted likeness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LikenessModel {
    logistic: Logistic,
}

/// How well members are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Members learned from.
    pub members: usize,
    /// Others learned from.
    pub others: usize,
    /// Area under the ROC curve of answers by fits that had not seen the customer.
    pub auc: f64,
}

impl LikenessModel {
    /// Learns from members and others; `base` is the odds of a member among all customers, where the rows are not drawn evenly.
    ///
    /// # Errors
    /// Invalid, when there are fewer members or others than the spec asks for.
    pub fn fit(
        x: ArrayView2<'_, f64>,
        members: &[bool],
        customers: &[CustomerId],
        base: f64,
        spec: &Likeness,
        seed: u64,
    ) -> Result<(LikenessModel, Told)> {
        let known = members.iter().filter(|member| **member).count();
        let others = members.len() - known;
        if known < spec.min_members || others < spec.min_members {
            return Err(Error::invalid(format!(
                "{known} members and {others} others are known by their features; at least {} of each are needed",
                spec.min_members
            )));
        }
        let wide = widened(x);
        let scores = left_out(&wide, members, customers, seed)?;
        let auc = auc(members, &scores).unwrap_or(0.5);
        let mut logistic = Logistic::fit(&wide, members, L2)?;
        // Members are drawn more often than others: their odds are put right (King and Zeng 2001, prior correction).
        logistic.intercept += base.ln() - (known as f64 / others as f64).ln();
        Ok((LikenessModel { logistic }, Told { members: known, others, auc }))
    }

    /// The probability that each row is one of the members.
    pub fn probabilities(&self, x: ArrayView2<'_, f64>) -> Vec<f64> {
        let row = |row: usize| self.logistic.probability(&widened_row(&x.row(row).to_vec()));
        (0..x.nrows()).into_par_iter().map(row).collect()
    }
}

/// The log-odds of each row by the fit to the folds that it is not in.
fn left_out(wide: &Array2<f64>, members: &[bool], customers: &[CustomerId], seed: u64) -> Result<Vec<f64>> {
    let folds: Vec<usize> = customers.iter().map(|customer| fold_of(*customer, FOLDS, seed)).collect();
    let of_fold = |fold: usize| {
        let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
        let happened: Vec<bool> = seen.iter().map(|&row| members[row]).collect();
        let fitted = Logistic::fit(&wide.select(Axis(0), &seen), &happened, L2)?;
        Ok(unseen.into_iter().map(|row| (row, fitted.log_odds(&wide.row(row).to_vec()))).collect())
    };
    let parts = (0..FOLDS).into_par_iter().map(of_fold).collect::<Result<Vec<Vec<(usize, f64)>>>>()?;
    let mut scores = vec![0.0; members.len()];
    parts.into_iter().flatten().for_each(|(row, score)| scores[row] = score);
    Ok(scores)
}

/// The rows that are taken: the likest who are not members, at most as many as the size says; equally like ones in the order of ids.
pub fn likest(probabilities: &[f64], members: &[bool], size: Size) -> Vec<usize> {
    let mut others: Vec<usize> = (0..probabilities.len()).filter(|&row| !members[row]).collect();
    let wanted = match size {
        Size::Number(number) => number,
        Size::Share(share) => (share * others.len() as f64).round() as usize,
    };
    others.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]).then(a.cmp(&b)));
    others.truncate(wanted);
    others
}

fn widened(x: ArrayView2<'_, f64>) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|row| widened_row(&row.to_vec())).collect();
    let width = rows.first().map_or(0, Vec::len);
    Array2::from_shape_fn((rows.len(), width), |(row, column)| rows[row][column])
}

/// The columns, then their squares and products; squares about 1, their mean.
fn widened_row(row: &[f64]) -> Vec<f64> {
    let mut wide = row.to_vec();
    if row.len() <= MOST_PRODUCTS {
        for i in 0..row.len() {
            for j in 0..=i {
                wide.push(row[i] * row[j] - f64::from(u8::from(i == j)));
            }
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn spec(size: Size) -> Likeness {
        Likeness { of: Some("some".into()), ids: vec![], size, min_members: 50, min_auc: 0.6 }
    }

    /// Members lie in a ring around the middle of the others: no straight line tells them apart.
    fn ring(rows: usize) -> (Array2<f64>, Vec<bool>, Vec<CustomerId>) {
        let mut stream = Stream::new(2, "ring");
        let x = Array2::from_shape_fn((rows, 2), |_| stream.normal());
        let inside = |row: usize| x.row(row).dot(&x.row(row)) < 0.7;
        let members = (0..rows).map(|row| inside(row) && stream.uniform() < 0.5).collect();
        (x.clone(), members, (0..rows as i64).map(CustomerId).collect())
    }

    #[test]
    fn those_who_are_alike_come_first_and_members_never() {
        let (x, members, customers) = ring(2_000);
        let known = members.iter().filter(|member| **member).count() as f64;
        let base = known / (2_000.0 - known);
        let (model, told) =
            LikenessModel::fit(x.view(), &members, &customers, base, &spec(Size::Number(100)), 1).unwrap();
        assert!(told.auc > 0.8, "{told:?}");
        let probabilities = model.probabilities(x.view());
        // With an intercept that is not penalised the mean of the answers is the share of members.
        let mean = probabilities.iter().sum::<f64>() / 2_000.0;
        assert!((mean - known / 2_000.0).abs() < 0.01, "{mean}");
        let taken = likest(&probabilities, &members, Size::Number(100));
        assert!(taken.iter().all(|&row| !members[row]));
        let inside = taken.iter().filter(|&&row| x.row(row).dot(&x.row(row)) < 0.7).count();
        assert!(inside >= 90, "{inside} of the 100 likest lie where the members do");
        assert!(taken.windows(2).all(|pair| probabilities[pair[0]] >= probabilities[pair[1]]));
        assert_eq!(
            likest(&probabilities, &members, Size::Share(0.1)).len(),
            ((2_000.0 - known) * 0.1).round() as usize
        );
    }

    /// Half of the others left out: the odds are put right all the same.
    #[test]
    fn the_base_rate_survives_uneven_drawing() {
        let (x, members, customers) = ring(4_000);
        let known = members.iter().filter(|member| **member).count() as f64;
        let kept: Vec<usize> = (0..4_000).filter(|&row| members[row] || row % 2 == 0).collect();
        let drawn: Vec<bool> = kept.iter().map(|&row| members[row]).collect();
        let ids: Vec<CustomerId> = kept.iter().map(|&row| customers[row]).collect();
        let base = known / (4_000.0 - known);
        let some = x.select(Axis(0), &kept);
        let (model, _) = LikenessModel::fit(some.view(), &drawn, &ids, base, &spec(Size::Number(1)), 1).unwrap();
        let mean = model.probabilities(x.view()).iter().sum::<f64>() / 4_000.0;
        assert!((mean / (known / 4_000.0) - 1.0).abs() < 0.06, "{mean}");
    }

    #[test]
    fn too_few_members_are_refused_with_both_numbers() {
        let (x, _, customers) = ring(100);
        let members: Vec<bool> = (0..100).map(|row| row < 7).collect();
        let error = LikenessModel::fit(x.view(), &members, &customers, 0.1, &spec(Size::Number(5)), 1).unwrap_err();
        assert!(
            error.message().starts_with("7 members and 93 others") && error.message().contains("at least 50"),
            "{error}"
        );
    }
}
