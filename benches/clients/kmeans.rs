//! K-means on a million made-up rows (`../shared/reference/metrics.py`), beside scikit-learn in the same run.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ndarray::Array2;
use serde_json::{Value, json};
use vizavi::models::algorithms::k_means::KMeans;
use vizavi::random::mix;

const ROWS: usize = 1_000_000;
const COLUMNS: usize = 10;
const GROUPS: usize = 8;
/// Deviation within the groups, and the inertia to reach.
const CASES: [(f64, f64); 2] = [(2.0, 3.999_201e7), (6.0, 3.457_74e8)];

/// Prints inertia and processor seconds of each case, and those of the peer where there is one.
pub fn run() {
    let found: Vec<[f64; 3]> = CASES.iter().map(|(sd, _)| ours(*sd)).collect();
    let peer = peer();
    for ((sd, inertia), [ours, cpu, wall]) in CASES.iter().zip(found) {
        let case = format!("kmeans 1Mx10 k8 n_init10 sd{sd}");
        print(&case, "inertia", ours, "1", &peer, Some(inertia * (1.0 + 1e-4)));
        print(&case, "cpu_seconds", cpu, "s", &peer, None);
        print(&case, "seconds", wall, "s", &[], None);
    }
}

fn ours(sd: f64) -> [f64; 3] {
    let data = rows(sd);
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let found = KMeans::of(data.view(), KMeans::params(GROUPS).starts(10)).expect("the rows are numbers");
    [found.inertia(), cpu_seconds() - cpu, wall.elapsed().as_secs_f64()]
}

fn rows(sd: f64) -> Array2<f64> {
    let centre = |row: usize, column: usize| uniform(1, (row % GROUPS) * COLUMNS + column) * 20.0 - 10.0;
    Array2::from_shape_fn((ROWS, COLUMNS), |(row, column)| {
        let index = row * COLUMNS + column;
        let noise = (-2.0 * uniform(2, index).ln()).sqrt() * (std::f64::consts::TAU * uniform(3, index)).cos();
        centre(row, column) + sd * noise
    })
}

/// The number at `index` of SplitMix64 started at `seed`, in (0, 1).
fn uniform(seed: u64, index: usize) -> f64 {
    let z = mix(seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    ((z >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// What scikit-learn prints on the same rows; nothing, saying so, where it is absent.
fn peer() -> Vec<Value> {
    let script = Path::new(".").join("../shared/peers/models_sklearn.py");
    let present = Command::new("python3").args(["-c", "import sklearn"]).stderr(std::process::Stdio::null()).status();
    if !script.exists() || !present.is_ok_and(|status| status.success()) {
        eprintln!("no peer: python3 with scikit-learn, or {}, is absent", script.display());
        return Vec::new();
    }
    let output = Command::new("python3").arg(script).arg("kmeans").output().expect("python3 starts");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn print(case: &str, metric: &str, value: f64, unit: &str, peer: &[Value], limit: Option<f64>) {
    let mut line = json!({"bench": "clients", "case": case, "metric": metric, "value": value, "unit": unit});
    let theirs = peer.iter().find(|theirs| theirs["case"] == *case && theirs["metric"] == *metric);
    if let Some(theirs) = theirs {
        (line["peer"], line["peer_value"]) = (theirs["peer"].clone(), theirs["value"].clone());
    }
    // The time may be the peer's, at most.
    let limit =
        limit.or_else(|| theirs.filter(|_| metric == "cpu_seconds").and_then(|theirs| theirs["value"].as_f64()));
    if let Some(limit) = limit {
        line["limit"] = limit.into();
    }
    println!("{line}");
}

/// Processor seconds of this process over all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let after = stat.rsplit(") ").next().expect("fields after the name");
    let ticks: f64 = after.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().expect("ticks")).sum();
    ticks / 100.0
}
