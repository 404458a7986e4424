//! Everything trained and scored: all models, all serving rows, and the reports on profit and equity, for a company that is
//! imported before the clock starts. `--lines 10000000` is a million customers.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use vizavi::clock::{ManualClock, Timestamp};
use vizavi::operations::Workspace;
use vizavi::operations::score::score;
use vizavi::operations::train::train;
use vizavi::progress::Silent;
use vizavi::reports::profit::kept;

use crate::{Options, company, figure};

const SECONDS: f64 = 120.0;
const MIB: f64 = 4_096.0;

/// Trains, scores and reports once, from one process.
pub fn run(options: &Options) {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    company::imported(&folder, options.lines);
    let clock = Arc::new(ManualClock::new(Timestamp(company::AS_OF * 1_000_000)));
    let ws = Workspace::open(&folder.join("data"), None, clock, Default::default()).expect("opens");
    figure::forget_peak();
    let case = format!("everything lines={} customers={}", options.lines, options.lines / 10);
    let mut whole = 0.0;
    let mut part = |metric: &str, work: &mut dyn FnMut()| {
        let started = Instant::now();
        work();
        let seconds = started.elapsed().as_secs_f64();
        whole += seconds;
        figure::print(&case, metric, seconds, "s", json!({"peak_mib": figure::peak_mib()}));
    };
    part("train_seconds", &mut || {
        for trained in train(&ws, &[], &Silent).expect("trains") {
            eprintln!("{}: serves {}, {:?}", trained.name, trained.serves, trained.reasons);
        }
    });
    part("score_seconds", &mut || {
        let scored = score(&ws, &Silent).expect("scores");
        eprintln!("{} customers, {} scored", scored.customers, scored.scored);
    });
    part("report_seconds", &mut || kept::refresh(&ws, &Silent).expect("reports"));
    figure::print(&case, "seconds", whole, "s", json!({"limit": SECONDS, "cpu_seconds": figure::cpu_seconds()}));
    figure::print(&case, "peak_mib", figure::peak_mib(), "MiB", json!({"limit": MIB}));
}
