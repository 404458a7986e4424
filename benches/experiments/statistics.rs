//! Microseconds per statistic, one JSON line each.

use std::hint::black_box;
use std::time::Instant;

use serde_json::json;
use vizavi::experiments::bayesian::{Prior, chance_b_beats_a, posterior};
use vizavi::experiments::cuped::CupedSums;
use vizavi::experiments::statistic::{MeanSums, ProportionSums, RatioSums, Statistic};
use vizavi::experiments::{
    Difference, Level, Sides, frequentist, multiplicity, power, proportions, sample_ratio, sequential,
};
use vizavi::learning::off_policy::{Logged, Options, evaluate};

/// Median over nine rounds of the mean over `calls` calls.
fn measure(case: &str, calls: u32, mut work: impl FnMut()) {
    let mut rounds: Vec<f64> = (0..9)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(|_| work());
            start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    let micros = (rounds[4] * 1e3).round() / 1e3;
    println!(
        "{}",
        json!({"bench": "experiments", "case": case, "metric": "per_statistic", "value": micros, "unit": "us"})
    );
}

/// Takes a result, so that it was computed.
fn keep<T>(_: T) {}

/// Measures each statistic.
pub fn all() {
    let share = |sum| ProportionSums { n: 10_000.0, sum };
    let (pa, pb) = (share(1_000.0), share(1_100.0));
    let (a, b) = (Statistic::Proportion(pa), Statistic::Proportion(pb));
    let mean = |sum| Statistic::Mean(MeanSums { n: 8_000.0, sum, sum_squares: 1.3e6, shift: 0.0 });
    let (ma, mb) = (mean(36_000.0), mean(38_880.0));
    let ratio = |m_sum| {
        Statistic::Ratio(RatioSums {
            n: 5_000.0,
            m_sum,
            m_sum_squares: 9e5,
            d_sum: 1_500.0,
            d_sum_squares: 2_600.0,
            m_d_sum_of_products: 46_000.0,
        })
    };
    let (ra, rb) = (ratio(42_000.0), ratio(43_000.0));
    let cuped = |post_sum| {
        Statistic::Cuped(CupedSums {
            n: 3_000.0,
            post_sum,
            post_sum_squares: 1.2e5,
            pre_sum: 14_400.0,
            pre_sum_squares: 1.12e5,
            post_pre_sum_of_products: 1.04e5,
        })
    };
    let (ca, cb) = (cuped(15_000.0), cuped(15_300.0));
    let (relative, level) = (Difference::Relative, Level::FIVE_PERCENT);
    for (case, a, b) in [("proportion", a, b), ("mean", ma, mb), ("ratio", ra, rb), ("cuped", ca, cb)] {
        measure(&format!("welch_{case}"), 2_000, || {
            keep(black_box(frequentist::welch(black_box(&a), black_box(&b), relative, level, Sides::Two)));
        });
    }
    measure("sequential", 20_000, || {
        keep(black_box(sequential::confidence_sequence(black_box(&a), &b, relative, level, Sides::Two, 5_000.0)));
    });
    measure("mixture", 20_000, || keep(black_box(sequential::mixture(black_box(&a), &b, level, 2.5e-5))));
    measure("bayesian_normal", 20_000, || {
        keep(black_box(posterior(black_box(&a), &b, relative, Prior::Flat, level, false)));
    });
    measure("bayesian_exact", 100, || keep(black_box(chance_b_beats_a(black_box(pa), pb))));
    measure("pooled_newcombe", 20_000, || keep(black_box(proportions::pooled_test(black_box(pa), pb, level))));
    measure("fisher", 2_000, || keep(black_box(proportions::fisher(black_box([[6.0, 114.0], [11.0, 107.0]])))));
    measure("sample_ratio_4_arms", 20_000, || {
        keep(black_box(sample_ratio::check(black_box(&[8e3, 1e3, 1e3, 1.05e3]), &[8.0, 1.0, 1.0, 1.0])));
    });
    let p_values: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 60) / 60.0).collect();
    measure("holm_60", 5_000, || keep(black_box(multiplicity::holm(black_box(&p_values)))));
    let shares = power::Shares { p0: 0.1, p1: 0.11, ratio: 1.0 };
    measure("sample_size", 2_000, || keep(black_box(power::sample_size(black_box(shares), level, 0.8))));
    let log: Vec<Logged> = (0..100_000)
        .map(|i| Logged {
            cluster: i,
            reward: f64::from(u8::from(i % 7 == 0)),
            propensity: 0.25,
            target: f64::from(u8::from(i % 4 == 0)),
            unsupported: 0.0,
            expected: None,
        })
        .collect();
    measure("off_policy_100k_rows", 1, || keep(black_box(evaluate(black_box(&log), &Options::default()))));
}
