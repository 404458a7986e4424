//! Experiments: `cargo bench --bench experiments -- [statistics] [simulated] [history] [--customers N] [--lines N] [--folder DIR]`.
//!
//! `statistics` is microseconds per statistic; `simulated` whether they keep what they promise, on data whose truth is known;
//! `history` the time from a million assigned customers and their facts to the results of four arms by twenty numbers. Without a
//! case: all but `history`, which imports a company first (kept in `--folder`).

#![allow(clippy::print_stdout)] // its lines are its result

#[path = "../history/company.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod company;
#[path = "../support/figure.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod figure;
mod history;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "a bench takes what it needs")]
mod process;
mod simulated;
mod statistics;

fn main() {
    let mut cases = Vec::new();
    let mut options = history::Options { customers: 1_000_000, lines: 10_000_000, folder: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--customers" => options.customers = number(arguments.next()),
            "--lines" => options.lines = number(arguments.next()),
            "--folder" => options.folder = arguments.next().map(Into::into),
            "statistics" | "simulated" | "history" => cases.push(argument),
            _ => {}
        }
    }
    let asked = |case: &str| cases.iter().any(|asked| asked == case);
    if cases.is_empty() || asked("statistics") {
        statistics::all();
    }
    if cases.is_empty() || asked("simulated") {
        simulated::all();
    }
    if asked("history") {
        history::analyse(&options);
    }
}

fn number(text: Option<String>) -> u64 {
    text.and_then(|text| text.parse().ok()).expect("a number")
}
