//! DuckDB in a process of its own, asked by lines of JSON.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::json;
use vizavi::clock::Timestamp;
use vizavi::history::{FactType, Kind, facts};

/// Families that use functions of our own, in the form that suits the peer best.
pub const SPECIAL: [(&str, &str); 2] = [
    ("inter_purchase.sql", include_str!("duckdb/inter_purchase.sql")),
    ("purchase_trend.sql", include_str!("duckdb/purchase_trend.sql")),
];

const MIX_ENTROPY: &str = "CREATE MACRO mix_entropy(x) AS greatest(0.0, ln(sum(x) FILTER (x > 0)) \
    - (sum(x * ln(x)) FILTER (x > 0)) / (sum(x) FILTER (x > 0)))";

/// What a query took and answered.
#[derive(Deserialize)]
pub struct Answer {
    pub seconds: f64,
    pub cpu: f64,
    pub rows: usize,
    pub sums: BTreeMap<String, f64>,
    pub peak_mib: f64,
    pub version: String,
}

/// The running peer.
pub struct Peer {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts DuckDB with the fact types' files as views; none, saying so, where Python or DuckDB is absent.
    pub fn start(threads: usize, history: &Path) -> Option<Peer> {
        let present = Command::new("python3").args(["-c", "import duckdb, pyarrow"]).stderr(Stdio::null()).status();
        if !present.is_ok_and(|status| status.success()) {
            eprintln!("no peer: python3 with duckdb and pyarrow is absent (pip install duckdb pyarrow)");
            return None;
        }
        let script = Path::new(".").join("benches/history/duckdb/peer.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(threads.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 starts");
        let (ask, answer) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut peer = Peer { child, ask, answer: BufReader::new(answer) };
        peer.request(&json!({"do": MIX_ENTROPY}));
        for fact_type in facts::ALL {
            peer.request(&json!({"do": view(fact_type, &history.join(fact_type.name))}));
        }
        Some(peer)
    }

    /// Measures a query.
    pub fn run(&mut self, sql: &str) -> Answer {
        serde_json::from_value(self.request(&json!({"run": sql}))).expect("an answer")
    }

    fn request(&mut self, request: &serde_json::Value) -> serde_json::Value {
        writeln!(self.ask, "{request}").expect("the peer listens");
        let mut line = String::new();
        self.answer.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the peer failed on: {:.200}", request.to_string()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends with its input; kill() only makes sure.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A fact type as the peer sees it: its files, or an empty table of the same columns.
fn view(fact_type: &FactType, folder: &Path) -> String {
    let any = std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    if any {
        return format!(
            "CREATE VIEW {} AS SELECT * FROM read_parquet('{}/*.parquet')",
            fact_type.name,
            folder.display()
        );
    }
    let columns = fact_type.columns.iter().map(|column| {
        let kind = match column.kind {
            Kind::Int | Kind::Money => "BIGINT",
            Kind::Time => "TIMESTAMPTZ",
            Kind::Float => "DOUBLE",
            Kind::Text | Kind::Json => "VARCHAR",
        };
        format!(", \"{}\" {kind}", column.name)
    });
    let columns: String = columns.collect();
    format!("CREATE TABLE {} (customer_id BIGINT, occurred_at TIMESTAMPTZ{columns})", fact_type.name)
}

/// A query as DuckDB says it: only instants are written otherwise.
pub fn dialect(sql: &str, as_of: Timestamp) -> String {
    let ours = format!("arrow_cast({}, 'Timestamp(Microsecond, Some(\"UTC\"))')", as_of.0);
    sql.replace(&ours, &format!("make_timestamptz({}::BIGINT)", as_of.0))
        .replace("arrow_cast(", "epoch_us(")
        .replace(", 'Int64')", ")")
}
