//! Golden values on real logs, and a simulated logger with known truth.

use std::collections::HashMap;

use super::super::real_logs::{data, each, row, table};
use super::*;
use crate::random::Stream;

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-6 * want.abs().max(1e-3), "{got} is not {want}");
}

#[test]
fn open_bandit_all_evaluates_the_thompson_policy() {
    let (Some(log), Some(policy)) = (data("obd/random/all.csv"), data("obd/bts_action_dist_all.csv")) else { return };
    let policy: HashMap<String, HashMap<String, String>> =
        table(&policy).into_iter().map(|row| (row["item_id"].clone(), row)).collect();
    let log = each(table(&log).iter().map(|r| {
        let position: usize = r["position"].parse().unwrap();
        let target = policy[&r["item_id"]][&format!("pos{}", position - 1)].parse().unwrap();
        row(r["click"].parse().unwrap(), r["propensity_score"].parse().unwrap(), target)
    }));
    let made = evaluate(&log, &Options::default()).unwrap();
    assert_eq!(made.rows, 10_000);
    close(made.ips.estimate, 0.004_552_88);
    close(made.snips.estimate, 0.004_775_833_081_230_953);
    close(made.ips.stderr, 0.002_089_772_004_375_977);
    close(made.effective_rows, 1_639.501_873_607_944);
    close(made.logged.estimate, 0.0038);
}

#[test]
fn hillstrom_constant_policies() {
    let Some(path) = data("hillstrom/hillstrom.csv") else { return };
    let rows = table(&path);
    let evaluate = |arm: &str, outcome: &str| {
        let log = each(
            rows.iter().map(|r| row(r[outcome].parse().unwrap(), 1.0 / 3.0, f64::from(u8::from(r["segment"] == arm)))),
        );
        evaluate(&log, &Options::default()).unwrap()
    };
    let wanted = [
        ("No E-Mail", 0.651_952_968_75, 0.079_370_776_385_366_5, 0.652_789_355_111_236_7),
        ("Mens E-Mail", 1.420_860_468_75, 0.121_737_665_925_576_2, 1.422_616_511_005_773),
        ("Womens E-Mail", 1.079_911_406_25, 0.103_796_430_863_937_6, 1.077_201_571_047_832_9),
    ];
    for (arm, ips, stderr, snips) in wanted {
        let made = evaluate(arm, "spend");
        close(made.ips.estimate, ips);
        close(made.ips.stderr, stderr);
        close(made.snips.estimate, snips);
    }
    close(evaluate("Mens E-Mail", "visit").ips.estimate, 0.182_531_25);
    close(evaluate("Mens E-Mail", "conversion").ips.estimate, 0.012_515_625);
}

#[test]
fn starbucks_constant_offers() {
    let Some(path) = data("starbucks/offers_long.csv.gz") else { return };
    let test: Vec<_> = table(&path)
        .into_iter()
        .filter(|r| u32::from_str_radix(&r["customer_id"][r["customer_id"].len() - 4..], 16).unwrap() % 5 == 0)
        .collect();
    assert_eq!(test.len(), 15_701);
    let evaluate = |offer: &str, net: bool| {
        let log = each(test.iter().map(|r| {
            let number = |key: &str| r[key].parse::<f64>().unwrap();
            let worth = if net { number("difficulty") - number("reward") } else { 1.0 };
            row(number("offer_completed") * worth, 0.1, f64::from(u8::from(r["offer_type_v2"] == offer)))
        }));
        evaluate(&log, &Options::default()).unwrap()
    };
    let wanted = [
        ("bogo-10-10-120", 0.449_652_888_351_060_43, 0.447_401_774_397_972_13),
        ("bogo-5-5-168", 0.598_051_079_549_073_3, 0.574_663_402_692_778_5),
        ("discount-2-10-240", 0.673_205_528_310_298_7, 0.691_753_926_701_570_7),
        ("discount-3-7-168", 0.711_419_654_799_057_3, 0.685_696_746_470_227_2),
        ("discount-5-20-240", 0.452_837_398_891_790_3, 0.441_340_782_122_905),
    ];
    for (offer, ips, snips) in wanted {
        let made = evaluate(offer, false);
        close(made.ips.estimate, ips);
        close(made.snips.estimate, snips);
    }
    close(evaluate("discount-5-20-240", true).ips.estimate, 6.792_560_983_376_854_5);
    close(evaluate("discount-2-10-240", true).ips.estimate, 5.385_644_226_482_389);
}

