//! Seeded simulations: what the tests say when there is nothing to find, and how often intervals hold the truth.

use crate::experiments::effect::{Difference, Level, Sides};
use crate::experiments::statistic::{MeanSums, ProportionSums, Statistic};
use crate::experiments::{frequentist, sequential};
use crate::random::Stream;

const RUNS: u64 = 500;
const PER_ARM: usize = 1_000;

fn conversions(stream: &mut Stream, n: usize, rate: f64) -> f64 {
    (0..n).filter(|_| stream.uniform() < rate).count() as f64
}

fn share(n: usize, sum: f64) -> Statistic {
    Statistic::Proportion(ProportionSums { n: n as f64, sum })
}

/// Within three binomial standard deviations of the nominal rate.
fn assert_near(count: u64, nominal: f64, what: &str) {
    let (runs, found) = (RUNS as f64, count as f64);
    let reach = 3.0 * (runs * nominal * (1.0 - nominal)).sqrt();
    assert!((found - runs * nominal).abs() <= reach, "{what}: {count} of {RUNS}, {nominal} expected");
}

#[test]
fn equal_shares_are_called_different_in_five_percent() {
    let mut false_alarms = 0;
    for seed in 0..RUNS {
        let mut stream = Stream::new(seed, "a/a shares");
        let a = share(PER_ARM, conversions(&mut stream, PER_ARM, 0.1));
        let b = share(PER_ARM, conversions(&mut stream, PER_ARM, 0.1));
        let effect = frequentist::welch(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Two).unwrap();
        assert_eq!(effect.p_value < 0.05, effect.excludes_zero());
        false_alarms += u64::from(effect.excludes_zero());
    }
    assert_near(false_alarms, 0.05, "A/A");
}

#[test]
fn fifty_peeks_of_the_sequential_test_stay_within_five_percent() {
    let (mut always_valid, mut mixture, mut naive) = (0, 0, 0);
    for seed in 0..RUNS {
        let mut stream = Stream::new(seed, "a/a peeks");
        let (mut n, mut sums, mut alarms) = (0, [0.0, 0.0], [false; 3]);
        for _ in 0..50 {
            n += 200;
            sums.iter_mut().for_each(|sum| *sum += conversions(&mut stream, 200, 0.1));
            let (a, b) = (share(n, sums[0]), share(n, sums[1]));
            let look = |made: crate::experiments::Effect| made.excludes_zero();
            let (d, level) = (Difference::Absolute, Level::FIVE_PERCENT);
            alarms[0] |= look(sequential::confidence_sequence(&a, &b, d, level, Sides::Two, 5_000.0).unwrap());
            let mixed = sequential::mixture(&a, &b, level, 1e-4).unwrap();
            alarms[1] |= mixed.p_value_single_look < 0.05;
            alarms[2] |= look(frequentist::welch(&a, &b, d, level, Sides::Two).unwrap());
        }
        always_valid += u64::from(alarms[0]);
        mixture += u64::from(alarms[1]);
        naive += u64::from(alarms[2]);
    }
    // Three binomial standard deviations above five percent.
    let most = (0.05 * RUNS as f64 + 3.0 * (RUNS as f64 * 0.05 * 0.95).sqrt()) as u64;
    assert!(always_valid <= most && mixture <= most, "false alarms: {always_valid}, {mixture}; at most {most}");
    assert!(naive > 2 * most, "peeking at a fixed test must show why: {naive} of {RUNS}");
    eprintln!("false alarms in {RUNS}: sequential {always_valid}, mixture {mixture}, naive {naive}");
}

#[test]
fn intervals_of_skewed_profit_cover_the_true_difference() {
    let mut covered = 0;
    // A tenth buys, for a lognormal amount with log mean 3 and log sd 1; the treatment adds 2 to each purchase.
    let draw = |stream: &mut Stream, more: f64| {
        if stream.uniform() < 0.1 { (3.0 + stream.normal()).exp() + more } else { 0.0 }
    };
    for seed in 0..RUNS {
        let mut stream = Stream::new(seed, "coverage");
        let mut arm =
            |more: f64| Statistic::Mean(MeanSums::of((0..2_000).map(|_| draw(&mut stream, more)).collect::<Vec<_>>()));
        let (a, b) = (arm(0.0), arm(2.0));
        let effect = frequentist::welch(&a, &b, Difference::Absolute, Level::FIVE_PERCENT, Sides::Two).unwrap();
        covered += u64::from(effect.ci_lower <= 0.2 && 0.2 <= effect.ci_upper);
    }
    assert_near(covered, 0.95, "coverage");
}
