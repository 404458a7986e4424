//! Import: order lines from CSV to sealed segments, all in.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use vizavi::clock::SystemClock;
use vizavi::history::facts::ORDER_ITEM;
use vizavi::operations::import::{Import, import};
use vizavi::operations::{Options, Workspace};
use vizavi::progress::Silent;

use crate::{company, figure};

/// Processor seconds for ten million lines; less for fewer, in proportion.
const LIMIT: f64 = 25.0;

/// Imports a tenth, three tenths and the whole: time per line and memory must not grow with the file.
pub fn run(options: &crate::Options) {
    for lines in [options.lines / 10, options.lines * 3 / 10, options.lines] {
        one(lines.max(1));
    }
}

fn one(lines: u64) {
    let folder = tempfile::tempdir_in(std::env::var("VIZAVI_BENCH_DIR").unwrap_or(".".into())).expect("a folder");
    let file = folder.path().join("orders.csv");
    company::orders(&file, lines, (lines / 10).max(1)).expect("the file is written");
    let data = folder.path().join("data");
    let ws = Workspace::open(&data, None, Arc::new(SystemClock), Options::default()).expect("a workspace");
    let what =
        Import { kind: "orders".into(), file: file.clone(), mapping: None, dry_run: false, again: false, sorted: None };
    figure::forget_peak();
    let (began, used) = (Instant::now(), figure::cpu_seconds());
    let report = import(&ws, ws.history(), &what, &Silent).expect("the import succeeds");
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), figure::cpu_seconds() - used);
    assert_eq!((report.accepted, report.rejected, report.duplicates["orders"]), (lines, 0, 0));
    let segments = ws.history().segments(&ORDER_ITEM).expect("the segments");
    let bytes: i64 = segments.iter().map(|segment| segment.byte_count).sum();
    let case = format!("import_{lines}");
    let more = json!({
        "limit": LIMIT * lines as f64 / 1e7, "peak_mib": figure::peak_mib().round(), "wall_seconds": seconds,
        "lines_per_second": (lines as f64 / seconds).round(),
        "csv_bytes_per_line": std::fs::metadata(&file).map_or(0.0, |data| data.len() as f64 / lines as f64),
        "sealed_bytes_per_line": bytes as f64 / lines as f64,
    });
    figure::print(&case, "cpu_seconds", cpu, "s", more);
}