/// A context of four kinds, three actions; the logger prefers action 0, the candidate action 2. Returns a log and the truth.
fn simulated(seed: u64, rows: usize, model: Option<fn(usize, usize) -> f64>) -> (Vec<Logged>, f64) {
    let mut stream = Stream::new(seed, "off policy test");
    let truth = |x: usize, action: usize| 0.1 + 0.1 * action as f64 + 0.05 * x as f64;
    let logger = [0.6, 0.25, 0.15];
    let candidate = [0.1, 0.2, 0.7];
    let log = (0..rows).map(|_| {
        let x = stream.below(4);
        let u = stream.uniform();
        let action = if u < 0.6 { 0 } else { 1 + usize::from(u >= 0.85) };
        let reward = f64::from(u8::from(stream.uniform() < truth(x, action)));
        let expected =
            model.map(|m| Expected { taken: m(x, action), candidate: (0..3).map(|a| candidate[a] * m(x, a)).sum() });
        Logged { expected, ..row(reward, logger[action], candidate[action]) }
    });
    let value = (0..4).map(|x| (0..3).map(|a| candidate[a] * truth(x, a)).sum::<f64>()).sum::<f64>() / 4.0;
    (each(log), value)
}

#[test]
fn estimators_are_unbiased_and_their_intervals_cover() {
    // The model is wrong by a constant factor; DR stays unbiased all the same.
    let wrong: fn(usize, usize) -> f64 = |x, a| 0.7 * (0.1 + 0.1 * a as f64 + 0.05 * x as f64);
    let runs = 400;
    let mut covered = [0; 4];
    let mut bias = [0.0; 4];
    let mut stderr = [0.0; 4];
    for seed in 0..runs {
        let (log, truth) = simulated(seed, 1_000, Some(wrong));
        let made = evaluate(&log, &Options::default()).unwrap();
        for (i, value) in [made.ips, made.snips, made.dr.unwrap(), made.switch.unwrap()].into_iter().enumerate() {
            covered[i] += u32::from(value.ci_lower <= truth && truth <= value.ci_upper);
            bias[i] += (value.estimate - truth) / runs as f64;
            stderr[i] += value.stderr / runs as f64;
        }
    }
    for i in 0..4 {
        // 400 runs at 95 %: binomial sd 1.1 points; bias has sd stderr / 20.
        assert!((364..=396).contains(&covered[i]), "estimator {i} covers {covered:?} of {runs}");
        assert!(bias[i].abs() < 4.0 * stderr[i] / 20.0, "estimator {i}: bias {bias:?}, stderr {stderr:?}");
    }
    assert!(stderr[2] < stderr[0], "a model, even a wrong one, narrows the interval: {stderr:?}");
}

#[test]
fn a_perfect_model_of_a_certain_reward_leaves_no_error() {
    let mut log = simulated(1, 500, None).0;
    for row in &mut log {
        row.reward = 2.0;
        row.expected = Some(Expected { taken: 2.0, candidate: 2.0 });
    }
    let made = evaluate(&log, &Options::default()).unwrap();
    let dr = made.dr.unwrap();
    assert!((dr.estimate - 2.0).abs() < 1e-12 && dr.stderr < 1e-12 && made.ips.stderr > 0.05);
}

#[test]
fn what_the_log_cannot_carry_is_refused() {
    let options = Options::default();
    let log = simulated(2, 2_000, None).0;
    assert_eq!(evaluate(&[], &options), Err(Refusal::TooFew { clusters: 0 }));
    assert_eq!(evaluate(&log[..1], &options), Err(Refusal::TooFew { clusters: 1 }));
    let change = |f: &dyn Fn(&mut Logged)| {
        let mut changed = log.clone();
        changed.iter_mut().for_each(f);
        evaluate(&changed, &options).unwrap_err()
    };
    assert!(matches!(change(&|r| r.propensity = 0.0), Refusal::BadRow { row: 0, .. }));
    assert!(matches!(change(&|r| r.cluster %= 100), Refusal::BadRow { row: 100, .. }));
    assert!(matches!(change(&|r| r.reward = f64::NAN), Refusal::BadRow { .. }));
    assert!(matches!(change(&|r| r.unsupported = 0.2), Refusal::NoSupport { .. }));
    assert!(matches!(change(&|r| r.target *= f64::from(u8::from(r.cluster % 50 == 0))), Refusal::ThinSupport { .. }));
    assert!(matches!(change(&|r| r.propensity = (r.propensity * 1.5).min(1.0)), Refusal::WrongPropensities { .. }));
}

#[test]
fn clipping_is_shown_and_bounds_the_weights() {
    let (log, _) = simulated(3, 1_000, None);
    let made = evaluate(&log, &Options { clip: Some(2.0), ..Options::default() }).unwrap();
    assert!(made.clipped > 0.1 && made.clipped < 0.2 && made.largest_weight > 4.0);
    assert!(made.effective_rows > evaluate(&log, &Options::default()).unwrap().effective_rows);
}

#[test]
fn rows_of_one_customer_count_once() {
    let (log, _) = simulated(4, 1_000, None);
    let doubled: Vec<Logged> = log.iter().flat_map(|row| [*row, *row]).collect();
    let (one, two) = (evaluate(&log, &Options::default()).unwrap(), evaluate(&doubled, &Options::default()).unwrap());
    assert!((one.ips.stderr - two.ips.stderr).abs() < 1e-12 && two.clusters == 1_000);
}
