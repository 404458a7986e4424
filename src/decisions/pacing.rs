//! Prices between two runs: those of the run, corrected by how fast what is scarce is used up.

use super::capacity::Used;
use crate::clock::Timestamp;

/// How strongly a price answers: a tenth of the capacity used ahead of time raises it by eight tenths of what a unit earns.
const GAIN: f64 = 8.0;
/// By how much of what a unit earns it rises at most.
const MOST: f64 = 2.0;

/// One resource at an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The price that the run found, in ticks a unit; 0 where it did not bind.
    pub price: f64,
    /// Units there were at the beginning of the window.
    pub at_first: i64,
    /// Units left now.
    pub left: i64,
    /// Mean value of what one unit was used for, in ticks; 0 when nothing is known yet.
    pub earns: f64,
    /// The window in which the units are to be used.
    pub window: (Timestamp, Timestamp),
}

impl Pace {
    /// The price now, in ticks a unit:
    ///
    /// `price(t) = [price(0) + GAIN x earns x (used share - elapsed share)]` kept within `0 ..= price(0) + MOST x earns`
    ///
    /// It is dual averaging (Nesterov, "Primal-dual subgradient methods for convex problems", Mathematical Programming 120, 2009;
    /// Xiao, JMLR 11, 2010) on the Lagrangian dual of allocation as requests arrive, the step of "dual mirror descent" of Balseiro,
    /// Lu and Mirrokni ("The best of many worlds: dual mirror descent for online allocation problems", Operations Research 71,
    /// 2023) with the Euclidean norm: each request moves the price by the step times (what it used - what may be used a request),
    /// and the sum of these over the window so far is capacity x (used share - elapsed share). The step is `GAIN x earns /
    /// capacity`. So the price follows from what the store counts alone: every process that reads the counters has the same one,
    /// and none is lost when two answer at once. Where nothing was scarce and no more is used than the time that has passed allows,
    /// it stays 0.
    pub fn price_at(&self, now: Timestamp) -> f64 {
        let Pace { price, at_first, left, earns, window: (from, until) } = *self;
        if at_first <= 0 || earns <= 0.0 || until <= from {
            return price;
        }
        let used = (1.0 - left as f64 / at_first as f64).clamp(0.0, 1.0);
        let elapsed = ((now.0 - from.0) as f64 / (until.0 - from.0) as f64).clamp(0.0, 1.0);
        (price + GAIN * earns * (used - elapsed)).clamp(0.0, price + MOST * earns)
    }
}

/// What one unit earned: of a budget for each tick, of other things for each contact.
pub fn earns(is_budget: bool, count: &Used) -> f64 {
    let by = if is_budget { count.used } else { count.contacts };
    if by > 0 { (count.value as f64 / by as f64).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;

    fn pace(price: f64, left: i64) -> Pace {
        Pace { price, at_first: 1_000, left, earns: 200.0, window: (Timestamp(0), Timestamp(10 * DAY)) }
    }

    #[test]
    fn on_pace_the_price_of_the_run_holds_and_ahead_of_it_it_rises() {
        let middle = Timestamp(5 * DAY);
        assert_eq!(pace(50.0, 500).price_at(middle), 50.0);
        assert!((pace(50.0, 400).price_at(middle) - 210.0).abs() < 1e-9);
        assert!(pace(50.0, 600).price_at(middle) < 50.0);
        // Nothing was scarce, and less is used than might be.
        assert_eq!(pace(0.0, 900).price_at(middle), 0.0);
        // Nothing is known of what a unit earns.
        assert_eq!(Pace { earns: 0.0, ..pace(7.0, 0) }.price_at(middle), 7.0);
    }

    #[test]
    fn it_is_bounded_and_never_falls_when_more_is_used() {
        proptest::proptest!(|(price in 0.0f64..500.0, a in 0i64..=1_000, b in 0i64..=1_000, t in 0i64..=20)| {
            let now = Timestamp(t * DAY / 2);
            let (more_left, less_left) = (a.max(b), a.min(b));
            let (low, high) = (pace(price, more_left).price_at(now), pace(price, less_left).price_at(now));
            proptest::prop_assert!(low <= high);
            proptest::prop_assert!(low >= 0.0 && high <= price + 400.0);
        });
    }

    #[test]
    fn requests_that_all_want_it_use_it_over_the_whole_window() {
        // 10,000 requests spread over the window, each worth 0..400 evenly, 1,000 units: bought when the value is above the price.
        let (from, until) = (Timestamp(0), Timestamp(10 * DAY));
        let mut count = Used { resource: "x".into(), period: 0, used: 0, contacts: 0, value: 0 };
        let (mut left, mut at_half) = (1_000i64, 0);
        let mut stream = crate::random::Stream::new(5, "pacing");
        for i in 0..10_000i64 {
            let now = Timestamp(i * 10 * DAY / 10_000);
            let paced = Pace { price: 0.0, at_first: 1_000, left, earns: earns(false, &count), window: (from, until) };
            let worth = stream.uniform() * 400.0;
            if left > 0 && worth > paced.price_at(now) {
                (left, count.contacts, count.value) = (left - 1, count.contacts + 1, count.value + worth as i64);
            }
            if i == 5_000 {
                at_half = count.contacts;
            }
        }
        // First come, first served has used it up after a tenth of the window and earns 200 a unit; the best are worth 380 each.
        assert!((300..=800).contains(&at_half), "{at_half} used at half time");
        assert!(count.contacts >= 950, "{} used", count.contacts);
        let earned = count.value / count.contacts;
        assert!(earned > 300, "{earned} earned a unit");
    }
}
