//! A figure as a JSON line, and what the process has used so far.

use serde_json::{Value, json};

/// Prints a figure; `more` adds keys: `limit`, `peer`, `peer_value`, `peak_mib`.
pub fn print(case: &str, metric: &str, value: f64, unit: &str, more: Value) {
    let mut line =
        json!({"bench": env!("CARGO_CRATE_NAME"), "case": case, "metric": metric, "value": value, "unit": unit});
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    println!("{line}");
}

/// Processor seconds of this process, in user and kernel mode, over all threads.
pub fn cpu_seconds() -> f64 {
    cpu_seconds_of(std::process::id())
}

/// The same of another process.
pub fn cpu_seconds_of(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux tells");
    let after = stat.rsplit(") ").next().expect("fields after the name");
    let ticks: f64 = after.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().expect("ticks")).sum();
    ticks / 100.0
}

/// The most memory this process has held so far, in MiB.
pub fn peak_mib() -> f64 {
    peak_mib_of(std::process::id())
}

/// The same of another process.
pub fn peak_mib_of(process: u32) -> f64 {
    mib_of(process, "VmHWM:")
}

/// What this process holds now of its own, without pages of files, in MiB.
pub fn own_mib() -> f64 {
    mib_of(std::process::id(), "RssAnon:")
}

fn mib_of(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with(name)).expect("Linux tells");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1024.0
}

/// Begins the count of [`peak_mib`] anew, where the kernel allows it.
pub fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}
