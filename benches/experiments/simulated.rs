//! Whether the statistics keep what they promise: A/A tests, peeking, coverage, off-policy values, regret. Seeded.

use rayon::prelude::*;
use serde_json::json;
use vizavi::experiments::adaptive::thompson;
use vizavi::experiments::statistic::{MeanSums, ProportionSums, Statistic};
use vizavi::experiments::{Difference, Effect, Level, Sides, frequentist, sequential};
use vizavi::learning::off_policy::{Expected, Logged, Options, Value, evaluate};
use vizavi::random::Stream;

use crate::figure;

const RUNS: u64 = 2_000;
const LEVEL: Level = Level::FIVE_PERCENT;

/// All simulations.
pub fn all() {
    aa_shares();
    aa_revenue();
    peeking();
    coverage();
    off_policy();
    regret();
}

fn share(n: f64, sum: f64) -> Statistic {
    Statistic::Proportion(ProportionSums { n, sum })
}

fn welch(a: &Statistic, b: &Statistic) -> Effect {
    frequentist::welch(a, b, Difference::Absolute, LEVEL, Sides::Two).expect("enough data")
}

/// The part of the runs in which something is so.
fn part(runs: u64, of: impl Fn(u64) -> bool + Sync) -> f64 {
    (0..runs).into_par_iter().filter(|&run| of(run)).count() as f64 / runs as f64
}

fn conversions(stream: &mut Stream, n: usize, rate: f64) -> f64 {
    (0..n).filter(|_| stream.uniform() < rate).count() as f64
}

fn aa_shares() {
    let found = part(RUNS, |run| {
        let mut s = Stream::new(run, "A/A shares");
        let (a, b) = (conversions(&mut s, 5_000, 0.1), conversions(&mut s, 5_000, 0.1));
        welch(&share(5_000.0, a), &share(5_000.0, b)).excludes_zero()
    });
    figure::print("A/A, 10 % convert, 5,000 per arm", "false_positives", found, "", json!({ "limits": [0.04, 0.06] }));
}

/// Three in a hundred buy, for lognormal amounts.
fn revenue(stream: &mut Stream, n: usize) -> Statistic {
    let (mut sum, mut sum_squares) = (0.0, 0.0);
    for _ in 0..n {
        if stream.uniform() < 0.03 {
            let amount = (4.0 + stream.normal()).exp();
            sum += amount;
            sum_squares += amount * amount;
        }
    }
    Statistic::Mean(MeanSums { n: n as f64, sum, sum_squares, shift: 0.0 })
}

fn aa_revenue() {
    let found = part(RUNS, |run| {
        let mut s = Stream::new(run, "A/A revenue");
        let (a, b) = (revenue(&mut s, 20_000), revenue(&mut s, 20_000));
        welch(&a, &b).excludes_zero()
    });
    let case = "A/A, 3 % buy for lognormal amounts, 20,000 per arm";
    figure::print(case, "false_positives", found, "", json!({ "limits": [0.04, 0.06] }));
}

/// A hundred looks, 200 per arm more at each.
fn peeking() {
    let crossed: Vec<[bool; 3]> = (0..RUNS)
        .into_par_iter()
        .map(|run| {
            let mut s = Stream::new(run, "peeking");
            let (mut a, mut b, mut n) = (0.0, 0.0, 0.0);
            let mut crossed = [false; 3];
            for _ in 0..100 {
                a += conversions(&mut s, 200, 0.1);
                b += conversions(&mut s, 200, 0.1);
                n += 200.0;
                let (of_a, of_b) = (share(n, a), share(n, b));
                crossed[0] |= welch(&of_a, &of_b).excludes_zero();
                let looked = sequential::confidence_sequence(
                    &of_a,
                    &of_b,
                    Difference::Absolute,
                    LEVEL,
                    Sides::Two,
                    sequential::DEFAULT_DECISION_SIZE,
                );
                crossed[1] |= looked.expect("enough data").excludes_zero();
                let look = sequential::mixture(&of_a, &of_b, LEVEL, 1e-4).expect("enough data");
                crossed[2] |= look.p_value_single_look < LEVEL.alpha();
            }
            crossed
        })
        .collect();
    let of = |at: usize| crossed.iter().filter(|crossed| crossed[at]).count() as f64 / RUNS as f64;
    let limits = [json!({}), json!({ "limit": 0.05 }), json!({ "limit": 0.05 })];
    let names = ["a fixed test, wrongly", "confidence sequence, N* = 5,000", "mixture, tau = 0.01"];
    for ((at, name), more) in names.iter().enumerate().zip(limits) {
        figure::print(&format!("A/A, 100 looks: {name}"), "false_positives", of(at), "", more);
    }
}

