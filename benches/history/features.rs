//! Features of every customer, against DuckDB on the same Parquet files with the same SQL and as many threads.
//!
//! The whole is one row per customer with all features. DuckDB gets it as one query in which views and families are common
//! table expressions, joined by customer. A family alone is measured with the views that it reads, on both sides. Runs of the
//! two alternate, and what they answer must be equal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use vizavi::clock::{SystemClock, Timestamp};
use vizavi::features::{Catalogue, FeatureMatrix, matrix};
use vizavi::operations::Workspace;

use crate::peer::{Answer, Peer};
use crate::{Options, company, figure};

/// Runs of each side; the median counts.
const RUNS: usize = 5;
/// Most wall time, of the peer's.
const LIMIT: f64 = 1.0;
/// Most that a line may cost more, or less, at a million lines than at three.
const LIMIT_PER_LINE: f64 = 1.2;

/// Runs the case.
pub fn run(options: &Options) {
    let whole: Vec<f64> = [1_000_000, 3_000_000].into_iter().map(|lines| measure(lines, options, false)).collect();
    let per_line = whole[0] * 3.0 / whole[1];
    let limit = json!({"limit": LIMIT_PER_LINE});
    figure::print("features linear", "time per line at 1 M over that at 3 M lines", per_line, "ratio", limit);
    measure(options.lines, options, true);
}

/// Seconds for the whole.
fn measure(lines: u64, options: &Options, with_families: bool) -> f64 {
    let temporary = tempfile::tempdir().expect("a folder");
    let kept = options.folder.as_ref().map(|folder| folder.join(format!("features-{lines}")));
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    company::imported(&folder, lines);
    let ws = Workspace::open(&folder.join("data"), None, Arc::new(SystemClock), Default::default()).expect("opens");
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut bench = Bench { peer: Peer::start(threads, &history(&folder)), ws, lines };
    let seconds = bench.compare("whole", &[]);
    if with_families {
        let families: Vec<String> = bench.ws.features().families().iter().map(|family| family.name.clone()).collect();
        for family in &families {
            bench.compare(family, &[family]);
        }
    }
    seconds
}

fn history(folder: &Path) -> PathBuf {
    folder.join("data/history")
}

struct Bench {
    ws: Workspace,
    /// None where Python or DuckDB is absent.
    peer: Option<Peer>,
    lines: u64,
}

impl Bench {
    /// Measures both sides in turn, checks that they agree, and prints; our median.
    fn compare(&mut self, case: &str, wanted: &[&str]) -> f64 {
        let as_of = Timestamp(company::AS_OF * 1_000_000);
        let sql = joined(self.ws.features(), wanted, as_of, self.ws.settings());
        let (mut ours, mut theirs, mut cpu): (Vec<f64>, Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new(), Vec::new());
        let mut answer = None;
        // The first of each only warms up: files come from the cache of the system for both.
        for run in 0..=RUNS {
            let (started, cpu_before) = (Instant::now(), figure::cpu_seconds());
            let made =
                matrix(self.ws.history(), as_of, self.ws.features(), wanted, self.ws.settings()).expect("features");
            let (seconds, spent) = (started.elapsed().as_secs_f64(), figure::cpu_seconds() - cpu_before);
            let other = self.peer.as_mut().map(|peer| peer.run(&sql));
            if let Some(other) = &other {
                agree(case, &made, other);
            }
            if run > 0 {
                ours.push(seconds);
                cpu.push(spent);
                theirs.extend(other.as_ref().map(|other| other.seconds));
            }
            answer = other;
        }
        let (ours, theirs, cpu) = (median(&mut ours), median(&mut theirs), median(&mut cpu));
        let case = format!("features {case} lines={}", self.lines);
        let mut more = json!({"cpu_seconds": cpu, "peak_mib": figure::peak_mib()});
        if let Some(answer) = answer {
            more["peer"] = json!(format!("duckdb {}", answer.version));
            more["peer_value"] = json!(theirs);
            more["peer_cpu_seconds"] = json!(answer.cpu);
            more["peer_peak_mib"] = json!(answer.peak_mib);
            figure::print(&case, "ratio", ours / theirs, "of the peer's", json!({"limit": LIMIT}));
        }
        figure::print(&case, "seconds", ours, "s", more);
        ours
    }
}

/// The families as one query of common table expressions, in the peer's dialect: a row per customer with a purchase.
fn joined(catalogue: &Catalogue, wanted: &[&str], as_of: Timestamp, settings: &vizavi::settings::Settings) -> String {
    let chosen = catalogue.choose(wanted).expect("known families");
    let dialect = |sql: String| crate::peer::dialect(&sql, as_of);
    let views = catalogue.views_for(chosen.iter().map(|(family, _)| family.sql.as_str()));
    let mut tables: Vec<String> =
        views.iter().map(|view| format!("{} AS ({})", view.name, dialect(view.query(as_of, settings)))).collect();
    let (mut columns, mut joins) = (String::new(), String::new());
    for (family, features) in &chosen {
        let name = format!("family_{}", family.name);
        let special = crate::peer::SPECIAL.iter().find(|(file, _)| *file == family.file);
        let sql = match special {
            Some((_, sql)) => family.with_sql(sql).query(as_of, settings),
            None => family.query(as_of, settings),
        };
        tables.push(format!("{name} AS ({})", dialect(sql)));
        joins.push_str(&format!(" LEFT JOIN {name} ON base.customer_id = {name}.customer_id"));
        features.iter().for_each(|feature| columns.push_str(&format!(", {name}.{}", feature.name)));
    }
    format!(
        "WITH {} SELECT base.customer_id{columns} FROM (SELECT DISTINCT customer_id FROM order_item) base{joins}",
        tables.join(", ")
    )
}

/// Stops the bench when the two engines do not answer the same.
fn agree(case: &str, ours: &FeatureMatrix, theirs: &Answer) {
    assert_eq!(ours.customers.len(), theirs.rows, "{case}: customers");
    for (name, &theirs) in &theirs.sums {
        let column = ours.column(name).unwrap_or_else(|| panic!("{case}: no feature {name}"));
        let weighted = ours.customers.iter().zip(column).map(|(customer, value)| value * (customer.0 % 1009) as f64);
        let sum: f64 = weighted.sum();
        assert!(
            (sum - theirs).abs() <= 1e-9 * (sum.abs() + 1.0),
            "{case}: {name} sums to {sum} here, to {theirs} there"
        );
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
