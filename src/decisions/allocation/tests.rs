use proptest::prelude::*;

use super::instance::{Instance, generate};
use super::*;
use crate::random::Stream;

/// Units of money from ticks of the instances, whose money has two decimals.
fn money(ticks: f64) -> f64 {
    ticks / 10_000.0
}

/// Recomputes from the arms chosen that nothing is exceeded, and returns the value.
fn check(problem: &Problem, allocation: &Allocation) -> i64 {
    let mut used = vec![0i64; problem.capacities().len()];
    let mut value = 0;
    for (customer, arms) in allocation.chosen.iter().enumerate() {
        assert!(arms.len() <= problem.limit(customer));
        let mut groups: Vec<u32> = arms.iter().map(|&arm| problem.kind(arm).group).collect();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), arms.len(), "one arm for an offer");
        for &arm in arms {
            assert!(problem.row(customer).contains(&(arm as usize)));
            value += i64::from(problem.arm(arm).value);
            problem.uses(arm).for_each(|(resource, amount)| used[resource] += amount);
        }
    }
    let kept = |(r, (used, capacity)): (usize, (&i64, &i64))| used <= capacity || problem.is_promise(r);
    assert!(used.iter().zip(problem.capacities()).enumerate().all(kept));
    assert_eq!(used, allocation.used);
    assert_eq!(value, allocation.value);
    assert!(allocation.value as f64 <= allocation.bound);
    value
}

#[test]
fn instances_are_the_same_bits_everywhere() {
    let (small, checksum) = generate(&Instance::new(1_000, 10, 3, 1)).unwrap();
    assert_eq!((checksum, small.arms()), (0x7301_4ca9_92f7_d7b2, 8_838));
    let (large, checksum) = generate(&Instance::new(10_000, 20, 4, 1)).unwrap();
    assert_eq!((checksum, large.arms()), (0x17bb_2c87_d4c5_0075, 177_317));
}

#[test]
fn a_thousand_customers_come_close_to_the_known_optimum() {
    for (per_customer, bound, best, gap) in
        [(1, 981.964_243_678, 981.9540, 1e-3), (2, 1_059.686_274_553, 1_059.672_6, 2e-3)]
    {
        let (problem, _) = generate(&Instance::new(1_000, 10, 3, per_customer)).unwrap();
        let found = solve(&problem, Options::default());
        let value = money(check(&problem, &found) as f64);
        assert!(
            money(found.bound) >= best && money(found.bound) <= bound * (1.0 + 2e-4),
            "bound {}",
            money(found.bound)
        );
        assert!(value <= best + 1e-9 && found.gap() <= gap, "value {value}, gap {}", found.gap());
    }
}

#[test]
fn ten_thousand_customers_leave_a_gap_below_a_hundred_thousandth() {
    let (problem, _) = generate(&Instance::new(10_000, 20, 4, 1)).unwrap();
    let found = solve(&problem, Options::default());
    check(&problem, &found);
    assert!(money(found.bound) >= 12_734.632_742_5, "no bound is below the proven one: {}", money(found.bound));
    assert!(found.gap() <= 1e-5, "gap {}", found.gap());
}

#[test]
fn tied_scores_are_told_apart_by_jitter() {
    let tied = Instance { step: 2_500, ..Instance::new(10_000, 20, 4, 1) };
    let (problem, _) = generate(&tied).unwrap();
    let found = solve(&problem, Options::default());
    check(&problem, &found);
    assert!(found.jitter > 0.0 && found.gap() <= 2e-3, "jitter {}, gap {}", found.jitter, found.gap());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (problem, _) = generate(&Instance::new(20_000, 5, 3, 2)).unwrap();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| solve(&problem, Options { passes: 8, ..Options::default() }))
    };
    let (one, four) = (on(1), on(4));
    assert_eq!(one.chosen, four.chosen);
    assert_eq!(one.bound.to_bits(), four.bound.to_bits());
    assert_eq!(one.prices, four.prices);
}

/// The best value of a tiny problem by trying everything; `None` when its promises cannot be kept.
fn brute_force(problem: &Problem) -> Option<i64> {
    fn go(problem: &Problem, customer: usize, left: &mut Vec<i64>) -> Option<i64> {
        if customer == problem.customers() {
            return left.iter().all(|left| *left >= 0).then_some(0);
        }
        let mut best = go(problem, customer + 1, left);
        if problem.limit(customer) == 0 {
            return best;
        }
        for arm in problem.row(customer) {
            let arm = arm as u32;
            if problem.uses(arm).all(|(resource, amount)| amount < 0 || left[resource] >= amount) {
                problem.uses(arm).for_each(|(resource, amount)| left[resource] -= amount);
                best = best.max(go(problem, customer + 1, left).map(|rest| i64::from(problem.arm(arm).value) + rest));
                problem.uses(arm).for_each(|(resource, amount)| left[resource] += amount);
            }
        }
        best
    }
    go(problem, 0, &mut problem.capacities().to_vec())
}

fn random_problem(seed: u64, customers: usize, most: usize, limit: u8) -> Problem {
    random_with_promise(seed, customers, most, limit, 0)
}