fn coverage() {
    let truth = 0.01;
    let shares = part(RUNS, |run| {
        let mut s = Stream::new(run, "coverage");
        let (a, b) = (conversions(&mut s, 5_000, 0.1), conversions(&mut s, 5_000, 0.1 + truth));
        let made = welch(&share(5_000.0, a), &share(5_000.0, b));
        made.ci_lower <= truth && truth <= made.ci_upper
    });
    let limits = json!({ "limits": [0.94, 0.96] });
    figure::print("intervals of shares", "coverage", shares, "", limits.clone());
    let amounts = part(RUNS, |run| {
        let mut s = Stream::new(run, "coverage of revenue");
        let made = welch(&revenue(&mut s, 20_000), &revenue(&mut s, 20_000));
        made.ci_lower <= 0.0 && 0.0 <= made.ci_upper
    });
    figure::print("intervals of lognormal revenue", "coverage", amounts, "", limits);
}

/// Three actions, logged with known chances that depend on the customer; the candidate prefers another one.
fn logged(seed: u64, rows: usize) -> (Vec<Logged>, f64) {
    let mut s = Stream::new(seed, "off-policy");
    let truth = |kind: usize, action: usize| [[0.05, 0.10, 0.20], [0.20, 0.10, 0.02]][kind][action];
    let logging = [[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]];
    let candidate = [[0.1, 0.2, 0.7], [0.7, 0.2, 0.1]];
    // A model that is wrong by a fifth.
    let model = |kind: usize, action: usize| truth(kind, action) * 1.2;
    let value: f64 =
        (0..2).map(|kind| 0.5 * (0..3).map(|action| candidate[kind][action] * truth(kind, action)).sum::<f64>()).sum();
    let log = (0..rows)
        .map(|row| {
            let kind = s.below(2);
            let (draw, mut edge) = (s.uniform(), 0.0);
            let action = (0..3)
                .find(|&action| {
                    edge += logging[kind][action];
                    draw < edge
                })
                .unwrap_or(2);
            let expected = (0..3).map(|action| candidate[kind][action] * model(kind, action)).sum();
            Logged {
                cluster: row as i64,
                reward: f64::from(u8::from(s.uniform() < truth(kind, action))),
                propensity: logging[kind][action],
                target: candidate[kind][action],
                unsupported: 0.0,
                expected: Some(Expected { taken: model(kind, action), candidate: expected }),
            }
        })
        .collect();
    (log, value)
}

fn off_policy() {
    let runs = 1_000u64;
    let made: Vec<([Value; 4], f64)> = (0..runs)
        .into_par_iter()
        .map(|run| {
            let (log, truth) = logged(run, 5_000);
            let made = evaluate(&log, &Options::default()).expect("the log carries it");
            let robust = |value: Option<Value>| value.expect("there is a model");
            ([made.ips, made.snips, robust(made.dr), robust(made.switch)], truth)
        })
        .collect();
    for (at, name) in ["IPS", "SNIPS", "DR", "SWITCH"].iter().enumerate() {
        let errors: Vec<f64> = made.iter().map(|(values, truth)| values[at].estimate - truth).collect();
        let mean = errors.iter().sum::<f64>() / runs as f64;
        let variance = errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / (runs - 1) as f64;
        let covered = made.iter().filter(|(v, truth)| v[at].ci_lower <= *truth && *truth <= v[at].ci_upper).count();
        let case = format!("{name}, 5,000 logged rows");
        let off = mean / (variance / runs as f64).sqrt();
        figure::print(&case, "bias", off, "standard errors", json!({ "limit": 3.0 }));
        figure::print(&case, "coverage", covered as f64 / runs as f64, "", json!({ "limits": [0.93, 0.97] }));
    }
}

/// Batches of a thousand, with the weights of all batches before.
fn regret() {
    let rates = [0.05, 0.06, 0.09];
    let (seeds, batches, units) = (200u64, 20usize, 1_000usize);
    let even = rates.iter().sum::<f64>() / 3.0 * (batches * units) as f64;
    let best = 0.09 * (batches * units) as f64;
    let regrets: Vec<f64> = (0..seeds)
        .into_par_iter()
        .map(|seed| {
            let mut s = Stream::new(seed, "regret");
            let mut weights = vec![1.0 / 3.0; 3];
            let mut totals = [ProportionSums { n: 0.0, sum: 0.0 }; 3];
            let mut gained = 0.0;
            for batch in 0..batches {
                for _ in 0..units {
                    let (draw, mut edge) = (s.uniform(), 0.0);
                    let arm = weights
                        .iter()
                        .position(|weight| {
                            edge += weight;
                            draw < edge
                        })
                        .unwrap_or(2);
                    gained += rates[arm];
                    totals[arm].n += 1.0;
                    totals[arm].sum += f64::from(u8::from(s.uniform() < rates[arm]));
                }
                let seed = seed.wrapping_mul(1_000).wrapping_add(batch as u64);
                weights = thompson(&totals, 0.01, seed).expect("counts").unwrap_or(weights);
            }
            best - gained
        })
        .collect();
    let below = regrets.iter().filter(|regret| **regret < best - even).count() as f64 / seeds as f64;
    let mean = regrets.iter().sum::<f64>() / seeds as f64;
    let more = json!({ "limit": 1.0, "regret_over_that_of_even_weights": mean / (best - even) });
    figure::print("Thompson, three arms, 20 batches of 1,000", "seeds_below_even_weights", below, "", more);
}
