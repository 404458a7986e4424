//! The allocation engine on arb-1, an instance whose certified bound is known.
//!
//! `cargo bench --bench allocate -- --customers N --offers O --channels C --per-customer K --seed S [--step TICKS] [--passes MOST] --json`
//! prints a JSON line for each of: value, bound, gap, seconds, passes, plain_read_seconds (one thread reads 640 bytes a customer).
//!
//! With `--campaigns N` as many instances, each with offers, stocks, channels and a budget of its own, are planned together over the same
//! customers, one contact for each; `seconds` is from their scored candidates to the allocation, `peak_memory` that of the whole bench.

#![allow(clippy::print_stdout)] // its lines are its result

use std::time::Instant;

#[path = "support/figure.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod figure;

use vizavi::decisions::allocation::instance::{Instance, generate};
use vizavi::decisions::allocation::joint::{Fresh, Joint, Part};
use vizavi::decisions::allocation::{Allocation, Options, Problem, solve};

/// The number after an option, or what stands for it.
fn option(name: &str, default: usize) -> usize {
    let mut words = std::env::args().skip_while(|word| word != name).skip(1);
    match words.next() {
        None => default,
        Some(text) => text.parse().unwrap_or_else(|_| {
            eprintln!("{name} needs a whole number, not `{text}`");
            std::process::exit(2);
        }),
    }
}

/// Seconds that one thread takes to read a dense array of 80 arms a customer, 8 bytes an arm; the best of three.
fn plain_read(customers: usize) -> f64 {
    let data: Vec<u64> = (0..customers as u64 * 80).collect();
    let read = || {
        let start = Instant::now();
        let mut sums = [0u64; 8];
        for chunk in data.chunks_exact(8) {
            sums.iter_mut().zip(chunk).for_each(|(sum, word)| *sum = sum.wrapping_add(*word));
        }
        std::hint::black_box(sums);
        start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| read()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let customers = option("--customers", 10_000);
    let (offers, channels) = (option("--offers", 20), option("--channels", 4));
    let per_customer = option("--per-customer", 1).min(8) as u8;
    let seed = option("--seed", 20_240_607) as u64;
    let step = option("--step", 1).min(1_000_000) as i32;
    let instance = Instance { seed, step, ..Instance::new(customers, offers, channels, per_customer) };
    let options = Options { passes: option("--passes", Options::default().passes), ..Options::default() };
    let campaigns = option("--campaigns", 1);
    if campaigns > 1 {
        return together(campaigns, &instance, options);
    }
    let (problem, checksum) = made(&instance);
    let start = Instant::now();
    let found = solve(&problem, options);
    let case =
        format!("arb-1 {customers}x{offers}x{channels} K={per_customer} seed={seed} step={step} {checksum:#018x}");
    print(&case, &found, start.elapsed().as_secs_f64(), &[("plain_read_seconds", plain_read(customers), "s")]);
}

fn made(instance: &Instance) -> (Problem, u64) {
    generate(instance).unwrap_or_else(|error| {
        eprintln!("{error}");
        std::process::exit(2);
    })
}

/// Several campaigns over the same customers.
fn together(campaigns: usize, instance: &Instance, options: Options) {
    let Instance { customers, offers, channels, seed, .. } = *instance;
    let problems: Vec<Problem> = (0..campaigns)
        .map(|n| made(&Instance { seed: seed + n as u64, group: (n * offers) as u32, ..*instance }).0)
        .collect();
    let who: Vec<i64> = (0..customers as i64).collect();
    let mut capacities = Vec::new();
    let places: Vec<Vec<u16>> = (problems.iter())
        .map(|problem| {
            let first = capacities.len() as u16;
            capacities.extend_from_slice(problem.capacities());
            (first..capacities.len() as u16).collect()
        })
        .collect();
    let start = Instant::now();
    let parts = problems.iter().zip(&places).map(|(problem, resources)| Part { problem, who: &who, resources });
    let joint = match Joint::of(parts.collect(), capacities, &Fresh) {
        Ok(joint) => joint,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    };
    let laid = start.elapsed().as_secs_f64();
    let found = solve(&joint.problem, options);
    let seconds = start.elapsed().as_secs_f64();
    let arms = joint.problem.arms() as f64 / customers.max(1) as f64;
    let case = format!("{campaigns} campaigns together, arb-1 {customers}x{offers}x{channels} each, seed={seed}");
    let more = [
        ("joining_seconds", laid, "s"),
        ("usable_candidates_a_customer", arms, "count"),
        ("peak_memory", figure::peak_mib(), "MiB"),
    ];
    print(&case, &found, seconds, &more);
}

fn print(case: &str, found: &Allocation, seconds: f64, more: &[(&str, f64, &str)]) {
    let figures = [
        ("value", found.value as f64 / 10_000.0, "money"),
        ("bound", found.bound / 10_000.0, "money"),
        ("gap", found.gap(), "ratio"),
        ("seconds", seconds, "s"),
        ("passes", found.passes as f64, "count"),
    ];
    for (metric, value, unit) in figures.iter().chain(more) {
        let line = serde_json::json!({
            "bench": "allocate", "metric": metric, "value": value, "unit": unit, "case": case,
            "threads": rayon::current_num_threads(),
        });
        println!("{line}");
    }
}
