//! How fast history is kept and read, one JSON line a figure: `cargo bench --bench history -- [CASE...] [--lines N] [--kills N] [--folder DIR] [--json]`.
//!
//! Each case is a file of its name. Without a case all are run.

#![allow(clippy::print_stdout)] // its lines are its result

#[allow(dead_code, reason = "a case takes what it needs")]
mod company;
mod crash;
mod everything;
mod features;
#[path = "../support/figure.rs"]
#[allow(dead_code, reason = "a case takes what it needs")]
mod figure;
#[path = "../support/http.rs"]
mod http;
mod import;
mod ingest;
mod peer;
#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../tests/suite/support/postgres.rs"]
mod postgres;
#[path = "../support/process.rs"]
mod process;
mod segments;

use std::path::PathBuf;

/// A case and what runs it.
type Case = (&'static str, fn(&Options));

const CASES: &[Case] = &[
    ("import", import::run),
    ("features", features::run),
    ("segments", segments::run),
    ("ingest", ingest::run),
    ("crash", crash::run),
    ("everything", everything::run),
];

/// How large.
pub struct Options {
    /// Order lines; a tenth as many customers.
    pub lines: u64,
    /// Kills on each store.
    pub kills: u64,
    /// Where made and imported data stay for the next time; a temporary folder when there is none.
    pub folder: Option<PathBuf>,
}

fn main() {
    let mut options = Options { lines: 10_000_000, kills: 100, folder: None };
    let mut wanted = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--lines" => options.lines = arguments.next().and_then(|n| n.parse().ok()).expect("--lines takes a number"),
            "--kills" => options.kills = arguments.next().and_then(|n| n.parse().ok()).expect("--kills takes a number"),
            "--folder" => options.folder = Some(arguments.next().expect("--folder takes a folder").into()),
            "--json" | "--bench" => {}
            case => wanted.push(case.to_owned()),
        }
    }
    for (name, run) in CASES {
        if wanted.is_empty() || wanted.iter().any(|case| case == name) {
            run(&options);
        }
    }
}
