//! What a marketer can measure: those who could be contacted against the holdout, by realised profit.

use super::company::Company;
use crate::experiments::Level;
use crate::experiments::cuped::CupedSums;
use crate::experiments::lift::{self, ArmTotals, Arms, Lift};
use crate::experiments::statistic::Statistic;

/// Incremental profit as measured, in minor units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Clients outside the holdout, contacted or not.
    pub treated: usize,
    /// Clients in it.
    pub holdout: usize,
    /// Estimated total over the treated.
    pub total: f64,
    /// Ends of the 95 % interval.
    pub interval: (f64, f64),
}

impl Measured {
    /// What the engine's own results say.
    pub fn of(lift: &Lift) -> Measured {
        Measured {
            treated: lift.treated as usize,
            holdout: lift.holdout as usize,
            total: lift.total,
            interval: (lift.total_lower, lift.total_upper),
        }
    }

    /// Does the interval hold this value?
    pub fn covers(&self, truth: f64) -> bool {
        (self.interval.0..=self.interval.1).contains(&truth)
    }
}

/// Sums over nobody.
const NOBODY: CupedSums = CupedSums {
    n: 0.0,
    post_sum: 0.0,
    post_sum_squares: 0.0,
    pre_sum: 0.0,
    pre_sum_squares: 0.0,
    post_pre_sum_of_products: 0.0,
};

/// Measures a window: all outside the holdout (intention to treat) against the holdout, by the very estimator of the engine's own
/// results: difference of means with unequal variances (Welch 1947), less what the margin of the 90 days before already told
/// (CUPED), times the number of the treated. `None` when a group is too small or nothing varies.
pub fn lift(company: &Company, profit: &[i64], before: &[i64], holdout: impl Fn(&str) -> bool) -> Option<Measured> {
    let mut groups = [NOBODY; 2];
    for ((client, post), pre) in company.clients.iter().zip(profit).zip(before) {
        add(&mut groups[usize::from(holdout(&client.person.external_id))], *post as f64, *pre as f64);
    }
    let totals = groups.map(|sums| ArmTotals { profit: Statistic::Cuped(sums), conversions: 0.0 });
    let lift = lift::lift(&Arms { treated: totals[0], holdout: totals[1] }, Level::FIVE_PERCENT).ok()?;
    Some(Measured::of(&lift))
}

fn add(sums: &mut CupedSums, post: f64, pre: f64) {
    sums.n += 1.0;
    sums.post_sum += post;
    sums.post_sum_squares += post * post;
    sums.pre_sum += pre;
    sums.pre_sum_squares += pre * pre;
    sums.post_pre_sum_of_products += post * pre;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::company::Shape;

    #[test]
    fn agrees_with_welch_by_hand() {
        let company = Company::generate(Shape { customers: 7, ..Shape::default() }).unwrap();
        // Treated 1, 2, 3, 4 and holdout 0, 1, 2: difference 1.5, standard error sqrt(5/12 + 1/3), 4.9589 degrees of freedom,
        // whose 97.5 % quantile is 2.5768 (R: qt(0.975, 4.9589)).
        let holdout = |id: &str| ["C000004", "C000005", "C000006"].contains(&id);
        let measured = lift(&company, &[1, 2, 3, 4, 0, 1, 2], &[7; 7], holdout).unwrap();
        assert!((measured.total - 6.0).abs() < 1e-9);
        let half = (measured.interval.1 - measured.interval.0) / 8.0;
        assert!((half - 2.5768 * 0.75f64.sqrt()).abs() < 2e-3, "{half}");
        assert_eq!(lift(&company, &[5; 7], &[7; 7], holdout), None);
    }
}
