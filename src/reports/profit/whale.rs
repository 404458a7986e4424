//! The whale curve: what share of the profit the best clients bring, best first (Kaplan and Narayanan, "Measuring and managing
//! customer profitability", Journal of Cost Management 15, 2001). It climbs above 100 % and comes back: the fall is what the
//! unprofitable ones take away again.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Cumulative profit by rank of clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whale {
    /// Clients ranked.
    pub clients: usize,
    /// Their profit.
    pub profit: Money,
    /// For 0 %, 1 %, ... 100 % of the clients, best first, the profit that they bring together; rounded up to whole clients.
    pub cumulative: Vec<Money>,
    /// The same as shares of the whole; none where the whole is not above 0.
    pub share: Option<Vec<f64>>,
    /// The most that any number of clients brings together.
    pub peak: Money,
    /// The same as a share of the whole.
    pub peak_share: Option<f64>,
    /// Which share of the clients brings it: those with a profit above 0.
    pub peak_at: f64,
}

/// The curve of these profits, in whatever order.
pub fn whale(mut profits: Vec<Money>) -> Whale {
    profits.sort_unstable_by(|a, b| b.cmp(a));
    let clients = profits.len();
    let (mut cumulative, mut sum, mut taken) = (Vec::with_capacity(101), Money::ZERO, 0);
    for percent in 0..=100 {
        let until = (clients * percent).div_ceil(100);
        sum = sum + profits[taken..until].iter().copied().sum::<Money>();
        taken = until;
        cumulative.push(sum);
    }
    let earning = profits.partition_point(|profit| *profit > Money::ZERO);
    let peak: Money = profits[..earning].iter().copied().sum();
    let of_whole = |part: Money| part.0 as f64 / sum.0 as f64;
    let share = (sum > Money::ZERO).then(|| cumulative.iter().map(|part| of_whole(*part)).collect());
    Whale {
        clients,
        profit: sum,
        cumulative,
        share,
        peak,
        peak_share: (sum > Money::ZERO).then(|| of_whole(peak)),
        peak_at: earning as f64 / clients.max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_come_first_and_the_worst_take_away() {
        let curve = whale([-50, 100, 0, 150].map(Money).to_vec());
        assert_eq!((curve.profit, curve.peak), (Money(200), Money(250)));
        assert_eq!((curve.peak_share, curve.peak_at), (Some(1.25), 0.5));
        assert_eq!([0, 1, 25, 26, 50, 75, 100].map(|p| curve.cumulative[p].0), [0, 150, 150, 250, 250, 250, 200]);
        assert_eq!(curve.share.unwrap()[100], 1.0);
        assert_eq!(whale(vec![Money(-1)]).share, None);
        assert_eq!(whale(Vec::new()).cumulative, vec![Money::ZERO; 101]);
    }

    proptest! {
        #[test]
        fn it_ends_at_the_whole_and_never_rises_above_its_peak(profits in proptest::collection::vec(-1_000i64..1_000, 0..300)) {
            let curve = whale(profits.iter().copied().map(Money).collect());
            prop_assert_eq!(curve.cumulative[100].0, profits.iter().sum::<i64>());
            prop_assert!(curve.cumulative.iter().all(|part| *part <= curve.peak));
            let steps: Vec<i64> = curve.cumulative.windows(2).map(|w| w[1].0 - w[0].0).collect();
            // Steps of equal numbers of clients never grow; those of one client more are compared per client.
            prop_assert!(profits.len() % 100 != 0 || steps.windows(2).all(|w| w[1] <= w[0]));
        }
    }
}
