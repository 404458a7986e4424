//! Rows a CPU second of the logistic regression: 800,000 x 30 to fit, 200,000 to score, beside scikit-learn in the same run.

use std::path::Path;
use std::process::Command;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};
use vizavi::models::algorithms::logistic::LogisticParams;
use vizavi::models::algorithms::sigmoid;
use vizavi::models::evaluation;
use vizavi::random::mix;

const ROWS: usize = 1_000_000;
const COLUMNS: usize = 30;

/// Uniform in (0, 1): the i-th number of the stream of a seed, the same in every language.
fn uniform(seed: u64, i: usize) -> f64 {
    let bits = mix(seed.wrapping_add((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    ((bits >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// Box-Muller, one of the pair.
fn normal(seed: u64, i: usize) -> f64 {
    (-2.0 * uniform(seed, i).ln()).sqrt() * (std::f64::consts::TAU * uniform(seed + 1, i)).cos()
}

struct Data {
    train: Array2<f64>,
    train_labels: Array1<bool>,
    test: Array2<f64>,
    test_labels: Vec<bool>,
}

fn generate() -> Data {
    let slopes: Vec<f64> = (0..COLUMNS).map(|j| normal(31, j) * 0.4).collect();
    let (mut sides, mut labels) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for i in 0..ROWS {
        let row: Vec<f64> = (0..COLUMNS).map(|j| normal(21, i * COLUMNS + j)).collect();
        let linear: f64 = row.iter().zip(&slopes).map(|(x, w)| x * w).sum();
        let z = linear + 0.5 * row[0] * row[1] - 0.3 * row[2] * row[2] + 0.3;
        let side = usize::from(i % 5 == 0);
        sides[side].extend_from_slice(&row);
        labels[side].push(uniform(41, i) < sigmoid(z));
    }
    let [train, test] = sides.map(|values| {
        Array2::from_shape_vec((values.len() / COLUMNS, COLUMNS), values).expect("every row has all columns")
    });
    let [train_labels, test_labels] = labels;
    Data { train, train_labels: train_labels.into(), test, test_labels }
}

/// CPU seconds of this process: the kernel keeps nanoseconds of each thread.
fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = |path: std::path::PathBuf| -> Option<f64> {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
    };
    threads.filter_map(|thread| nanos(thread.path())).sum::<f64>() * 1e-9
}

/// The figures of the peer; none (said) where it is not installed.
fn peer() -> Vec<Value> {
    let script = Path::new(".").join("../shared/peers/models_sklearn.py");
    let ran = Command::new("python3").arg(&script).arg("logistic").output();
    let told = ran.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let Some(told) = told else {
        eprintln!("no peer: python3 with scikit-learn, or {}, is absent (pip install scikit-learn)", script.display());
        return Vec::new();
    };
    String::from_utf8_lossy(&told).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn report(peer: &[Value], case: &str, rows: usize, seconds: f64) {
    let ours = rows as f64 / seconds;
    let mut line =
        json!({"bench": "clients", "case": case, "metric": "rows_per_cpu_second", "value": ours, "unit": "1/s"});
    if let Some(theirs) = peer.iter().find(|figure| figure["case"] == case).and_then(|figure| figure["value"].as_f64())
    {
        line["peer"] = json!("scikit-learn");
        line["peer_value"] = json!(theirs);
        line["ratio"] = json!(ours / theirs);
    }
    println!("{line}");
}

/// Fits, scores, and says how fast and how well.
pub fn run() {
    let data = generate();
    let peer = peer();
    let before = cpu_seconds();
    let dataset = DatasetBase::new(data.train.view(), data.train_labels.view());
    let model = LogisticParams::new().fit(&dataset).expect("the data are good");
    let fitted = cpu_seconds();
    let scores: Array1<f64> = model.predict(&data.test);
    let scored = cpu_seconds();
    report(&peer, "logistic 800kx30", data.train.nrows(), fitted - before);
    report(&peer, "logistic predict 200kx30", data.test.nrows(), scored - fitted);
    let auc = evaluation::auc(&data.test_labels, scores.as_slice().expect("one row of numbers")).unwrap_or(f64::NAN);
    super::line("logistic 800kx30", "auc", auc, "1");
}