/// A random problem; every other customer is promised `promised` contacts in all.
fn random_with_promise(seed: u64, customers: usize, most: usize, limit: u8, promised: i64) -> Problem {
    let mut draws = Stream::new(seed, "allocation-test");
    let kinds = (0..8u16).map(|kind| ArmKind {
        group: u32::from(kind % 4 / 2),
        key: u64::from(kind),
        budgets: vec![0],
        units: [(1 + kind % 4 / 2, 1), (3 + kind % 2, 1 + i32::from(kind % 4 == 3))]
            .into_iter()
            .chain((promised > 0 && kind >= 4).then_some((5, -1)))
            .collect(),
    });
    let capacities = (0..5).map(|r| draws.below(if r == 0 { 40 * customers } else { customers }) as i64);
    let capacities = capacities.chain([-promised]).collect();
    let mut problem = Problem::new(capacities, kinds.collect()).unwrap();
    for customer in 0..customers {
        let mut arms: Vec<Arm> = (0..draws.below(most + 1))
            .map(|_| Arm {
                value: 1 + draws.below(100) as i32,
                cost: draws.below(80) as i32,
                kind: draws.below(4) as u16 + 4 * (customer % 2) as u16,
            })
            .collect();
        arms.sort_by_key(|arm| arm.kind);
        arms.dedup_by_key(|arm| arm.kind);
        problem.push(customer as u64, limit, &mut arms).unwrap();
    }
    problem.lower_promises();
    problem
}

#[test]
fn promises_are_kept_wherever_they_can_be() {
    let (mut possible, mut kept) = (0, 0);
    for seed in 0..400 {
        let problem = random_with_promise(seed, 6, 3, 1, 2);
        if brute_force(&problem).is_some() {
            let found = solve(&problem, Options::default());
            possible += 1;
            kept += usize::from(found.used[5] <= problem.capacities()[5]);
        }
    }
    // Moves of one customer, or of two, do not find every way in problems as small as this.
    assert!(possible > 100 && kept * 100 >= possible * 97, "{kept} of {possible}");
}

#[test]
fn a_promise_to_a_tenth_of_the_customers_costs_what_its_price_says() {
    let (plain, _) = generate(&Instance::new(4_000, 10, 3, 1)).unwrap();
    let free = solve(&plain, Options::default());
    // The same customers; every tenth is promised a contact to so many of them.
    let promised = |least: i64| {
        let promise = plain.capacities().len() as u16;
        let with = |kind: &ArmKind| ArmKind { units: [&kind.units[..], &[(promise, -1)]].concat(), ..kind.clone() };
        let kinds = plain.kinds().iter().cloned().chain(plain.kinds().iter().map(with)).collect();
        let capacities = plain.capacities().iter().copied().chain([-least]).collect();
        let mut problem = Problem::new(capacities, kinds).unwrap();
        for customer in 0..plain.customers() {
            let shift = if customer % 10 == 0 { plain.kinds().len() as u16 } else { 0 };
            let mut arms: Vec<Arm> = plain.row(customer).map(|arm| plain.arm(arm as u32)).collect();
            arms.iter_mut().for_each(|arm| arm.kind += shift);
            problem.push(plain.key(customer), 1, &mut arms).unwrap();
        }
        problem.lower_promises();
        let found = solve(&problem, Options::default());
        check(&problem, &found);
        (found, problem)
    };
    let reached = free.chosen.iter().step_by(10).filter(|arms| !arms.is_empty()).count() as i64;
    let (same, _) = promised(reached / 2);
    assert_eq!(same.prices.last(), Some(&0.0), "a promise that is kept anyway costs nothing");
    assert!((same.value - free.value).abs() as f64 <= 1e-4 * free.bound);
    let (more, problem) = promised(reached + 24);
    assert!(-more.used.last().unwrap() >= reached + 24, "{:?}", more.used.last());
    assert!(more.gap() < 1e-4, "gap {}", more.gap());
    let cost = (free.value - more.value) as f64;
    assert!(cost > 0.0 && cost <= more.prices.last().unwrap() * 24.0 + 1e-4 * free.bound, "cost {cost}");
    // Not everybody can be reached: there is no arm for some, and the channels are small.
    let (all, _) = promised(4_000);
    assert!(-all.used.last().unwrap() <= 400 && all.value < more.value, "{:?}", all.used.last());
    assert!(problem.has_promises());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 120, ..ProptestConfig::default() })]
    #[test]
    fn no_capacity_is_exceeded_and_no_allocation_is_above_the_bound(seed: u64, customers in 1usize..60, limit in 0u8..4) {
        let problem = random_problem(seed, customers, 4, limit);
        check(&problem, &solve(&problem, Options::default()));
    }

    #[test]
    fn the_bound_holds_for_the_best_of_all_allocations(seed: u64, customers in 1usize..7) {
        let problem = random_problem(seed, customers, 3, 1);
        let found = solve(&problem, Options::default());
        let best = brute_force(&problem).unwrap();
        prop_assert!(found.value <= best && best as f64 <= found.bound);
    }

    #[test]
    fn promises_break_no_capacity_and_the_bound_holds_for_all_that_keeps_them(
        seed: u64, customers in 1usize..7, promised in 1i64..4,
    ) {
        let problem = random_with_promise(seed, customers, 3, 1, promised);
        let found = solve(&problem, Options::default());
        check(&problem, &found);
        let kept = found.used[5] <= problem.capacities()[5];
        match brute_force(&problem) {
            Some(best) => prop_assert!(best as f64 <= found.bound && (!kept || found.value <= best)),
            None => prop_assert!(!kept),
        }
    }
}
