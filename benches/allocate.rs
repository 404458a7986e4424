//! The allocation engine on arb-1, an instance whose certified bound is known.
//!
//! `cargo bench --bench allocate -- --customers N --offers O --channels C --per-customer K --seed S [--step TICKS] [--passes MOST] --json`
//! prints a JSON line for each of: value, bound, gap, seconds, passes, plain_read_seconds (one thread reads 640 bytes a customer).

use std::time::Instant;

use vizavi::decisions::allocation::instance::{Instance, generate};
use vizavi::decisions::allocation::{Options, solve};

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
    let (problem, checksum) = match generate(&instance) {
        Ok(made) => made,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    };
    let options = Options { passes: option("--passes", Options::default().passes), ..Options::default() };
    let start = Instant::now();
    let found = solve(&problem, options);
    let seconds = start.elapsed().as_secs_f64();
    let dataset =
        format!("arb-1 {customers}x{offers}x{channels} K={per_customer} seed={seed} step={step} {checksum:#018x}");
    let figures = [
        ("value", found.value as f64 / 10_000.0, "money"),
        ("bound", found.bound / 10_000.0, "money"),
        ("gap", found.gap(), "ratio"),
        ("seconds", seconds, "s"),
        ("passes", found.passes as f64, "count"),
        ("plain_read_seconds", plain_read(customers), "s"),
    ];
    for (metric, value, unit) in figures {
        let line = serde_json::json!({
            "bench": "allocate", "metric": metric, "value": value, "unit": unit, "case": dataset,
            "threads": rayon::current_num_threads(),
        });
        let mut out = std::io::stdout().lock();
        if std::io::Write::write_all(&mut out, format!("{line}\n").as_bytes()).is_err() {
            return;
        }
    }
}
