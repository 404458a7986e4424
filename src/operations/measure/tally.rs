//! Sums of an arm as whole numbers: exact, so that they are the same in any order and on any number of threads.

use crate::experiments::cuped::CupedSums;
use crate::experiments::statistic::{MeanSums, ProportionSums, Statistic};

/// Units, and the sums of an outcome, of the same before the assignment, and of their products.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Units.
    pub n: i64,
    post: i128,
    post_squares: i128,
    pre: i128,
    pre_squares: i128,
    products: i128,
}

impl Tally {
    /// Adds a unit.
    pub fn add(&mut self, post: i64, pre: i64) {
        self.n += 1;
        self.add_value(post, pre);
    }

    /// Adds the values of a unit that was counted before with zeros.
    pub fn add_value(&mut self, post: i64, pre: i64) {
        let (post, pre) = (i128::from(post), i128::from(pre));
        self.post += post;
        self.post_squares += post * post;
        self.pre += pre;
        self.pre_squares += pre * pre;
        self.products += post * pre;
    }

    /// The same sums over so many units, of which the others had nothing.
    #[must_use]
    pub fn over(self, n: i64) -> Tally {
        Tally { n, ..self }
    }

    /// Both arms in one.
    #[must_use]
    pub fn and(self, other: Tally) -> Tally {
        Tally {
            n: self.n + other.n,
            post: self.post + other.post,
            post_squares: self.post_squares + other.post_squares,
            pre: self.pre + other.pre,
            pre_squares: self.pre_squares + other.pre_squares,
            products: self.products + other.products,
        }
    }

    /// The sums with the covariate, in units of `unit` of what was added.
    pub fn cuped(&self, unit: f64) -> Statistic {
        let square = unit * unit;
        Statistic::Cuped(CupedSums {
            n: self.n as f64,
            post_sum: self.post as f64 / unit,
            post_sum_squares: self.post_squares as f64 / square,
            pre_sum: self.pre as f64 / unit,
            pre_sum_squares: self.pre_squares as f64 / square,
            post_pre_sum_of_products: self.products as f64 / square,
        })
    }

    /// The outcome alone.
    pub fn mean(&self, unit: f64) -> Statistic {
        Statistic::Mean(MeanSums {
            n: self.n as f64,
            sum: self.post as f64 / unit,
            sum_squares: self.post_squares as f64 / (unit * unit),
            shift: 0.0,
        })
    }

    /// The outcome as a share, where it is 0 or 1.
    pub fn share(&self) -> Statistic {
        Statistic::Proportion(ProportionSums { n: self.n as f64, sum: self.post as f64 })
    }

    /// The outcome's mean per unit, in units of `unit`; 0 without units.
    pub fn average(&self, unit: f64) -> f64 {
        if self.n == 0 { 0.0 } else { self.post as f64 / unit / self.n as f64 }
    }

    /// The outcome's sum, in what was added.
    pub fn sum(&self) -> i64 {
        i64::try_from(self.post).unwrap_or(if self.post > 0 { i64::MAX } else { i64::MIN })
    }
}

impl FromIterator<(i64, i64)> for Tally {
    fn from_iter<I: IntoIterator<Item = (i64, i64)>>(values: I) -> Tally {
        let mut tally = Tally::default();
        values.into_iter().for_each(|(post, pre)| tally.add(post, pre));
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_the_order() {
        let values: Vec<(i64, i64)> = (0..1_000).map(|i| (i * i * 7_919 % 100_003, i * 31 % 977)).collect();
        let forward: Tally = values.iter().copied().collect();
        let (left, right) = values.split_at(313);
        let apart = right.iter().rev().copied().collect::<Tally>().and(left.iter().copied().collect());
        assert_eq!(forward, apart);
        let Statistic::Cuped(sums) = forward.cuped(100.0) else { panic!("sums with a covariate") };
        let sum: i64 = values.iter().map(|(post, _)| post).sum();
        assert!((sums.post_sum - sum as f64 / 100.0).abs() < 1e-6 && sums.n == 1_000.0);
    }
}
